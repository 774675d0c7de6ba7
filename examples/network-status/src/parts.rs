//! The parts, and how they belong together.

use event_core::{MemoryValue, Runnable};
use event_supervisor::{BoxError, BoxRunnable, Context, Signal, boxed};

use crate::args::Args;
use crate::changes::Changes;
use crate::cluster::Cluster;
use crate::console::Console;
use crate::crash::{Crashes, Role};
use crate::ending::Ending;
use crate::hosts::Hosts;
use crate::hosts_file::HostsFile;
use crate::machine::Machine;
use crate::runtime::Runtime;
use crate::script::Script;
use crate::slow::Slow;
use crate::status::NetworkStatus;

/// The root of the tree: starts all others.
pub(crate) struct Parts<R> {
    runtime: R,
    args: Args,
    hosts: Option<HostsFile>,
    /// It outlives the parts: made here, once. The service has the right to set it, the consumers that to watch it.
    network: MemoryValue<NetworkStatus>,
    cluster: Option<Cluster>,
    console: Console,
    ending: Ending,
}

impl<R: Runtime> Parts<R> {
    pub(crate) fn new(
        runtime: R,
        args: Args,
        hosts: Option<HostsFile>,
        cluster: Option<Cluster>,
        console: Console,
        ending: Ending,
    ) -> Self {
        Self { runtime, args, hosts, network: MemoryValue::new(), cluster, console, ending }
    }

    fn service(&self) -> BoxRunnable {
        let (network, console) = (self.network.clone(), self.console.clone());
        if self.args.simulate {
            boxed(Script::new(network, self.args.step, self.args.exit_after_script, console))
        } else {
            boxed(Machine { network, console, ending: self.ending.clone(), runtime: self.runtime })
        }
    }

    fn hosts(&self, file: &HostsFile) -> BoxRunnable {
        boxed(Hosts {
            file: file.clone(),
            network: self.network.reader(),
            console: self.console.clone(),
            ending: self.ending.clone(),
            runtime: self.runtime,
        })
    }

    fn changes(&self) -> BoxRunnable {
        boxed(Changes { network: self.network.reader(), console: self.console.clone(), runtime: self.runtime })
    }

    fn slow(&self) -> BoxRunnable {
        boxed(Slow { network: self.network.reader(), rest: self.args.slow, console: self.console.clone() })
    }

    /// Whether another process has the service.
    fn follows(&self) -> bool {
        self.args.shared.as_ref().is_some_and(|shared| shared.follow)
    }
}

impl<R: Runtime> Runnable<Context> for Parts<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let crashes = Crashes::after(self.args.crash_after);
        let mut group = vec![("changes", crashes.of(Role::Consumer, self.changes())), ("slow", self.slow())];
        group.extend(self.hosts.as_ref().map(|file| ("hosts", self.hosts(file))));
        if !self.follows() {
            group.insert(0, ("service", crashes.of(Role::Producer, self.service())));
        }
        cx.run_group(group)?;
        // A cluster may be down, or hold what cannot be read. That is no reason to restart the others.
        if let Some(cluster) = &self.cluster {
            if self.follows() {
                cx.run("follow", cluster.follower(&self.network, &self.console))?;
            } else {
                cx.run("publish", cluster.publisher(self.network.reader(), &self.console))?;
            }
        }
        // The parts go on.
        cx.signal(Signal::Done);
        Ok(())
    }
}
