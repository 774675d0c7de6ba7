//! M1 and M2 with many tasks: every watcher ends with the map, every snapshot is a state that it had.

use alloc::collections::BTreeMap;

use event_core::MemoryValue;
use event_core::prelude::*;
use event_map::{Change, MapSnapshot, MemoryMap};

use crate::runtime::Runtime;
use crate::seed::{Random, seed};

const WRITERS: u64 = 4;
const WATCHERS: u64 = 8;
const KEYS: u64 = 1_000;
const CHANGES: u64 = 4_000;

/// What each transaction keeps: keys come in pairs, whose data adds up to 0.
fn is_whole(snapshot: &MapSnapshot<u64, i64>) -> bool {
    snapshot.iter().all(|(key, data)| snapshot.get(&(key ^ 1)).is_some_and(|other| data + other == 0))
}

fn apply(replica: &mut BTreeMap<u64, i64>, change: Change<u64, i64>) {
    match change.value {
        Some(data) => _ = replica.insert(change.key, data),
        None => _ = replica.remove(&change.key),
    }
}

/// Writers insert, set and remove pairs. Watchers of all kinds, quick and slow, keep maps of their own.
pub async fn m1_m2_every_watcher_ends_with_the_map_and_every_snapshot_is_whole<R: Runtime>() {
    let random = Random::new(seed("writers and watchers of a map"));
    let map = MemoryMap::new();
    let watchers: Vec<_> = (0..WATCHERS)
        .map(|number| {
            let (map, mut random) = (map.reader(), random.stream(number));
            let half = number / 4 * (KEYS / 2);
            let mut watcher: Box<dyn Watcher<Item = Change<u64, i64>> + Send> = match number % 4 {
                0 | 1 => Box::new(map.watch()),
                2 => Box::new(map.watch_range(half..half + KEYS / 2)),
                _ => Box::new(map.watch().filter(|_| true)),
            };
            let bounds = if number % 4 == 2 { half..half + KEYS / 2 } else { 0..KEYS };
            R::spawn(async move {
                let mut replica = BTreeMap::new();
                while let Ok(change) = watcher.get().await {
                    assert!(bounds.contains(&change.key));
                    apply(&mut replica, change);
                    // Some are slow, and each is now and then.
                    if random.one_in(if number % 2 == 0 { 50 } else { 3 }) {
                        for _ in 0..random.below(20) {
                            R::yield_now().await;
                        }
                    }
                }
                (bounds, replica)
            })
        })
        .collect();
    let pictures: Vec<_> = (0..2)
        .map(|number| {
            let (mut snapshots, map) = (map.watch_snapshots(), map.reader());
            R::spawn(async move {
                let mut old = MapSnapshot::default();
                let mut replica = BTreeMap::new();
                let mut count = 0_u64;
                while let Ok(snapshot) = snapshots.get().await {
                    assert!(is_whole(&snapshot), "a state that the map never had");
                    // The other one reads the map beside its watcher, which may then return what it has read.
                    let is_newer = old.version() < snapshot.version() || count == 0;
                    assert!(is_newer || number != 0 && old.version() == snapshot.version(), "never older after newer");
                    for change in snapshot.since(&old) {
                        apply(&mut replica, Change { key: *change.key, value: change.value.copied() });
                    }
                    assert!(replica.iter().eq(snapshot.iter()), "what differs is all that differs");
                    count += 1;
                    old = if number == 0 { snapshot } else { map.snapshot() };
                    if number != 0 {
                        replica = old.iter().map(|(key, data)| (*key, *data)).collect();
                    }
                    R::yield_now().await;
                }
                count
            })
        })
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (map, mut random) = (map.clone(), random.stream(100 + number));
            R::spawn(async move {
                for _ in 0..CHANGES {
                    let (key, data) = (random.below(KEYS), random.below(1_000) as i64);
                    let remove = random.one_in(3);
                    map.transaction(|edit| {
                        if remove {
                            edit.remove(&key);
                            edit.remove(&(key ^ 1));
                        } else {
                            edit.insert(key, data);
                            edit.insert(key ^ 1, -data);
                        }
                    });
                    if random.one_in(20) {
                        R::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await;
    }
    let end: BTreeMap<_, _> = map.snapshot().iter().map(|(key, data)| (*key, *data)).collect();
    drop(map);
    for watcher in watchers {
        let (bounds, replica) = watcher.await;
        assert!(replica.iter().eq(end.range(bounds)), "whoever was told everything has the map");
    }
    for picture in pictures {
        assert!(picture.await > 0);
    }
}

/// Each writer counts up keys of its own and one of all. Nothing is lost to the others.
pub async fn m2_changes_of_several_writers_are_all_in_the_map<R: Runtime>() {
    let map = MemoryMap::from([(u64::MAX, 0)]);
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let map = map.clone();
            R::spawn(async move {
                for n in 1..=CHANGES {
                    map.insert(number, n);
                    assert!(map.update(&u64::MAX, |sum| *sum += 1));
                    if n % 16 == 0 {
                        R::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await;
    }
    assert_eq!(map.get(&u64::MAX), Some(WRITERS * CHANGES));
    assert!((0..WRITERS).all(|number| map.get(&number) == Some(CHANGES)));
}

/// Tasks that wait for a key each, and are woken by it alone; while others come and go, and the map is closed in the end.
pub async fn w2_watchers_of_single_keys_miss_nothing<R: Runtime>() {
    const ROUNDS: u64 = 500;
    let map = MemoryMap::new();
    let arrived = MemoryValue::with_value(0);
    let steady: Vec<_> = (0..WATCHERS)
        .map(|key| {
            let (mut watcher, arrived) = (map.watch_key(key), arrived.clone());
            R::spawn(async move {
                assert_eq!(watcher.get().await.unwrap(), None);
                arrived.update(|count| *count += 1);
                for n in 1..=ROUNDS {
                    assert_eq!(watcher.get().await.unwrap(), Some(n));
                    arrived.update(|count| *count += 1);
                }
                assert!(watcher.get().await.unwrap_err().is_closed());
            })
        })
        .collect();
    let restless: Vec<_> = (0..WATCHERS)
        .map(|key| {
            let map = map.reader();
            R::spawn(async move {
                while !map.is_closed() {
                    let mut watcher = map.watch_key(key);
                    let mut polls = 3;
                    let patience = core::future::poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        polls -= 1;
                        if polls == 0 { core::task::Poll::Ready(()) } else { core::task::Poll::Pending }
                    });
                    let mut patience = core::pin::pin!(patience);
                    while watcher.get().until(&mut patience).await.is_ok() {}
                    R::yield_now().await;
                }
            })
        })
        .collect();
    let mut arrivals = arrived.watch();
    drop(arrivals.wait_for(|count| *count == WATCHERS).await.unwrap());
    for n in 1..=ROUNDS {
        for key in 0..WATCHERS {
            map.insert(key, n);
        }
        // Everyone has to arrive before the next change could make up for a lost wake-up.
        drop(arrivals.wait_for(|count| *count == (n + 1) * WATCHERS).await.unwrap());
    }
    map.close();
    for task in steady {
        task.await;
    }
    for task in restless {
        task.await;
    }
}
