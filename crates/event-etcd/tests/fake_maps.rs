//! What a map makes of what is written, as it keeps no copy of that: on the cluster in memory, and a clock that goes on only while
//! everybody waits.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_etcd::test_util::FakeCluster;
use event_etcd::{BoxError, Bytes, Codec, EtcdMap, EtcdMapWatcher, EtcdValue, Status, Text};
use event_map::{Change, MapWatcher};
use tokio::time::timeout;

/// So long anything may take that is to happen at all, by the clock of the test.
const PATIENCE: Duration = Duration::from_secs(600);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(test);
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens")
}

/// Numbers with or without zeros before them, which it does not write.
#[derive(Clone, Default)]
struct Numbers {
    decoded: Arc<AtomicUsize>,
    encoded: Arc<AtomicUsize>,
    only_decodes: bool,
}

impl Codec<u64> for Numbers {
    fn encode(&self, item: &u64) -> Result<Vec<u8>, BoxError> {
        // Ordering: a counter.
        self.encoded.fetch_add(1, Ordering::Relaxed);
        assert!(!self.only_decodes, "on purpose");
        Text.encode(item)
    }

    fn decode(&self, bytes: &[u8]) -> Result<u64, BoxError> {
        // Ordering: a counter.
        self.decoded.fetch_add(1, Ordering::Relaxed);
        Text.decode(bytes)
    }
}

type Map = EtcdMap<u8, u64>;

async fn map(cluster: &FakeCluster, codec: &Numbers) -> (Map, EtcdMapWatcher<MapWatcher<u8, u64>>) {
    let map = EtcdMap::builder(&cluster.client()).prefix("m/").map(codec.clone()).build().expect("a prefix");
    soon(map.ready()).await.expect("the cluster answers");
    let watcher = map.watch();
    (map, watcher)
}

/// What the watcher has to return when the map has reached a revision.
async fn news(map: &Map, watcher: &mut EtcdMapWatcher<MapWatcher<u8, u64>>, revision: i64) -> Vec<Change<u8, u64>> {
    soon(map.reached(revision)).await.expect("the cluster answers");
    let mut changes = Vec::new();
    while let Ok(change) = watcher.get().backlog_only().await {
        changes.push(change);
    }
    changes
}

/// What is stored, none of it in the same way: as the codec writes it, otherwise, not to be decoded, and under keys that are not to
/// be decoded or are written otherwise.
const STORED: [(&str, &str); 5] = [("m/1", "1"), ("m/2", "002"), ("m/3", "three"), ("m/four", "4"), ("m/05", "5")];

fn put_all(cluster: &FakeCluster) -> i64 {
    STORED.map(|(key, text)| cluster.put(key, text))[STORED.len() - 1]
}

#[test]
fn what_is_written_again_as_it_was_is_no_change_however_it_is_written() {
    run(async {
        let (cluster, codec) = (FakeCluster::new(), Numbers::default());
        put_all(&cluster);
        let (map, mut watcher) = map(&cluster, &codec).await;
        let all = [Change::inserted(1, 1), Change::inserted(2, 2)];
        assert_eq!(news(&map, &mut watcher, 0).await, all);
        let mut failures = map.failures().watch();
        while failures.get().backlog_only().await.is_ok() {}
        assert_eq!(map.failures().len(), 3);
        // Ordering: a counter.
        let decoded = codec.decoded.load(Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(news(&map, &mut watcher, put_all(&cluster)).await, []);
        }
        // Deleted and stored again, of which the map learns at the same time.
        cluster.disconnect();
        cluster.delete("m/1");
        cluster.delete("m/2");
        assert_eq!(news(&map, &mut watcher, put_all(&cluster)).await, []);
        assert!(failures.get().backlog_only().await.is_err(), "nor is it another failure");
        assert_eq!(codec.decoded.load(Ordering::Relaxed), decoded, "so it is not decoded either");

        // Other bytes are a change, also if they say the same.
        let (one, two) = (cluster.put("m/1", "01"), cluster.put("m/2", "2"));
        assert!(one < two);
        assert_eq!(news(&map, &mut watcher, two).await, all);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/2", "2")).await, []);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/1", "01")).await, []);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/3", "3")).await, [Change::inserted(3, 3)]);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/1", "one")).await, [Change::removed(1)]);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/1", "1")).await, [Change::inserted(1, 1)]);
        // What was under a key that was deleted does not count.
        assert_eq!(news(&map, &mut watcher, cluster.put("m/2", "02")).await, [Change::inserted(2, 2)]);
        assert_eq!(news(&map, &mut watcher, cluster.delete("m/2")).await, [Change::removed(2)]);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/2", "02")).await, [Change::inserted(2, 2)]);
    });
}

#[test]
fn a_list_of_everything_changes_what_differs() {
    run(async {
        let (cluster, codec) = (FakeCluster::new(), Numbers::default());
        put_all(&cluster);
        cluster.put("m/6", "6");
        let (map, mut watcher) = map(&cluster, &codec).await;
        assert_eq!(news(&map, &mut watcher, 0).await.len(), 3);
        let decoded = codec.decoded.load(Ordering::Relaxed);
        // Of this it learns by a list, since the revisions are gone by which it happened.
        cluster.disconnect();
        put_all(&cluster);
        for key in ["m/1", "m/3", "m/four"] {
            cluster.delete(key);
        }
        cluster.put("m/6", "7");
        let last = cluster.put("m/0", "0");
        cluster.compact();
        let changes = [Change::inserted(0, 0), Change::inserted(6, 7), Change::removed(1)];
        assert_eq!(news(&map, &mut watcher, last).await, changes);
        assert_eq!(
            map.snapshot().iter().map(|(key, item)| (*key, *item)).collect::<Vec<_>>(),
            [(0, 0), (2, 2), (6, 7)]
        );
        assert_eq!(map.failures().snapshot().keys().collect::<Vec<_>>(), [b"m/05"]);
        // Ordering: a counter.
        assert_eq!(codec.decoded.load(Ordering::Relaxed), decoded + 2);
        // It still knows what it knew of the others.
        assert_eq!(news(&map, &mut watcher, cluster.put("m/2", "002")).await, []);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/3", "three")).await, []);
        assert_eq!(map.failures().len(), 2);
    });
}

#[test]
fn a_codec_that_only_decodes_is_asked_once_whether_it_would_write_the_same() {
    run(async {
        let (cluster, codec) = (FakeCluster::new(), Numbers { only_decodes: true, ..Numbers::default() });
        put_all(&cluster);
        let (map, mut watcher) = map(&cluster, &codec).await;
        assert_eq!(news(&map, &mut watcher, 0).await, [Change::inserted(1, 1), Change::inserted(2, 2)]);
        assert_eq!(news(&map, &mut watcher, put_all(&cluster)).await, []);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/1", "2")).await, [Change::inserted(1, 2)]);
        assert_eq!(news(&map, &mut watcher, cluster.put("m/1", "2")).await, []);
        // Ordering: a counter.
        assert_eq!(codec.encoded.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn maps_and_watchers_that_come_later_have_everything() {
    run(async {
        let (cluster, codec) = (FakeCluster::new(), Numbers::default());
        put_all(&cluster);
        let client = cluster.client();
        let numbers: Map = EtcdMap::builder(&client).prefix("m/").map(codec).build().expect("a prefix");
        soon(numbers.ready()).await.expect("the cluster answers");
        let revision = cluster.put("m/1", "11");
        let texts: EtcdMap<String, Vec<u8>> =
            EtcdMap::builder(&client).prefix("m/").map(Bytes).build().expect("a prefix");
        soon(texts.reached(revision)).await.expect("the cluster answers");
        assert_eq!((texts.len(), texts.get("1").as_deref()), (5, Some(&b"11"[..])));

        let value = EtcdValue::<String>::builder(&client).prefix("m/").codec(Text).build().expect("a prefix");
        for _ in 0..2 {
            let mut watcher = value.watch();
            let mut items = Vec::new();
            while let Ok(item) = soon(watcher.get().backlog_only()).await {
                items.push(item.expect("nothing is deleted"));
            }
            assert_eq!(items, ["5", "11", "002", "three", "4"]);
            // The last watcher goes, and with it what it needed; the maps go on, and so can others.
        }
        let revision = cluster.delete("m/1");
        for map in [soon(texts.reached(revision)).await, soon(numbers.reached(revision)).await] {
            map.expect("the cluster answers");
        }
        assert_eq!((texts.len(), numbers.len()), (4, 1));
    });
}

#[test]
fn the_status_of_a_map_is_that_it_is_in_sync_up_to_what_it_has() {
    run(async {
        let (cluster, codec) = (FakeCluster::new(), Numbers::default());
        put_all(&cluster);
        let (map, _) = map(&cluster, &codec).await;
        let mut status = map.status().watch();
        let mut in_sync = async |revision| {
            soon(status.get().filter(|status| *status == Status::Synced { revision }))
                .await
                .expect("the client is there");
        };
        for text in ["1", "2", "3"] {
            let revision = cluster.put("m/1", text);
            in_sync(revision).await;
            assert_eq!(map.revision(), revision);
        }
        cluster.disconnect();
        let revision = cluster.put("m/1", "4");
        in_sync(revision).await;
        // One that joins a range that is in sync.
        let other: EtcdMap<Vec<u8>, Vec<u8>> =
            EtcdMap::builder(&cluster.client()).prefix("m/").map_with(Bytes, Bytes).build().expect("a prefix");
        let mut status = other.status().watch();
        soon(status.get().filter(Status::is_synced)).await.expect("the client is there");
        assert_eq!(other.len(), 5);
    });
}
