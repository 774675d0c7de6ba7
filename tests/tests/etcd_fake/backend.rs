//! Values and maps kept in the cluster in memory that event-etcd has for unit tests, for the conformance suite.
//!
//! What does not apply to an etcd server does not apply here either; `tests/etcd/backend.rs` has the list.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use event_etcd::test_util::FakeCluster;
use event_etcd::{EtcdClient, EtcdMap, EtcdMapWatcher, EtcdValue, EtcdWatcher, Text};
use event_map::{MapWatcher, SnapshotWatcher};
use event_tests::map_changes::MapBackend;
use event_tests::runtime::Backend;

/// What all tests of the process share.
struct Shared {
    client: EtcdClient,
    /// Where the client works, and the cluster, whatever the runtime of the test is.
    _runtime: tokio::runtime::Runtime,
}

fn client() -> &'static EtcdClient {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be had");
        let client = {
            let _entered = runtime.enter();
            FakeCluster::new().client()
        };
        Shared { client, _runtime: runtime }
    });
    &shared.client
}

/// A name that no other value or map of the process has.
fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Ordering: the names have to differ, nothing else.
    format!("conformance/{}/", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Values in memory.
pub(crate) struct InFake;

impl Backend for InFake {
    type Value = EtcdValue<u64>;
    type Watcher = EtcdWatcher<u64>;
    /// Each round is a request and a notification, through two tasks.
    const ROUNDS: u64 = 200;

    async fn create() -> EtcdValue<u64> {
        let value = EtcdValue::builder(client()).key(name()).decoder(|_key, bytes| {
            let bytes = bytes.ok_or("nobody deletes anything here")?;
            Ok(std::str::from_utf8(bytes)?.parse()?)
        });
        value.build().expect("the key can be used")
    }

    async fn set(value: &EtcdValue<u64>, item: u64) {
        value.set(item.to_string()).await.expect("the cluster answers");
    }
}

/// Maps in memory.
pub(crate) struct MapsInFake;

impl MapBackend for MapsInFake {
    type Map = EtcdMap<String, u64>;
    type Watcher = EtcdMapWatcher<MapWatcher<String, u64>>;
    type Snapshots = EtcdMapWatcher<SnapshotWatcher<String, u64>>;
    /// As for values.
    const ROUNDS: u64 = 200;

    async fn create() -> EtcdMap<String, u64> {
        let map = EtcdMap::builder(client()).prefix(name()).map(Text).build().expect("the prefix can be used");
        map.ready().await.expect("the cluster answers");
        map
    }

    async fn insert(map: &EtcdMap<String, u64>, key: &str, data: u64) {
        let revision = map.insert(&key.to_owned(), &data).await.expect("the cluster answers");
        map.reached(revision).await.expect("the cluster answers");
    }

    async fn remove(map: &EtcdMap<String, u64>, key: &str) {
        let revision = map.remove(&key.to_owned()).await.expect("the cluster answers");
        map.reached(revision).await.expect("the cluster answers");
    }
}
