//! The cluster in memory and a server get the same requests, and give the same answers.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use event_etcd::test_util::FakeCluster;
use event_etcd::tonic::client::Grpc;
use event_etcd::tonic::transport::{Channel, Endpoint};
use event_etcd::tonic::{Request, Status, Streaming};
use event_test_servers::{Etcd, Options, Server};
use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic_prost::ProstCodec;

use self::messages::*;
use crate::support::{Test, on_runtime};

/// The messages of the client, which are not public.
#[path = "../../src/api/messages.rs"]
#[allow(dead_code, unused_imports, reason = "its own tests are not run here")]
mod messages;

pub(crate) const TESTS: &[Test] = &[
    ("the cluster in memory reads and writes as a server does", reading_and_writing),
    ("the cluster in memory compares as a server does", comparing),
    ("the cluster in memory compacts as a server does", compacting),
    ("the cluster in memory handles leases as a server does", leases),
    ("the cluster in memory notifies watches as a server does", watching),
    ("the cluster in memory refuses as a server does", refusing),
];

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What answers.
enum Who {
    Fake(FakeCluster),
    Server(Box<Server>),
}

/// It, and what was answered until now, as text.
struct Asked {
    who: Who,
    channel: Channel,
    said: String,
}

/// Runs a program of requests on both, each new, and compares what they answer.
fn compare(etcd: &Etcd, program: impl AsyncFn(&mut Asked)) {
    on_runtime(async {
        let fake = FakeCluster::new();
        let server = Server::start(etcd, Options::new());
        let endpoint = Endpoint::from_shared(server.endpoint()).expect("a URL");
        let channel = endpoint.connect().await.expect("the server answers");
        let mut expected = Asked { who: Who::Server(Box::new(server)), channel, said: String::new() };
        program(&mut expected).await;
        let mut asked = Asked { channel: fake.channel(), who: Who::Fake(fake), said: String::new() };
        program(&mut asked).await;
        assert!(asked.said.lines().count() > 5, "{}", asked.said);
        for (line, expected) in asked.said.lines().zip(expected.said.lines()) {
            assert_eq!(line, expected, "\nall of it:\n{}", asked.said);
        }
        assert_eq!(asked.said, expected.said);
    });
}

impl Asked {
    async fn call<Q, A>(&mut self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.expect("it can be connected to");
        let call = grpc.unary(Request::new(request), PathAndQuery::from_static(path), ProstCodec::<Q, A>::default());
        timeout(PATIENCE, call).await.expect("an answer").map(|answer| answer.into_inner())
    }

    /// The same, and notes the answer.
    async fn ask<Q, A>(&mut self, path: &'static str, request: Q)
    where
        Q: Message + 'static,
        A: Message + Debug + Default + 'static,
    {
        match self.call::<Q, A>(path, request).await {
            Ok(answer) => self.note(&answer),
            Err(status) => self.note(&(status.code(), status.message())),
        }
    }

    fn note(&mut self, answer: &impl Debug) {
        writeln!(self.said, "{answer:?}").expect("a string takes it");
    }

    async fn range(&mut self, request: RangeRequest) {
        self.ask::<_, RangeResponse>("/etcdserverpb.KV/Range", request).await;
    }

    async fn put(&mut self, key: &str, value: &str) {
        self.ask::<_, PutResponse>("/etcdserverpb.KV/Put", put(key, value, 0)).await;
    }

    async fn delete(&mut self, key: &str) {
        let request = DeleteRangeRequest { key: key.into() };
        self.ask::<_, DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", request).await;
    }

    async fn txn(&mut self, request: TxnRequest) {
        self.ask::<_, TxnResponse>("/etcdserverpb.KV/Txn", request).await;
    }

    /// Grants a lease, and returns its number, which is not noted.
    async fn grant(&mut self, ttl: i64) -> i64 {
        let granted: Result<LeaseGrantResponse, _> =
            self.call("/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest { ttl }).await;
        match granted {
            Ok(granted) => {
                self.note(&granted.ttl);
                granted.id
            }
            Err(status) => {
                self.note(&(status.code(), status.message()));
                0
            }
        }
    }

    async fn revoke(&mut self, id: i64) {
        self.ask::<_, LeaseRevokeResponse>("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeRequest { id }).await;
    }

    async fn stream<Q, A>(&mut self, path: &'static str, first: Q) -> (Sender<Q>, Streaming<A>)
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let (requests, receiver) = channel(10);
        requests.send(first).await.expect("there is room");
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.expect("it can be connected to");
        let path = PathAndQuery::from_static(path);
        let call = grpc.streaming(Request::new(ReceiverStream::new(receiver)), path, ProstCodec::<Q, A>::default());
        let responses = timeout(PATIENCE, call).await.expect("an answer").expect("a stream");
        (requests, responses.into_inner())
    }

    async fn renew(&mut self, id: i64) {
        let request = LeaseKeepAliveRequest { id };
        let (_requests, mut responses) =
            self.stream::<_, LeaseKeepAliveResponse>("/etcdserverpb.Lease/LeaseKeepAlive", request).await;
        let answer = next(&mut responses).await;
        self.note(&answer);
    }

    fn compact(&mut self, revision: i64) {
        match &self.who {
            Who::Fake(cluster) => {
                assert_eq!(cluster.revision(), revision, "it compacts at the current one");
                cluster.compact();
            }
            Who::Server(server) => _ = server.ctl(&["compaction", &revision.to_string()]),
        }
    }

    async fn all(&mut self) {
        self.range(all()).await;
    }
}

async fn next<A>(responses: &mut Streaming<A>) -> A {
    let response = timeout(PATIENCE, responses.message()).await.expect("a response");
    response.expect("the stream is well").expect("and goes on")
}

fn put(key: &str, value: &str, lease: i64) -> PutRequest {
    PutRequest { key: key.into(), value: value.into(), lease }
}

fn key(key: &str) -> RangeRequest {
    RangeRequest { key: key.into(), ..RangeRequest::default() }
}

fn all() -> RangeRequest {
    RangeRequest { key: vec![0], range_end: vec![0], ..RangeRequest::default() }
}

fn between(start: &str, end: &str) -> RangeRequest {
    RangeRequest { range_end: end.into(), ..key(start) }
}

fn reading_and_writing(etcd: &Etcd) {
    compare(etcd, async |asked| {
        asked.all().await;
        asked.range(key("a")).await;
        for (name, data) in [("a", "1"), ("c", "2"), ("b", "3"), ("bb", "4"), ("a", "5"), ("a", ""), ("b", "7")] {
            asked.put(name, data).await;
        }
        asked.all().await;
        for (start, end) in [("a", "b"), ("a", "c"), ("b", "b\0"), ("bb", "\0"), ("c", "b"), ("x", "y")] {
            asked.range(between(start, end)).await;
        }
        for revision in 1..=8 {
            asked.range(RangeRequest { revision, ..all() }).await;
        }
        for limit in 1..=5 {
            asked.range(RangeRequest { limit, ..all() }).await;
            asked.range(RangeRequest { limit, revision: 4, keys_only: true, ..all() }).await;
            asked.range(RangeRequest { limit, min_mod_revision: 5, ..all() }).await;
            asked.range(RangeRequest { min_mod_revision: limit + 4, keys_only: true, ..between("a", "c") }).await;
        }
        asked.delete("b").await;
        asked.delete("b").await;
        asked.delete("nothing").await;
        asked.all().await;
        asked.range(RangeRequest { revision: 8, ..all() }).await;
        asked.put("b", "back").await;
        asked.all().await;
    });
}

fn comparing(etcd: &Etcd) {
    let changes = |name: &str, mod_revision: i64, then: &[PutRequest]| {
        let compare = Compare {
            result: CompareResult::Equal.into(),
            target: CompareTarget::Mod.into(),
            key: name.into(),
            mod_revision: Some(mod_revision),
        };
        let put = |put: &PutRequest| RequestOp { request_put: Some(put.clone()), ..RequestOp::default() };
        let look = RequestOp { request_range: Some(key(name)), ..RequestOp::default() };
        TxnRequest { compare: vec![compare], success: then.iter().map(put).collect(), failure: vec![look] }
    };
    compare(etcd, async |asked| {
        asked.txn(changes("a", 1, &[put("a", "1", 0)])).await;
        asked.txn(changes("a", 0, &[put("a", "2", 0)])).await;
        asked.txn(changes("a", 0, &[put("a", "3", 0)])).await;
        asked.txn(changes("a", 2, &[put("a", "4", 0), put("b", "5", 0)])).await;
        asked.all().await;
        asked.delete("a").await;
        asked.txn(changes("a", 3, &[put("a", "6", 0)])).await;
        asked.txn(changes("b", 3, &[put("c", "7", 0), put("d", "8", 77)])).await;
        asked.all().await;
        asked.txn(changes("a", 0, &[])).await;
        asked.txn(changes("a", 0, &[put("a", "9", 0)])).await;
        // What is written is seen by the rest of the transaction.
        let mut both = changes("a", 5, &[put("b", "10", 0)]);
        both.success.push(RequestOp { request_range: Some(all()), ..RequestOp::default() });
        asked.txn(both).await;
        asked.all().await;
    });
}

fn compacting(etcd: &Etcd) {
    compare(etcd, async |asked| {
        asked.put("a", "1").await;
        asked.put("b", "2").await;
        asked.put("a", "3").await;
        asked.delete("b").await;
        asked.put("c", "4").await;
        asked.compact(6);
        for revision in 0..=7 {
            asked.range(RangeRequest { revision, ..all() }).await;
        }
        asked.put("b", "5").await;
        asked.put("a", "6").await;
        for revision in 5..=9 {
            asked.range(RangeRequest { revision, ..all() }).await;
        }
    });
}

fn leases(etcd: &Etcd) {
    compare(etcd, async |asked| {
        let lease = asked.grant(600).await;
        let short = asked.grant(5).await;
        asked.grant(9_000_000_001).await;
        for name in ["b", "a", "c", "d"] {
            asked.ask::<_, PutResponse>("/etcdserverpb.KV/Put", put(name, "1", lease)).await;
        }
        // Two of the four are not the lease's any more.
        asked.put("c", "2").await;
        asked.delete("d").await;
        asked.put("d", "3").await;
        asked.renew(lease).await;
        asked.renew(77).await;
        let (requests, mut responses) = asked.stream("/etcdserverpb.Watch/Watch", watch(1, &all(), 9)).await;
        let created: WatchResponse = next(&mut responses).await;
        asked.note(&created);
        asked.revoke(lease).await;
        let response: WatchResponse = next(&mut responses).await;
        asked.note(&response);
        drop(requests);
        asked.all().await;
        asked.revoke(lease).await;
        asked.renew(lease).await;
        asked.ask::<_, PutResponse>("/etcdserverpb.KV/Put", put("e", "1", lease)).await;
        asked.revoke(short).await;
        asked.all().await;
    });
}

fn watch(watch_id: i64, range: &RangeRequest, start_revision: i64) -> WatchRequest {
    let create = WatchCreateRequest {
        key: range.key.clone(),
        range_end: range.range_end.clone(),
        start_revision,
        progress_notify: true,
        watch_id,
    };
    WatchRequest { create_request: Some(create), ..WatchRequest::default() }
}

/// The events of a watch until so many have come, however many responses they come in. Their revisions grow.
async fn events(responses: &mut Streaming<WatchResponse>, watch_id: i64, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while events.len() < count {
        let response = next(responses).await;
        if response.watch_id != -1 {
            assert_eq!(response.watch_id, watch_id, "{response:?}");
            events.extend(response.events);
        }
    }
    events
}

fn watching(etcd: &Etcd) {
    compare(etcd, async |asked| {
        for (name, data) in [("a", "1"), ("b", "2"), ("a", "3")] {
            asked.put(name, data).await;
        }
        asked.delete("b").await;
        let path = "/etcdserverpb.Watch/Watch";
        let (requests, mut responses) = asked.stream(path, watch(1, &all(), 2)).await;
        let send = async |request| requests.send(request).await.expect("the stream is open");
        let created = next(&mut responses).await;
        asked.note(&created);
        let missed = events(&mut responses, 1, 4).await;
        asked.note(&missed);
        // From now on, and with a first revision that is yet to come.
        send(watch(2, &key("a"), 0)).await;
        let created = next(&mut responses).await;
        asked.note(&created);
        asked.put("a", "5").await;
        let mut told = [next(&mut responses).await, next(&mut responses).await];
        told.sort_by_key(|response| response.watch_id);
        asked.note(&told);
        send(WatchRequest { cancel_request: Some(WatchCancelRequest { watch_id: 1 }), ..WatchRequest::default() })
            .await;
        let cancelled = next(&mut responses).await;
        asked.note(&cancelled);
        send(watch(3, &between("b", "c"), 9)).await;
        let created = next(&mut responses).await;
        asked.note(&created);
        for data in ["6", "7", "8", "9"] {
            asked.put("b", data).await;
        }
        let told = events(&mut responses, 3, 2).await;
        asked.note(&told);
        // A member that has not brought all watches up to date does not answer.
        let progress = loop {
            send(WatchRequest { progress_request: Some(WatchProgressRequest {}), ..WatchRequest::default() }).await;
            if let Ok(response) = timeout(Duration::from_secs(1), responses.message()).await {
                break response.expect("the stream is well").expect("and goes on");
            }
        };
        asked.note(&progress);
        asked.compact(10);
        asked.put("a", "11").await;
        let told = events(&mut responses, 2, 1).await;
        asked.note(&told);
        send(watch(4, &all(), 9)).await;
        send(watch(5, &all(), 10)).await;
        // One is refused, and the other is told of the rest.
        let (mut created, mut refused, mut told) = (Vec::new(), None, Vec::new());
        while created.len() < 2 || refused.is_none() || told.len() < 2 {
            let response = next(&mut responses).await;
            match response {
                WatchResponse { watch_id: -1, .. } => {}
                WatchResponse { created: true, .. } => created.push(response),
                WatchResponse { canceled: true, .. } => refused = Some(response),
                WatchResponse { watch_id, events, .. } => {
                    told.extend(events.into_iter().map(|event| (watch_id, event)))
                }
            }
        }
        asked.note(&created);
        asked.note(&(refused, told));
    });
}

fn refusing(etcd: &Etcd) {
    compare(etcd, async |asked| {
        asked.range(key("")).await;
        asked.range(RangeRequest { revision: 2, ..key("a") }).await;
        asked.put("", "1").await;
        asked.delete("").await;
        asked.ask::<_, PutResponse>("/etcdserverpb.KV/Put", put("a", "1", 77)).await;
        asked.put("a", &"x".repeat(1_800_000)).await;
        asked.put("a", &"x".repeat(1_000_000)).await;
        asked.ask::<_, StatusResponse>("/etcdserverpb.Maintenance/Status", StatusRequest {}).await;
        let request = AuthenticateRequest { name: "user".into(), password: "secret".into() };
        asked.ask::<_, AuthenticateResponse>("/etcdserverpb.Auth/Authenticate", request).await;
    });
}
