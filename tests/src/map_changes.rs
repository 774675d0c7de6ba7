//! M1, and what else every map has to do: what its watchers are told, in which order.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use event_core::prelude::*;
use event_map::{Change, MemoryMap, WatchMap};

use crate::runtime::Runtime;

/// Maps that are kept somewhere.
///
/// Changing is asynchronous here since not every place can do it at once.
pub trait MapBackend: 'static {
    /// A map of this backend.
    type Map: WatchMap<Key = String, Value = u64, Watcher = Self::Watcher, Snapshots = Self::Snapshots>
        + Send
        + Sync
        + 'static;
    /// Its watcher.
    type Watcher: Watcher<Item = Change<String, u64>> + Send + 'static;
    /// Its watcher of states.
    type Snapshots: Watcher<Item = event_map::MapSnapshot<String, u64>> + Send + 'static;
    /// How often a test that goes round in circles should do so.
    const ROUNDS: u64;

    /// A new map without keys.
    fn create() -> impl Future<Output = Self::Map> + Send;

    /// Inserts or sets; done when every new get sees it.
    fn insert(map: &Self::Map, key: &str, data: u64) -> impl Future<Output = ()> + Send;

    /// Removes; done when every new get sees it.
    fn remove(map: &Self::Map, key: &str) -> impl Future<Output = ()> + Send;
}

/// Maps kept in this process.
#[derive(Debug)]
pub struct MemoryMaps;

impl MapBackend for MemoryMaps {
    type Map = MemoryMap<String, u64>;
    type Watcher = event_map::MapWatcher<String, u64>;
    type Snapshots = event_map::SnapshotWatcher<String, u64>;
    const ROUNDS: u64 = 2_000;

    async fn create() -> MemoryMap<String, u64> {
        MemoryMap::new()
    }

    async fn insert(map: &MemoryMap<String, u64>, key: &str, data: u64) {
        map.insert(key.into(), data);
    }

    async fn remove(map: &MemoryMap<String, u64>, key: &str) {
        map.remove(key);
    }
}

fn inserted(key: &str, data: u64) -> Change<String, u64> {
    Change::inserted(key.into(), data)
}

fn removed(key: &str) -> Change<String, u64> {
    Change::removed(key.into())
}

/// All that the watcher has not had.
async fn backlog<W: Watcher>(watcher: &mut W) -> Vec<W::Item> {
    let mut items = Vec::new();
    loop {
        match watcher.get().backlog_only().await {
            Ok(item) => items.push(item),
            Err(error) => {
                assert!(error.is_backlog_done() || error.is_closed(), "{error}");
                return items;
            }
        }
    }
}

/// Whether the future is still pending when it has been polled once.
async fn is_pending(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// The first gets return the keys that are there, in their order and one each; the next one waits.
pub async fn m_the_list_comes_first_in_the_order_of_keys<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    for (key, data) in [("c", 3), ("a", 1), ("b", 2)] {
        B::insert(&map, key, data).await;
    }
    let mut watcher = map.watch();
    for (key, data) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(watcher.get().await.unwrap(), inserted(key, data));
    }
    assert!(is_pending(watcher.get()).await);
    B::insert(&map, "d", 4).await;
    assert_eq!(watcher.get().await.unwrap(), inserted("d", 4));
}

/// A watcher that has looked is told in the order in which keys first changed since, and of each the newest.
pub async fn m_keys_come_in_the_order_in_which_they_first_changed<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    let mut watcher = map.watch();
    assert!(is_pending(watcher.get()).await);
    for (key, data) in [("c", 1), ("a", 1), ("c", 2), ("b", 1), ("a", 2)] {
        B::insert(&map, key, data).await;
    }
    assert_eq!(backlog(&mut watcher).await, [inserted("c", 2), inserted("a", 2), inserted("b", 1)]);
}

/// A key keeps its place until its turn comes, so one that always changes keeps no other one waiting.
pub async fn m_keys_that_always_change_keep_no_other_waiting<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    let mut watcher = map.watch();
    assert!(is_pending(watcher.get()).await);
    let mut told = BTreeMap::new();
    for round in 1..=30 {
        for key in ["a", "b", "c"] {
            B::insert(&map, key, round).await;
        }
        let change = watcher.get().await.unwrap();
        assert_eq!(change.value, Some(round), "the newest");
        *told.entry(change.key).or_insert(0) += 1;
    }
    assert!(told.len() == 3 && told.values().all(|times| *times == 10), "{told:?}");
}

/// A removal is told to those who were told of the key.
pub async fn m1_a_removal_is_told_to_those_who_were_told_of_the_key<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    for key in ["a", "b"] {
        B::insert(&map, key, 1).await;
    }
    let mut watcher = map.watch();
    assert_eq!(watcher.get().await.unwrap(), inserted("a", 1));
    B::remove(&map, "a").await;
    B::remove(&map, "b").await;
    assert_eq!(backlog(&mut watcher).await, [removed("a")]);
    // It came and went.
    B::insert(&map, "c", 1).await;
    B::remove(&map, "c").await;
    assert_eq!(backlog(&mut watcher).await, []);
    assert_eq!(backlog(&mut map.watch()).await, []);
}

/// A key that was removed and inserted again is told once, with its newest data.
pub async fn m1_a_key_that_was_removed_and_inserted_again_is_told_once<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    B::insert(&map, "a", 1).await;
    let mut watcher = map.watch();
    assert_eq!(backlog(&mut watcher).await, [inserted("a", 1)]);
    B::remove(&map, "a").await;
    B::insert(&map, "b", 1).await;
    B::insert(&map, "a", 2).await;
    assert_eq!(backlog(&mut watcher).await, [inserted("a", 2), inserted("b", 1)]);
    B::remove(&map, "a").await;
    B::insert(&map, "a", 3).await;
    B::remove(&map, "a").await;
    assert_eq!(backlog(&mut watcher).await, [removed("a")]);
}

/// A cancelled get consumes nothing; one that is filtered consumes what it rejected.
pub async fn w5_a_cancelled_get_of_a_map_consumes_nothing<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    for (key, data) in [("a", 1), ("b", 2), ("c", 3)] {
        B::insert(&map, key, data).await;
    }
    let mut watcher = map.watch();
    assert!(watcher.get().until(async {}).await.unwrap_err().is_cancelled());
    drop(watcher.get());
    assert_eq!(watcher.get().filter(|change| change.value == Some(2)).await.unwrap(), inserted("b", 2));
    for _ in 0..100 {
        assert!(is_pending(watcher.get().filter(|_| false)).await);
    }
    assert_eq!(backlog(&mut watcher).await, []);
    // What was rejected counts as told.
    B::remove(&map, "a").await;
    assert_eq!(watcher.get().await.unwrap(), removed("a"));
}

/// Whole states: the current one, and then always the newest.
pub async fn w1_snapshots_are_the_newest_states<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    B::insert(&map, "a", 1).await;
    let mut snapshots = map.watch_snapshots();
    assert_eq!(snapshots.get().await.unwrap().get("a"), Some(&1));
    assert!(is_pending(snapshots.get()).await);
    for data in 2..=5 {
        B::insert(&map, "a", data).await;
        B::insert(&map, "b", data).await;
    }
    let newest = snapshots.get().await.unwrap();
    assert_eq!(newest, map.snapshot());
    let expected = [("a", 5), ("b", 5)].map(|(key, data)| (key.to_owned(), data));
    assert!(newest.iter().map(|(key, data)| (key.clone(), *data)).eq(expected));
    assert!(is_pending(snapshots.get()).await);
    B::remove(&map, "b").await;
    let gone = snapshots.get().filter(|snapshot| snapshot.len() == 1).await.unwrap();
    assert!(gone.since(&newest).eq([Change::removed(&"b".to_owned())]));
}

/// Two tasks that do nothing unless woken by each other's changes. A lost wake-up hangs.
pub async fn w2_no_wake_up_of_a_map_is_lost_between_two_tasks<R: Runtime, B: MapBackend>() {
    let (ping, pong) = (Arc::new(B::create().await), Arc::new(B::create().await));
    let key = |n: u64| ["a", "b", "c"][n as usize % 3];
    let other = {
        let (mut pings, pong) = (ping.watch(), Arc::clone(&pong));
        R::spawn(async move {
            for n in 1..=B::ROUNDS {
                assert_eq!(pings.get().await.unwrap(), inserted(key(n), n));
                B::insert(&pong, key(n), n).await;
            }
        })
    };
    let mut pongs = pong.watch();
    for n in 1..=B::ROUNDS {
        B::insert(&ping, key(n), n).await;
        assert_eq!(pongs.get().await.unwrap(), inserted(key(n), n));
    }
    other.await;
}

/// A pipe whose channel is full holds back a key, and replaces it by no other one.
pub async fn m1_whoever_holds_an_item_back_loses_no_key<R: Runtime, B: MapBackend>() {
    let map = B::create().await;
    assert!(!map.watch().supersedes(), "each item is about one of several keys");
    assert!(map.watch_snapshots().supersedes(), "each state makes those before it obsolete");
    for key in ["a", "b", "c"] {
        B::insert(&map, key, 1).await;
    }
    // `combine` and the like keep one item; `map` passes the rule on.
    let mut keys = map.watch().map(|change| change.key);
    assert!(!keys.supersedes());
    assert_eq!(backlog(&mut keys).await, ["a", "b", "c"]);
}
