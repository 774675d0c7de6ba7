//! What the tests with failing servers share: a runtime, clients that notice soon, and bounded waits.

mod gate;
mod map_witness;
mod recorder;
mod status_log;
mod witnesses;

use std::fmt;
use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use event_etcd::{BoxError, ClientBuilder, EtcdClient, EtcdValue};
use tokio::runtime::Builder;

pub(crate) use gate::Gate;
pub(crate) use map_witness::MapWitness;
pub(crate) use recorder::{Record, Recorder, map_of};
pub(crate) use status_log::StatusLog;
pub(crate) use witnesses::Witnesses;

/// How long to wait for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A key, and what is stored under it.
pub(crate) type Item = (String, Option<String>);

/// Runs a test. Its own thread may block while the client and its watchers go on.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

/// Waits for what has to come soon.
pub(crate) async fn soon<T>(what: impl fmt::Display, future: impl Future<Output = T>) -> T {
    within(PATIENCE, what, future).await
}

/// Waits for what has to come within a time.
pub(crate) async fn within<T>(limit: Duration, what: impl fmt::Display, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(limit, future).await;
    done.unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// Runs etcdctl until it succeeds: on a busy machine a disk may stand still for longer than etcd has patience.
pub(crate) fn insist(ctl: impl Fn() -> Result<String, String>) -> String {
    let begun = Instant::now();
    loop {
        match ctl() {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
    }
}

/// A client that notices soon when a member is silent. On a busy machine it may take a member for silent that is only slow,
/// so nothing that it goes through can be said exactly.
pub(crate) fn hasty<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> ClientBuilder {
    EtcdClient::builder(endpoints)
        .request_timeout(Duration::from_secs(3))
        .connect_timeout(Duration::from_millis(1500))
        .probe(Duration::from_secs(1))
        .max_pause(Duration::from_millis(200))
}

/// A client that leaves a member only when that refuses or ends the connection, however busy the machine is.
pub(crate) fn patient<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> ClientBuilder {
    let builder = hasty(endpoints).request_timeout(PATIENCE).connect_timeout(PATIENCE);
    builder.probe(PATIENCE).keep_alive(PATIENCE, PATIENCE)
}

/// Connects a [`hasty`] client.
pub(crate) async fn connect<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> EtcdClient {
    hasty(endpoints).connect().await.expect("the cluster is healthy")
}

/// Connects a [`patient`] client.
pub(crate) async fn connect_patiently<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> EtcdClient {
    patient(endpoints).connect().await.expect("the cluster is healthy")
}

/// The text under a key.
pub(crate) fn key(client: &EtcdClient, key: &str) -> EtcdValue<Item> {
    EtcdValue::builder(client).key(key).decoder(text).build().expect("a key")
}

/// The texts under keys that begin with this.
pub(crate) fn prefix(client: &EtcdClient, prefix: &str) -> EtcdValue<Item> {
    EtcdValue::builder(client).prefix(prefix).decoder(text).build().expect("a prefix")
}

/// The decoder of both.
pub(crate) fn text(key: &[u8], bytes: Option<&[u8]>) -> Result<Item, BoxError> {
    let key = String::from_utf8(key.to_vec())?;
    Ok((key, bytes.map(|bytes| String::from_utf8(bytes.to_vec())).transpose()?))
}

/// What the HTTP gateway of a server answers, headers included. It stands for another client.
pub(crate) fn gateway(endpoint: &str, path: &str, body: &str) -> Option<String> {
    let address = endpoint.replace("http://", "");
    let mut stream = TcpStream::connect(&address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(3))).ok()?;
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// What the gateway takes for bytes.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What a server counts, by the name that etcd gives it, labels included; 0 for what it has not counted yet.
pub(crate) fn count(endpoint: &str, name: &str) -> u64 {
    let address = endpoint.replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    write!(stream, "GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it writes text");
    let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse::<f64>().expect("a number")) as u64
}
