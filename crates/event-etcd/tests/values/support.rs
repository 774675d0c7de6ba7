//! A server that the tests share, with keys of its own for each; and what they ask a server.

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use event_core::MemoryReader;
use event_etcd::{BoxError, EtcdClient, EtcdValue, EtcdWatcher, Status};
use event_test_servers::{Etcd, Options, Server};

/// A test, and what it is called.
pub(crate) type Test = (&'static str, fn(&Etcd));

/// A key and what is stored there, as text.
pub(crate) type Item = (String, Option<String>);

/// So long anything may take that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test has to itself: keys that begin in a way that no other test's do.
pub(crate) struct Place {
    pub(crate) client: EtcdClient,
    pub(crate) endpoint: String,
    prefix: String,
}

/// Runs a test on a server that others use, too.
pub(crate) fn on_shared_server<F: Future<Output = ()>>(etcd: &Etcd, test: impl FnOnce(Place) -> F) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let server = SERVER.get_or_init(|| Server::start(etcd, Options::new()));
    // Ordering: the prefixes have to differ, nothing else.
    let prefix = format!("test {:04}/", NEXT.fetch_add(1, Ordering::Relaxed));
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.expect("the server answers");
        test(Place { client, endpoint: server.endpoint(), prefix }).await;
    });
}

pub(crate) fn on_runtime<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be had").block_on(test)
}

impl Place {
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(crate) fn value(&self, key: &str) -> EtcdValue<Item> {
        EtcdValue::builder(&self.client).key(self.name(key)).decoder(decode).build().expect("the key can be used")
    }

    pub(crate) fn all(&self) -> EtcdValue<Item> {
        EtcdValue::builder(&self.client).prefix(&*self.prefix).decoder(decode).build().expect("the prefix can be used")
    }

    /// Another client, which shares nothing with that of this place.
    pub(crate) async fn other_client(&self) -> EtcdClient {
        EtcdClient::connect([&self.endpoint]).await.expect("the server answers")
    }

    pub(crate) fn item(&self, key: &str, data: &str) -> Item {
        (self.name(key), Some(data.to_owned()))
    }

    pub(crate) fn gone(&self, key: &str) -> Item {
        (self.name(key), None)
    }
}

/// Only text is stored here, unless a test says something else.
pub(crate) fn decode(key: &[u8], bytes: Option<&[u8]>) -> Result<Item, BoxError> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
    Ok((text(key)?, bytes.map(text).transpose()?))
}

/// Waits until the watcher has been told everything up to a revision.
pub(crate) async fn told_up_to<T>(watcher: &EtcdWatcher<T>, revision: i64) {
    is_synced(&watcher.status(), revision).await;
}

pub(crate) async fn is_synced(status: &MemoryReader<Status>, revision: i64) {
    let mut status = status.watch();
    let up_to_date = |status: &Status| matches!(status, Status::Synced { revision: known } if *known >= revision);
    let waited = tokio::time::timeout(PATIENCE, status.get().filter(up_to_date)).await;
    waited.unwrap_or_else(|_| panic!("not in sync after {PATIENCE:?}: {:?}", status.borrow())).expect("it is open");
}

/// Everything that a watcher has to give at present.
pub(crate) async fn backlog<T>(watcher: &mut EtcdWatcher<T>) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        match watcher.get().backlog_only().await {
            Ok(item) => items.push(item),
            Err(error) if error.is_backlog_done() => return items,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// What the HTTP gateway of a server answers, headers included. It stands for another client.
pub(crate) fn gateway(endpoint: &str, path: &str, body: &str) -> String {
    let address = endpoint.replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it writes text");
    answer
}

/// What the gateway takes for bytes.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What a server counts, by the name that etcd gives it, labels included; 0 for what it has not counted yet.
pub(crate) fn count(server: &Server, name: &str) -> u64 {
    let address = server.endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    write!(stream, "GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it writes text");
    let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse::<f64>().expect("a number")) as u64
}

/// Waits until a server counts so many.
pub(crate) async fn counts(server: &Server, name: &str, expected: u64) {
    let start = std::time::Instant::now();
    while count(server, name) != expected {
        let now = count(server, name);
        assert!(start.elapsed() < PATIENCE, "{name} is {now} after {PATIENCE:?}, not {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
