//! The calls, over one connection to one member.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::messages::*;
use crate::options::ClientBuilder;

/// How many requests of a watch stream may be on their way to the connection.
const WATCH_REQUESTS: usize = 100;

/// A connection to one member. Clones are the same connection.
///
/// It connects with the first call, and again with a call after the connection was lost.
#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    channel: Channel,
    require_leader: bool,
    user: Option<(String, Arc<str>)>,
    /// What the user was given for the password.
    token: RwLock<Option<AsciiMetadataValue>>,
    /// Locked while another token is asked for, so that of many calls whose token has expired one asks.
    renewal: Mutex<()>,
}

/// An open stream of watches: where requests go to, and where responses come from.
type WatchStream = (Sender<WatchRequest>, Streaming<WatchResponse>);

impl Client {
    /// Prepares a connection. With a user this asks for a token, and so it connects.
    pub(crate) async fn connect(endpoint: &str, options: &ClientBuilder) -> Result<Self, Status> {
        let channel = options.endpoint(endpoint).map_err(from_error)?.connect_lazy();
        let client = Self::new(channel, options.requires_leader(), options.credentials());
        client.renew_token().await?;
        Ok(client)
    }

    /// Uses a channel that exists.
    pub(crate) fn over(channel: Channel, options: &ClientBuilder) -> Self {
        Self::new(channel, options.requires_leader(), options.credentials())
    }

    fn new(channel: Channel, require_leader: bool, user: Option<(String, Arc<str>)>) -> Self {
        Self(Arc::new(Inner { channel, require_leader, user, token: RwLock::default(), renewal: Mutex::default() }))
    }

    pub(crate) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        self.unary("/etcdserverpb.KV/Range", request).await
    }

    pub(crate) async fn put(&self, request: PutRequest) -> Result<PutResponse, Status> {
        self.unary("/etcdserverpb.KV/Put", request).await
    }

    pub(crate) async fn delete_range(&self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        self.unary("/etcdserverpb.KV/DeleteRange", request).await
    }

    pub(crate) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Status> {
        self.unary("/etcdserverpb.KV/Txn", request).await
    }

    pub(crate) async fn lease_grant(&self, ttl: i64) -> Result<LeaseGrantResponse, Status> {
        self.unary("/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest { ttl }).await
    }

    pub(crate) async fn lease_revoke(&self, id: i64) -> Result<LeaseRevokeResponse, Status> {
        self.unary("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeRequest { id }).await
    }

    pub(crate) async fn status(&self) -> Result<StatusResponse, Status> {
        self.unary("/etcdserverpb.Maintenance/Status", StatusRequest {}).await
    }

    /// Renews a lease once: a stream of one request, of which the first response is the answer.
    pub(crate) async fn lease_keep_alive(&self, id: i64) -> Result<LeaseKeepAliveResponse, Status> {
        let one = || tokio_stream::once(LeaseKeepAliveRequest { id });
        let mut responses = self.streaming("/etcdserverpb.Lease/LeaseKeepAlive", one).await?;
        let response: Option<LeaseKeepAliveResponse> = responses.message().await?;
        match response {
            Some(response) if response.ttl > 0 => Ok(response),
            // The text of etcd's other answers about a lease that does not exist.
            Some(_) => Err(Status::not_found("etcdserver: requested lease not found")),
            None => Err(Status::unavailable("the member ended the stream that keeps leases alive")),
        }
    }

    /// Opens a stream of watches with a first request on it.
    pub(crate) async fn watch(&self, first: WatchRequest) -> Result<WatchStream, Status> {
        let sender = RwLock::new(None);
        let requests = || {
            let (requests, receiver) = channel(WATCH_REQUESTS);
            // There is room: it is the first.
            let _ = requests.try_send(first.clone());
            *sender.write().unwrap_or_else(PoisonError::into_inner) = Some(requests);
            ReceiverStream::new(receiver)
        };
        let responses = self.streaming("/etcdserverpb.Watch/Watch", requests).await?;
        let requests = sender.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((requests.expect("a stream that was opened had requests"), responses))
    }

    async fn unary<Q, A>(&self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        self.with_token(|| async {
            let mut grpc = self.ready().await?;
            let request = self.with_metadata(Request::new(request.clone()));
            let codec = ProstCodec::<Q, A>::default();
            Ok(grpc.unary(request, PathAndQuery::from_static(path), codec).await?.into_inner())
        })
        .await
    }

    async fn streaming<S, Q, A>(&self, path: &'static str, requests: impl Fn() -> S) -> Result<Streaming<A>, Status>
    where
        S: tokio_stream::Stream<Item = Q> + Send + 'static,
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.with_token(|| async {
            let mut grpc = self.ready().await?;
            let requests = self.with_metadata(Request::new(requests()));
            let codec = ProstCodec::<Q, A>::default();
            Ok(grpc.streaming(requests, PathAndQuery::from_static(path), codec).await?.into_inner())
        })
        .await
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Status> {
        // A message may be larger than the 4 MiB that gRPC takes by default: etcd puts all that a watcher has missed into one.
        let mut grpc = Grpc::new(self.0.channel.clone()).max_decoding_message_size(usize::MAX);
        grpc.ready().await.map_err(from_error)?;
        Ok(grpc)
    }

    fn with_metadata<T>(&self, mut request: Request<T>) -> Request<T> {
        if let Some(token) = self.token() {
            request.metadata_mut().insert("token", token);
        }
        if self.0.require_leader {
            request.metadata_mut().insert("hasleader", AsciiMetadataValue::from_static("true"));
        }
        request
    }

    // Tokens.

    fn token(&self) -> Option<AsciiMetadataValue> {
        self.0.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for another token, if there is a user. While the cluster has authentication switched off there is none, and none is
    /// needed.
    pub(crate) async fn renew_token(&self) -> Result<(), Status> {
        let Some((name, password)) = &self.0.user else { return Ok(()) };
        let request = AuthenticateRequest { name: name.clone(), password: password.to_string() };
        let mut grpc = self.ready().await?;
        // This one needs no token, and an old one would be refused.
        let codec = ProstCodec::<AuthenticateRequest, AuthenticateResponse>::default();
        let path = PathAndQuery::from_static("/etcdserverpb.Auth/Authenticate");
        let token = match grpc.unary(Request::new(request), path, codec).await {
            Ok(answer) => {
                let token = answer.into_inner().token.parse();
                Some(token.map_err(|_| Status::internal("the member sent a token that is not text"))?)
            }
            Err(status) if status.message().contains("authentication is not enabled") => None,
            Err(status) => return Err(status),
        };
        *self.0.token.write().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    /// Makes a call, and once more with another token if the member does not accept the one that the user has.
    async fn with_token<A, F>(&self, call: impl Fn() -> F) -> Result<A, Status>
    where
        F: Future<Output = Result<A, Status>>,
    {
        let token = self.token();
        match call().await {
            Err(status) if self.0.user.is_some() && needs_another_token(&status) => {
                let renewing = self.0.renewal.lock().await;
                // Another call may have renewed it meanwhile.
                if self.token() == token {
                    self.renew_token().await?;
                }
                drop(renewing);
                call().await
            }
            result => result,
        }
    }
}

/// etcd's `rpctypes` have the code for tokens that have expired or never were, and for nothing else. The texts are of a call
/// without a token since authentication was switched on, and of one with a token since it was switched off.
fn needs_another_token(status: &Status) -> bool {
    let about = ["user name is empty", "authentication is not enabled"];
    status.code() == Code::Unauthenticated || about.iter().any(|text| status.message().contains(text))
}

/// An error of the connection, which stays the source of the status.
fn from_error(error: tonic::transport::Error) -> Status {
    Status::from_error(Box::new(error))
}

impl ClientBuilder {
    /// How to connect to one member.
    pub(crate) fn endpoint(&self, endpoint: &str) -> Result<Endpoint, tonic::transport::Error> {
        let (interval, timeout) = self.keep_alive;
        let prepared = Endpoint::from_shared(endpoint.to_owned())?
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(interval)
            .keep_alive_timeout(timeout)
            .keep_alive_while_idle(true);
        #[cfg(feature = "tls")]
        if endpoint.starts_with("https") {
            let enabled = || tonic::transport::ClientTlsConfig::new().with_enabled_roots();
            return prepared.tls_config(self.tls.clone().unwrap_or_else(enabled));
        }
        Ok(prepared)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
