//! Values kept in an etcd server, for the conformance suite.
//!
//! What is not for any backend does not apply here, for these reasons:
//!
//! | guarantee | |
//! |---|---|
//! | V1 | the order of sets is the cluster's, and its revisions are the versions; but writing is asynchronous and fails at times |
//! | V2 | on the contrary: data with the bytes that a watcher had are not given again, since after a loss nobody knows how often they were set |
//! | V4 | a set waits for the cluster; there is nothing to borrow |
//! | V6 | items are made of bytes anew for each get |
//! | W4, of clones | `event-etcd` tests it by hand, over a real server |
//! | W6 | a watcher that is dropped is taken off the server, which its tests look for; what it leaves in memory depends on gRPC |
//! | C1 to C3 | nobody closes a key; a client whose runtime has gone says `Closed` |
//! | P1 | the predicates and decoders run as everywhere; `Clone` and `Drop` of data do not occur |

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use event_etcd::{EtcdClient, EtcdMap, EtcdMapWatcher, EtcdValue, EtcdWatcher, Text};
use event_map::{MapWatcher, SnapshotWatcher};
use event_test_servers::{Etcd, Options, Server, Suite};
use event_tests::map_changes::MapBackend;
use event_tests::runtime::Backend;

/// Values kept in one server, which all tests of the process share.
pub(crate) struct InEtcd;

/// What they share. It ends with the process.
struct Shared {
    _server: Server,
    client: EtcdClient,
    /// Where the client works, whatever the runtime of the test is.
    _runtime: tokio::runtime::Runtime,
}

static SHARED: OnceLock<Shared> = OnceLock::new();

fn shared() -> &'static Shared {
    SHARED.get().expect("a test starts the server before anything else")
}

impl InEtcd {
    /// Starts the server, if no other test has.
    pub(crate) fn prepare(etcd: &Etcd) {
        SHARED.get_or_init(|| {
            let server = Server::start(etcd, Options::new());
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.expect("a runtime can be had");
            let client = runtime.block_on(EtcdClient::connect([server.endpoint()])).expect("the server answers");
            Shared { _server: server, client, _runtime: runtime }
        });
    }
}

impl Backend for InEtcd {
    type Value = EtcdValue<u64>;
    type Watcher = EtcdWatcher<u64>;
    /// Each round is a write that the server syncs to its disk.
    const ROUNDS: u64 = 200;

    async fn create() -> EtcdValue<u64> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Ordering: the keys have to differ, nothing else.
        let key = format!("conformance/{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let value = EtcdValue::builder(&shared().client).key(key).decoder(|_key, bytes| {
            let bytes = bytes.ok_or("nobody deletes anything here")?;
            Ok(std::str::from_utf8(bytes)?.parse()?)
        });
        value.build().expect("the key can be used")
    }

    async fn set(value: &EtcdValue<u64>, item: u64) {
        value.set(item.to_string()).await.expect("the server answers");
    }
}

/// Maps kept in the same server.
pub(crate) struct MapsInEtcd;

impl MapsInEtcd {
    pub(crate) fn prepare(etcd: &Etcd) {
        InEtcd::prepare(etcd);
    }
}

impl MapBackend for MapsInEtcd {
    type Map = EtcdMap<String, u64>;
    type Watcher = EtcdMapWatcher<MapWatcher<String, u64>>;
    type Snapshots = EtcdMapWatcher<SnapshotWatcher<String, u64>>;
    /// Each round is a write that the server syncs to its disk.
    const ROUNDS: u64 = 200;

    async fn create() -> EtcdMap<String, u64> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Ordering: the prefixes have to differ, nothing else.
        let prefix = format!("maps/{}/", NEXT.fetch_add(1, Ordering::Relaxed));
        let map = EtcdMap::builder(&shared().client).prefix(prefix).map(Text).build().expect("the prefix can be used");
        map.ready().await.expect("the server answers");
        map
    }

    async fn insert(map: &EtcdMap<String, u64>, key: &str, data: u64) {
        let revision = map.insert(&key.to_owned(), &data).await.expect("the server answers");
        map.reached(revision).await.expect("the server answers");
    }

    async fn remove(map: &EtcdMap<String, u64>, key: &str) {
        let revision = map.remove(&key.to_owned()).await.expect("the server answers");
        map.reached(revision).await.expect("the server answers");
    }
}

/// The suite, to which tests are added.
pub(crate) fn suite(name: &'static str) -> Suite {
    Suite::new(name)
}
