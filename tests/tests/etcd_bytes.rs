//! What a range costs on the heap of the process that follows it: bytes per key, beside a map in memory with the same keys.
//!
//! On the cluster in memory, in one thread, so that everything that the client allocates is counted. With optimisation the table also
//! has a large range: `cargo test --release -p event-tests --test etcd_bytes -- --nocapture`.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::sync::Arc;
use std::time::Duration;

use event_etcd::test_util::FakeCluster;
use event_etcd::{Bytes, Codec, EtcdClient, EtcdMap, EtcdValue, Text};
use event_map::MemoryMap;
use event_tests::allocator::{CountingAllocator, live_bytes};
use tokio::time::sleep;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const RANGES: &[usize] = if cfg!(debug_assertions) { &[10_000] } else { &[10_000, 100_000] };

const PREFIX: &str = "range/";

/// Data of the usual length.
fn data(key: usize) -> String {
    format!("{key:0100}")
}

fn cluster(keys: usize, data: impl Fn(usize) -> String) -> FakeCluster {
    let cluster = FakeCluster::new();
    for key in 0..keys {
        cluster.put(format!("{PREFIX}{key:06}"), data(key));
    }
    cluster
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// Nothing is on its way any more.
async fn settle() {
    sleep(Duration::from_millis(30)).await;
}

/// A change of one key, which has nothing left of the first list.
fn change(cluster: &FakeCluster, text: impl Into<Vec<u8>>) -> i64 {
    cluster.put(format!("{PREFIX}000000"), text)
}

fn bytes_map(client: &EtcdClient) -> EtcdMap<Vec<u8>, Arc<[u8]>> {
    EtcdMap::builder(client).prefix(PREFIX).map_with(Bytes, Bytes).build().expect("a prefix")
}

/// Bytes per key of a map that follows a range.
fn followed<K, V>(cluster: &FakeCluster, keys: usize, map: impl Fn(&EtcdClient) -> EtcdMap<K, V>) -> f64
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    run(async {
        let client = cluster.client();
        client.key("other").expect("a key").set("1").await.expect("it is stored");
        settle().await;
        let before = live_bytes();
        let map = map(&client);
        map.ready().await.expect("the cluster answers");
        let value = cluster.get(format!("{PREFIX}000001")).expect("it is there");
        let revision = change(cluster, value);
        map.reached(revision).await.expect("the cluster answers");
        settle().await;
        let bytes = live_bytes() - before;
        assert_eq!(map.len(), keys);
        bytes as f64 / keys as f64
    })
}

/// Bytes per key of a watcher that has returned everything, and of a map of the same range if there is one.
fn watched(cluster: &FakeCluster, keys: usize, with_map: bool) -> f64 {
    run(async {
        let client = cluster.client();
        client.key("other").expect("a key").set("1").await.expect("it is stored");
        settle().await;
        let before = live_bytes();
        let map = with_map.then(|| bytes_map(&client));
        if let Some(map) = &map {
            map.ready().await.expect("the cluster answers");
        }
        let value = EtcdValue::builder(&client).prefix(PREFIX).decoder(|_, _| Ok(())).build().expect("a prefix");
        let mut watcher = value.watch();
        for _ in 0..keys {
            watcher.get().await.expect("it is there");
        }
        change(cluster, if with_map { "both" } else { "one" });
        watcher.get().await.expect("it changes");
        settle().await;
        let bytes = live_bytes() - before;
        assert_eq!(map.map_or(keys, |map| map.len()), keys);
        bytes as f64 / keys as f64
    })
}

fn in_memory<K, V>(keys: usize, pair: impl Fn(usize) -> (K, V)) -> f64
where
    K: Ord + Clone,
    V: Clone,
{
    let before = live_bytes();
    let map = MemoryMap::new();
    map.transaction(|edit| {
        for key in 0..keys {
            let (key, data) = pair(key);
            edit.insert(key, data);
        }
    });
    (live_bytes() - before) as f64 / keys as f64
}

#[test]
fn a_range_that_is_followed_into_a_map_is_held_once() {
    println!("| keys | | bytes per key |\n|---:|---|---:|");
    for keys in RANGES.iter().copied() {
        let texts = cluster(keys, data);
        let floor = in_memory(keys, |key| (format!("{key:06}").into_bytes(), Arc::<[u8]>::from(data(key).as_bytes())));
        let map = followed(&texts, keys, bytes_map);
        let (watcher, both) = (watched(&texts, keys, false), watched(&texts, keys, true));
        let numbers = cluster(keys, |key| key.to_string());
        let number = |client: &EtcdClient| -> EtcdMap<String, u64> {
            EtcdMap::builder(client).prefix(PREFIX).map(Text).build().expect("a prefix")
        };
        let (few, number) =
            (in_memory(keys, |key| (format!("{key:06}"), key as u64)), followed(&numbers, keys, number));
        let other = followed(&numbers, keys, |client| -> EtcdMap<String, u64> {
            EtcdMap::builder(client).prefix(PREFIX).map(InOtherWords).build().expect("a prefix")
        });
        for (name, bytes) in [
            ("a MemoryMap of 100 bytes under each key", floor),
            ("an EtcdMap of them", map),
            ("an EtcdWatcher of them", watcher),
            ("both", both),
            ("a MemoryMap of numbers", few),
            ("an EtcdMap of them", number),
            ("an EtcdMap of them, written otherwise than its codec does", other),
        ] {
            println!("| {keys} | {name} | {bytes:.0} |");
        }
        // The rest is what a client and a map have whatever is in the range.
        assert!(map < floor + 20.0, "{map} bytes per key instead of {floor}");
        assert!(number < few + 20.0, "{number} bytes per key instead of {few}");
        // Otherwise the count would show nothing.
        assert!(both > map + floor && other > number + 30.0, "{both} and {map} bytes, {other} and {number}");
    }
}

/// Numbers; what it writes is not what is stored.
struct InOtherWords;

impl Codec<u64> for InOtherWords {
    fn encode(&self, item: &u64) -> Result<Vec<u8>, event_etcd::BoxError> {
        Ok(format!("+{item}").into())
    }

    fn decode(&self, bytes: &[u8]) -> Result<u64, event_etcd::BoxError> {
        Text.decode(bytes)
    }
}
