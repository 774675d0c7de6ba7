//! gRPC over connections in memory: the server's side of HTTP/2, and the frames that its messages come in.
//!
//! The client's side is the one that it has for real servers, so requests, streams, flow control, time limits and keep-alives
//! are the same. Nothing leaves the process: when every task waits, tokio's paused clock can go on.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use prost::Message;
use prost::bytes::Bytes;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tonic::Status;

use super::calls::{answer, decode};
use super::cluster::{Cluster, OpenStream, keep_time};
use super::links::Link;
use crate::api::{LeaseKeepAliveRequest, LeaseKeepAliveResponse, WatchRequest};

/// How much may be on its way in one direction of a connection.
const PIPE: usize = 64 << 10;

/// Connects to a member. Every connection has a task on the runtime that connects.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) cluster: Arc<Cluster>,
    pub(super) member: u64,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<DuplexStream>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _endpoint: Uri) -> Self::Future {
        let (client, server) = duplex(PIPE);
        let link = self.cluster.links.connect(self.member);
        tokio::spawn(link.clone().run(serve(server, Arc::clone(&self.cluster), link)));
        ready(Ok(TokioIo::new(client)))
    }
}

/// Answers the calls on a connection until it ends. Dropped, it leaves them unanswered.
async fn serve(pipe: DuplexStream, cluster: Arc<Cluster>, link: Link) {
    // A client may give up any number of requests while the member is paused.
    let handshake = h2::server::Builder::new().max_pending_accept_reset_streams(usize::MAX).handshake(pipe);
    let Ok(mut connection) = handshake.await else { return };
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                calls.spawn(call(request, respond, Arc::clone(&cluster), link.clone()));
            }
            _ = calls.join_next(), if !calls.is_empty() => {}
        }
    }
}

/// Answers a call. It ends early if the client does not want the answer any more.
async fn call(request: Request<RecvStream>, respond: SendResponse<Bytes>, cluster: Arc<Cluster>, mut link: Link) {
    let path = request.uri().path().to_owned();
    let mut requests = Requests { body: request.into_body(), buffer: Vec::new() };
    let mut responses = Responses::Unsent(respond);
    let done = match &*path {
        "/etcdserverpb.Watch/Watch" => watch(&mut requests, &mut responses, &cluster, &mut link).await,
        "/etcdserverpb.Lease/LeaseKeepAlive" => keep_alive(&mut requests, &mut responses, &cluster, &mut link).await,
        _ => {
            let Some(request) = requests.next().await else { return };
            link.answers().await;
            let (response, lease) = cluster.call(|store| (answer(store, &path, &request), store.last_lease()));
            if path.ends_with("/LeaseGrant") {
                tokio::spawn(keep_time(Arc::downgrade(&cluster), lease));
            }
            response.map(|response| responses.send(&response))
        }
    };
    match done {
        Ok(Some(())) => responses.end(&Status::ok("")),
        Ok(None) => None,
        Err(status) => responses.end(&status),
    };
}

/// Renews leases, one with each request. `None`: the client has gone.
async fn keep_alive(
    requests: &mut Requests,
    responses: &mut Responses,
    cluster: &Cluster,
    link: &mut Link,
) -> Result<Option<()>, Status> {
    while let Some(request) = requests.next().await {
        let id = decode::<LeaseKeepAliveRequest>(&request)?.id;
        link.answers().await;
        let ttl = cluster.call(|store| store.renew(id));
        if responses.send(&LeaseKeepAliveResponse { ttl }.encode_to_vec()).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(()))
}

/// Carries the watches of a stream.
async fn watch(
    requests: &mut Requests,
    responses: &mut Responses,
    cluster: &Arc<Cluster>,
    link: &mut Link,
) -> Result<Option<()>, Status> {
    let (sender, mut outgoing) = unbounded_channel();
    let stream = OpenStream::open(cluster, sender);
    // The client waits for the beginning of the response before its first watch is confirmed.
    if responses.begin().is_none() {
        return Ok(None);
    }
    loop {
        tokio::select! {
            // What was sent before a request is not overtaken by the answer to it: both are in one channel.
            request = requests.next() => {
                let Some(request) = request else { return Ok(Some(())) };
                let request = decode::<WatchRequest>(&request)?;
                link.answers().await;
                cluster.call(|store| store.watch(stream.number, request));
            }
            Some(response) = outgoing.recv() => {
                if responses.send(&response.encode_to_vec()).is_none() {
                    return Ok(None);
                }
            }
        }
    }
}

/// The messages of a call: each has a byte that says whether it is compressed, which it never is here, and its length in four
/// before it.
struct Requests {
    body: RecvStream,
    buffer: Vec<u8>,
}

/// What is before a message.
const PREFIX: usize = 5;

impl Requests {
    /// The next message. `None`: there are no more, or the client has gone.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            let bytes = self.body.data().await?.ok()?;
            self.buffer.extend_from_slice(&bytes);
            let _ = self.body.flow_control().release_capacity(bytes.len());
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let (prefix, rest) = self.buffer.split_first_chunk::<PREFIX>()?;
        let [_compressed, length @ ..] = *prefix;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let message = rest.get(..length)?.to_vec();
        self.buffer.drain(..PREFIX + length);
        Some(message)
    }
}

/// The answer to a call. Its methods return `None` when the client has gone.
enum Responses {
    Unsent(SendResponse<Bytes>),
    Begun(SendStream<Bytes>),
}

impl Responses {
    fn begin(&mut self) -> Option<&mut SendStream<Bytes>> {
        if let Self::Unsent(respond) = self {
            *self = Self::Begun(respond.send_response(head(), false).ok()?);
        }
        match self {
            Self::Begun(stream) => Some(stream),
            Self::Unsent(_) => None,
        }
    }

    fn send(&mut self, message: &[u8]) -> Option<()> {
        let length = u32::try_from(message.len()).ok()?.to_be_bytes();
        let frame = [&[0], &length[..], message].concat();
        self.begin()?.send_data(frame.into(), false).ok()
    }

    fn end(&mut self, status: &Status) -> Option<()> {
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).ok()?;
        if let Self::Begun(stream) = self {
            return stream.send_trailers(trailers).ok();
        }
        // An answer without a message is its head alone.
        let Self::Unsent(respond) = self else { return None };
        let mut head = head();
        head.headers_mut().extend(trailers);
        respond.send_response(head, true).ok().map(drop)
    }
}

fn head() -> Response<()> {
    let mut head = Response::new(());
    head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head
}
