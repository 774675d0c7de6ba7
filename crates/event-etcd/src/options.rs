//! How to reach a cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use crate::client::EtcdClient;
use crate::error::Error;

/// Prepares an [`EtcdClient`]: endpoints, user, TLS and timeouts.
///
/// Passwords and keys are in neither its `Debug` output nor that of anything made from it.
#[derive(Clone)]
#[must_use = "nothing happens before `connect`"]
pub struct ClientBuilder {
    pub(crate) endpoints: Vec<String>,
    user: Option<(String, Arc<str>)>,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) keep_alive: (Duration, Duration),
    pub(crate) probe: Duration,
    pub(crate) max_pause: Duration,
    require_leader: bool,
    pub(crate) follow_members: bool,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<tonic::transport::ClientTlsConfig>,
}

impl ClientBuilder {
    pub(crate) fn new<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> Self {
        Self {
            endpoints: endpoints.into_iter().map(|endpoint| endpoint.as_ref().trim().to_string()).collect(),
            user: None,
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            keep_alive: (Duration::from_secs(10), Duration::from_secs(3)),
            probe: Duration::from_secs(3),
            max_pause: Duration::from_secs(2),
            require_leader: true,
            follow_members: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Authenticates as a user, and again whenever the token expires. While the cluster has authentication switched off, the client
    /// works without.
    pub fn user(mut self, name: impl Into<String>, password: impl AsRef<str>) -> Self {
        self.user = Some((name.into(), Arc::from(password.as_ref())));
        self
    }

    /// Encrypts, and checks who the cluster is; for `https` endpoints.
    ///
    /// Without it, `https` endpoints are checked against the certificates that the features `tls-native-roots` and
    /// `tls-webpki-roots` bring.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, options: tonic::transport::ClientTlsConfig) -> Self {
        self.tls = Some(options);
        self
    }

    /// How long to wait for an answer to one request before the next member is asked: 5 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long to wait for a connection: 2 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a connection is checked (10 s by default), and how long to wait for the answer (3 s).
    ///
    /// etcd closes connections that are checked more often than its option `--grpc-keepalive-min-time`, 5 s, allows.
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keep_alive = (interval, timeout);
        self
    }

    /// After how long a silence a member is asked how far it is: 3 s by default. After twice the time without an answer,
    /// watchers go to the next member. Any member that answers, if only slowly, keeps them.
    pub fn probe(mut self, silence: Duration) -> Self {
        self.probe = silence;
        self
    }

    /// The longest pause between two attempts, 2 s by default. The first one is some 50 ms, each is twice the one before.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// With `true`, the default, a member that has lost its leader refuses to answer, and another one is asked; with `false` it answers,
    /// and what it says may be old.
    pub fn require_leader(mut self, require: bool) -> Self {
        self.require_leader = require;
        self
    }

    /// With `true` the client asks the cluster for its members when it has connected, after each failure of a member, and from then on
    /// less and less often, down to once a minute, and uses these as its endpoints from then on. So it goes on when all members that it was built with have been replaced.
    ///
    /// `false` is the default, since the URLs at which members say they serve clients (etcd's option
    /// `--advertise-client-urls`) are often not those at which a client reaches them: where there are containers, address translation
    /// or proxies. Learners are left out, and so are members without such a URL, and URLs that do not fit the other options,
    /// such as `http` where there are options for TLS. A list in which nothing remains, or of which no member answers, is not used.
    pub fn follow_members(mut self, follow: bool) -> Self {
        self.follow_members = follow;
        self
    }

    /// Connects: one endpoint has to answer and, if there is a user, accept it. A learner is skipped, since it cannot serve.
    ///
    /// Without a user, a cluster that wants one counts as an answer: the first request that needs a user returns
    /// [`Error::Unauthenticated`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an endpoint that is no URL of a server; [`Error::NoRuntime`] outside of tokio;
    /// [`Error::Unauthenticated`]; [`Error::Unreachable`] when no endpoint answers, which names each and why.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect(self) -> Result<EtcdClient, Error> {
        let client = self.connect_lazy()?;
        client.members().first_contact().await?;
        if client.members().options().follow_members {
            // The client's task tries again.
            let _ = client.members().ask_who_they_are().await;
        }
        Ok(client)
    }

    /// Like [`connect`](Self::connect), but does not wait for the cluster to answer. Watchers connect when they are polled.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`], [`Error::NoRuntime`].
    pub fn connect_lazy(self) -> Result<EtcdClient, Error> {
        if self.endpoints.is_empty() {
            return Err(Error::InvalidArgument(
                "there is no endpoint to connect to; name one at least, as in http://127.0.0.1:2379".into(),
            ));
        }
        for endpoint in &self.endpoints {
            self.check(endpoint)?;
        }
        EtcdClient::start(crate::members::Members::new(self))
    }

    /// Whether it can be an endpoint.
    pub(crate) fn check(&self, endpoint: &str) -> Result<(), Error> {
        let refuse = |why: &str| Err(Error::InvalidArgument(format!("the endpoint {endpoint:?} {why}")));
        // What may be a password is not repeated.
        if endpoint.contains('@') {
            return Err(Error::InvalidArgument(
                "an endpoint has a user in it; leave everything before the @ out and pass it as a user instead".into(),
            ));
        }
        let Ok(uri) = endpoint.parse::<Uri>() else {
            return refuse("is not a URL; etcd listens at something like http://127.0.0.1:2379");
        };
        match uri.scheme_str() {
            Some("http") => self.check_plain(endpoint)?,
            Some("https") if cfg!(feature = "tls") => {}
            Some("https") => return refuse("needs the feature `tls` of event-etcd"),
            _ => return refuse("has to begin with http:// or https://"),
        }
        if uri.host().is_none_or(str::is_empty) {
            return refuse("names no host");
        }
        // A port that is no number of 16 bits is none to `Uri`, which would mean port 80.
        let has_port = uri.authority().map(|at| at.as_str().len()) > uri.host().map(str::len);
        if has_port && uri.port_u16().is_none_or(|port| port == 0) {
            return refuse("has a port that does not exist; they go from 1 to 65535, and etcd's is 2379 mostly");
        }
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
            return refuse("has to end after the port");
        }
        Ok(())
    }

    #[cfg(feature = "tls")]
    fn check_plain(&self, endpoint: &str) -> Result<(), Error> {
        if self.tls.is_some() {
            return Err(Error::InvalidArgument(format!(
                "the endpoint {endpoint:?} is not encrypted, though there are options for TLS; write https://"
            )));
        }
        Ok(())
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "its twin needs both")]
    fn check_plain(&self, _endpoint: &str) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) fn credentials(&self) -> Option<(String, Arc<str>)> {
        self.user.clone()
    }

    pub(crate) fn requires_leader(&self) -> bool {
        self.require_leader
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An endpoint may still have a password in it, as it was not checked yet.
        let endpoints = self.endpoints.iter().map(|endpoint| match endpoint.rsplit_once('@') {
            Some((_, host)) => format!("...@{host}"),
            None => endpoint.clone(),
        });
        f.debug_struct("ClientBuilder")
            .field("endpoints", &endpoints.collect::<Vec<_>>())
            .field("user", &self.user.as_ref().map(|(name, _)| name))
            .field("request_timeout", &self.request_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("keep_alive", &self.keep_alive)
            .field("probe", &self.probe)
            .field("max_pause", &self.max_pause)
            .field("require_leader", &self.require_leader)
            .field("follow_members", &self.follow_members)
            .finish_non_exhaustive()
    }
}
