//! The parts, and how they belong together.

use event_core::{MemoryValue, Runnable};

use super::args::Args;
use super::console::Console;
use super::crash::{Crashes, Role};
use super::ending::Ending;
use super::hosts::Hosts;
use super::hosts_file::HostsFile;
use super::machine::Machine;
use super::script::Script;
use super::slow::Slow;
use super::status::NetworkStatus;
use crate::changes::Changes;
use crate::cluster::Cluster;
use crate::runtime::supervisor::{BoxError, BoxRunnable, Context, Signal, boxed};

/// The root of the tree: starts all others.
pub(crate) struct Parts {
    args: Args,
    hosts: Option<HostsFile>,
    /// What outlives the parts: made here, once. The service has the right to set it, the consumers that to watch it.
    network: MemoryValue<NetworkStatus>,
    cluster: Cluster,
    console: Console,
    ending: Ending,
}

impl Parts {
    pub(crate) fn new(
        args: Args,
        hosts: Option<HostsFile>,
        cluster: Cluster,
        console: Console,
        ending: Ending,
    ) -> Self {
        Self { args, hosts, network: MemoryValue::new(), cluster, console, ending }
    }

    fn service(&self) -> BoxRunnable {
        if let Some(follower) = self.cluster.follower(&self.network, &self.console) {
            return follower;
        }
        let (network, console) = (self.network.clone(), self.console.clone());
        if self.args.simulate {
            boxed(Script::new(network, self.args.step(), self.args.exit_after_script, console))
        } else {
            boxed(Machine { network, console, ending: self.ending.clone() })
        }
    }

    fn hosts(&self, file: &HostsFile) -> BoxRunnable {
        let (network, console) = (self.network.reader(), self.console.clone());
        boxed(Hosts { file: file.clone(), network, console, ending: self.ending.clone() })
    }

    fn changes(&self) -> BoxRunnable {
        boxed(Changes { network: self.network.reader(), console: self.console.clone() })
    }

    fn slow(&self) -> BoxRunnable {
        boxed(Slow { network: self.network.reader(), rest: self.args.slow(), console: self.console.clone() })
    }
}

impl Runnable<Context> for Parts {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let crashes = Crashes::after(self.args.crash_after);
        let mut group = vec![
            ("service", crashes.of(Role::Producer, self.service())),
            ("changes", crashes.of(Role::Consumer, self.changes())),
            ("slow", self.slow()),
        ];
        group.extend(
            self.cluster.publisher(self.network.reader(), &self.console).map(|publisher| ("publish", publisher)),
        );
        group.extend(self.hosts.as_ref().map(|file| ("hosts", self.hosts(file))));
        cx.run_group(group)?;
        // The parts go on.
        cx.signal(Signal::Done);
        Ok(())
    }
}
