//! One member of a cluster, which may be the only one.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use super::http;
use super::install::Etcd;
use super::network::Network;
use super::process::Process;

/// How long a member may take to do what it should. A busy machine needs seconds; this is for what never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before it is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Where one member is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) client: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Where it tells how it is, without TLS and tokens.
    pub(crate) health: SocketAddr,
    pub(crate) network: Option<Network>,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    place: Place,
    endpoint: String,
    process: Process,
}

impl Member {
    /// One that is not started yet. `cluster` is everyone in it, this one included; its data is a folder in `folder`.
    pub(crate) fn new(
        etcd: &Etcd,
        folder: &Path,
        place: Place,
        cluster: &[Place],
        scheme: &str,
        more: &[String],
    ) -> Self {
        let everyone: Vec<_> = cluster.iter().map(|place| format!("{}=http://{}", place.name, place.peer)).collect();
        let endpoint = format!("{scheme}://{}", place.client);
        let mut arguments = vec![
            format!("--name={}", place.name),
            format!("--data-dir={}", folder.join(&place.name).display()),
            format!("--listen-client-urls={endpoint}"),
            format!("--advertise-client-urls={endpoint}"),
            format!("--listen-peer-urls=http://{}", place.peer),
            format!("--initial-advertise-peer-urls=http://{}", place.peer),
            format!("--listen-metrics-urls=http://{}", place.health),
            format!("--initial-cluster={}", everyone.join(",")),
            // A leader that is gone is replaced soon.
            "--heartbeat-interval=50".to_owned(),
            "--election-timeout=500".to_owned(),
            // A member that was cut off does not depose the leader when it is back.
            "--pre-vote".to_owned(),
            // The cheapest; passwords are not the subject.
            "--bcrypt-cost=4".to_owned(),
        ];
        arguments.extend_from_slice(more);
        let log = folder.join(format!("{}.log", place.name));
        let process = Process::new(etcd.etcd().to_owned(), arguments, place.network.clone(), log);
        Self { place, endpoint, process }
    }

    pub(crate) const fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn name(&self) -> &str {
        &self.place.name
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits until it answers at all, which it does without a leader too, and where it is cut off.
    pub(crate) fn wait_answering(&self) {
        self.wait("does not answer", || self.health(self.place.network.as_ref()).is_some());
    }

    /// Waits until it can serve those in `network`: it and enough others have a leader.
    pub(crate) fn wait_healthy(&self, network: Option<&Network>) {
        self.wait("is not healthy", || {
            self.health(network).is_some_and(|answer| answer.contains(r#""health":"true""#))
        });
    }

    /// Waits until a linearizable read succeeds, which may be more than a second after the member has called itself
    /// healthy: a read that is lost in an election keeps the next ones waiting (etcd-io/etcd#9566). Only without TLS.
    ///
    /// Where users need a name, the refusal is an answer: it comes after the wait.
    pub(crate) fn wait_readable(&self, network: Option<&Network>) {
        let read = || http::request(self.place.client, "POST /v3/kv/range", r#"{"key":"AA=="}"#);
        let answers = ["\"revision\"", "user name is empty"];
        self.wait("cannot be read", || {
            get(network, read).is_some_and(|text| answers.iter().any(|&it| text.contains(it)))
        });
    }

    fn health(&self, network: Option<&Network>) -> Option<String> {
        get(network, || http::request(self.place.health, "GET /health", ""))
    }

    /// Who this member thinks is the leader, in which term, and who itself is. Where users are on, etcd 3.5.28 and later tells only
    /// a `user`, which is `name:password`.
    pub(crate) fn view(&self, network: Option<&Network>, user: Option<&str>) -> Option<View> {
        self.view_as(network, None).or_else(|| {
            let (name, password) = user?.split_once(':')?;
            let body = format!(r#"{{"name":"{name}","password":"{password}"}}"#);
            let answer = get(network, || http::request(self.place.client, "POST /v3/auth/authenticate", &body))?;
            self.view_as(network, Some(http::field(&answer, "token")?))
        })
    }

    fn view_as(&self, network: Option<&Network>, token: Option<&str>) -> Option<View> {
        let status = || http::request_as(self.place.client, "POST /v3/maintenance/status", token, "{}");
        let answer = get(network, status)?;
        let field = |name| http::field(&answer, name)?.parse().ok();
        Some(View { member: field("member_id")?, leader: field("leader")?, term: field("raftTerm")? })
    }

    fn wait(&self, trouble: &str, mut done: impl FnMut() -> bool) {
        let start = Instant::now();
        while !done() {
            let name = &self.place.name;
            if let Some(end) = self.process.end() {
                panic!("{name} {end}; its log ends with\n{}", self.process.tail());
            }
            if start.elapsed() > PATIENCE {
                panic!("{name} {trouble} after {PATIENCE:?}; its log ends with\n{}", self.process.tail());
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// What a member knows of its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) member: u64,
    pub(crate) leader: u64,
    pub(crate) term: u64,
}

fn get(network: Option<&Network>, ask: impl FnOnce() -> std::io::Result<String> + Send) -> Option<String> {
    match network {
        None => ask(),
        Some(network) => network.inside(ask),
    }
    .ok()
}
