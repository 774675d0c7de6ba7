//! The state of the network in an etcd cluster: one process publishes it there, others follow.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use event_core::{BoxError, MemoryReader, MemoryValue, Runnable};
use event_etcd::{EtcdClient, EtcdValue, Status};
use event_supervisor::{BoxRunnable, Context, Signal, boxed};
use serde_json::{Value as Json, json};

use crate::args::Shared;
use crate::console::Console;
use crate::failure::Failure;
use crate::status::{Names, NetworkStatus};

/// What was published is deleted so long after its service was last heard of.
const LEASE: Duration = Duration::from_secs(5);

/// How long a member has time to answer. Then the next one is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the state is kept beside this process.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: EtcdClient,
    key: String,
}

impl Cluster {
    /// A client. It is not connected yet: the part that uses it does that, and survives failures.
    pub(crate) fn new(shared: Shared) -> Result<Self, Failure> {
        let client = EtcdClient::builder(&shared.endpoints).request_timeout(PATIENCE).connect_lazy();
        let client = client.map_err(|error| Failure::new("cannot use --etcd", error, "See --help for an example."))?;
        // Nothing is requested for this yet.
        let cluster = Self { client, key: shared.key };
        cluster.value().map_err(|error| Failure::new("cannot use --key", error, "Name another one."))?;
        Ok(cluster)
    }

    /// What publishes the state.
    pub(crate) fn publisher(&self, network: MemoryReader<NetworkStatus>, console: &Console) -> BoxRunnable {
        boxed(Publish { cluster: self.clone(), network, console: console.clone() })
    }

    /// What takes the place of the service, if another process has it.
    pub(crate) fn follower(&self, network: &MemoryValue<NetworkStatus>, console: &Console) -> BoxRunnable {
        boxed(Follow { cluster: self.clone(), network: network.clone(), console: console.clone() })
    }

    fn value(&self) -> Result<EtcdValue<Option<NetworkStatus>>, event_etcd::Error> {
        let decode = |key: &[u8], json: Option<&[u8]>| {
            let status = json.map(decode).transpose();
            let key = || key.escape_ascii().to_string();
            status.map_err(|error| format!("cannot read what is stored at {:?}: {error}", key()).into())
        };
        EtcdValue::builder(&self.client).key(&*self.key).decoder(decode).build()
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
        let lease = tokio::select! {
            biased;
            () = cx.cancelled() => return Ok(()),
            lease = self.cluster.client.lease(LEASE) => lease?,
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
            () = lease.lost() => return Err("the cluster has ended the lease, since it did not hear of this process in time".into()),
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
                status = touch.get() => self.report(&status?, &mut in_touch),
                got = published.get() => match got? {
                    Some(status) if self.network.borrow().is_some_and(|current| *current == status) => {
                        // What was set before a restart is still right.
                        self.console.say("follow", format_args!("as before: {}", status.names));
                    }
                    Some(status) => {
                        self.console.say("follow", format_args!("{}: {}", status.event, status.names));
                        self.network.set(status);
                    }
                    None => {
                        self.console.say("follow", "the service has ended, and its state was deleted");
                        self.network.clear();
                    }
                },
            }
        }
    }
}

impl Follow {
    /// Reports when the cluster is lost and when it is back, but not each revision.
    fn report(&self, status: &Status, in_touch: &mut Option<bool>) {
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
