//! The state of the network in an etcd cluster: one process publishes it there, others follow.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use event_core::{BoxError, MemoryReader, MemoryValue, Runnable};
use event_etcd::{EtcdClient, EtcdValue, Status};
use serde_json::{Value as Json, json};

use crate::runtime::supervisor::{BoxRunnable, Context, Signal, boxed};
use crate::shared::status::Names;
use crate::shared::{Console, Failure, NetworkStatus};

/// What was published is deleted so long after its service was last heard of.
const LEASE: Duration = Duration::from_secs(5);

/// So long a member has time to answer. Then it is the next one's turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The part of the command line that is about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Publish the state in the etcd cluster with these endpoints, such as http://127.0.0.1:2379, separated by commas.
    ///
    /// It is published with a lease, so it is deleted when this process ends or dies.
    #[arg(long, value_name = "URL,..", value_delimiter = ',')]
    etcd: Vec<String>,

    /// Run no service, and have the consumers follow what a service in another process publishes in the cluster.
    #[arg(long, requires = "etcd", conflicts_with_all = ["simulate", "crash_after"])]
    follow: bool,

    /// The key in the cluster.
    #[arg(long, value_name = "KEY", default_value = "network_status", requires = "etcd")]
    key: String,
}

impl Options {
    /// A client, if there is to be one. It is not connected yet: what it is for finds out, and lives through failures.
    pub(crate) fn cluster(&self) -> Result<Cluster, Failure> {
        if self.etcd.is_empty() {
            return Ok(Cluster { client: None, key: self.key.clone(), follow: false });
        }
        let client = EtcdClient::builder(&self.etcd).request_timeout(PATIENCE).connect_lazy();
        let client = client.map_err(|error| Failure::new("cannot use --etcd", error, "See --help for an example."))?;
        // Nothing is requested for this yet.
        let cluster = Cluster { client: Some(client), key: self.key.clone(), follow: self.follow };
        cluster.value().map_err(|error| Failure::new("cannot use --key", error, "Name another one."))?;
        Ok(cluster)
    }
}

/// Where the state is kept beside this process.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Option<EtcdClient>,
    key: String,
    follow: bool,
}

impl Cluster {
    /// What this process does, if that is not to follow this machine.
    pub(crate) fn purpose(&self) -> Option<String> {
        self.follow.then(|| format!("following {:?} in the cluster", self.key))
    }

    /// What publishes the state, if that is to be.
    pub(crate) fn publisher(&self, network: MemoryReader<NetworkStatus>, console: &Console) -> Option<BoxRunnable> {
        let publishes = self.client.is_some() && !self.follow;
        publishes.then(|| boxed(Publish { cluster: self.clone(), network, console: console.clone() }))
    }

    /// What takes the place of the service, if another process has it.
    pub(crate) fn follower(&self, network: &MemoryValue<NetworkStatus>, console: &Console) -> Option<BoxRunnable> {
        let follow = || Follow { cluster: self.clone(), network: network.clone(), console: console.clone() };
        self.follow.then(|| boxed(follow()))
    }

    fn value(&self) -> Result<EtcdValue<Option<NetworkStatus>>, event_etcd::Error> {
        let client = self.client.as_ref().expect("parts that use the cluster are made only if there is one");
        EtcdValue::builder(client).key(&*self.key).decoder(|_key, json| json.map(decode).transpose()).build()
    }
}

/// Publishes the state of the network.
struct Publish {
    cluster: Cluster,
    network: MemoryReader<NetworkStatus>,
    console: Console,
}

impl Runnable<Context> for Publish {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let client = self.cluster.client.as_ref().ok_or("there is no cluster")?;
        let lease = tokio::select! {
            biased;
            () = cx.cancelled() => return Ok(()),
            lease = client.lease(LEASE) => lease?,
        };
        let published = self.cluster.value()?.with_lease(lease.id());
        self.console.say("publish", format_args!("keeps {:?} in the cluster", self.cluster.key));
        cx.signal(Signal::Healthy);
        let publish = async {
            let mut network = self.network.watch();
            loop {
                match network.get().await {
                    Ok(status) => {
                        let revision = published.set(encode(&status)).await?;
                        self.console.say("publish", format_args!("revision {revision}: {}", status.event));
                    }
                    Err(error) => {
                        self.console.say("publish", format_args!("ends, because {error}"));
                        return Ok::<_, BoxError>(());
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = cx.cancelled() => {}
            () = lease.lost() => return Err("the cluster has ended the lease: nothing was heard of this process in time".into()),
            ended = publish => {
                ended?;
                cx.signal(Signal::Done);
            }
        }
        // If nobody answers in time, the lease ends by itself.
        let _ = lease.revoke().await;
        Ok(())
    }
}

/// Sets what another process publishes.
struct Follow {
    cluster: Cluster,
    network: MemoryValue<NetworkStatus>,
    console: Console,
}

impl Runnable<Context> for Follow {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut published = self.cluster.value()?.watch();
        let mut touch = published.status().watch();
        let mut in_touch = None;
        self.console.say("follow", format_args!("waits for {:?} in the cluster", self.cluster.key));
        cx.signal(Signal::Healthy);
        loop {
            tokio::select! {
                biased;
                () = cx.cancelled() => return Ok(()),
                status = touch.get() => self.tell(&status?, &mut in_touch),
                got = published.get() => match got? {
                    Some(status) => {
                        self.console.say("follow", format_args!("{}: {}", status.event, status.names));
                        self.network.set(status);
                    }
                    None => {
                        self.console.say("follow", "the service has gone, and what it published with it");
                        self.network.clear();
                    }
                },
            }
        }
    }
}

impl Follow {
    /// Tells when the cluster is lost and when it is there again, but not of each revision.
    fn tell(&self, status: &Status, in_touch: &mut Option<bool>) {
        let now = match status {
            Status::Synced { .. } => true,
            Status::Stale { .. } => false,
            _ => return,
        };
        if in_touch.replace(now) == Some(now) {
            return;
        }
        match status {
            Status::Stale { cause, .. } => self.console.say("follow", format_args!("is out of touch: {cause}")),
            status => self.console.say("follow", format_args!("is {status}")),
        }
    }
}

fn encode(status: &NetworkStatus) -> String {
    let NetworkStatus { event, names: Names { hostname, addresses } } = status;
    json!({ "event": event, "hostname": hostname, "addresses": addresses }).to_string()
}

fn decode(json: &[u8]) -> Result<NetworkStatus, BoxError> {
    let json: Json = serde_json::from_slice(json)?;
    let text = |name: &str| json[name].as_str().map(str::to_owned).ok_or_else(|| format!("there is no text {name:?}"));
    let addresses: BTreeSet<IpAddr> = serde_json::from_value(json["addresses"].clone())?;
    Ok(NetworkStatus { event: text("event")?, names: Names { hostname: text("hostname")?, addresses } })
}
