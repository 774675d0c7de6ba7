//! The other example can publish the state in an etcd cluster. This one keeps it to itself.

use event_core::{MemoryReader, MemoryValue};

use crate::runtime::supervisor::BoxRunnable;
use crate::shared::{Console, Failure, NetworkStatus};

/// Nothing on the command line is about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

impl Options {
    pub(crate) fn cluster(&self) -> Result<Cluster, Failure> {
        Ok(Cluster)
    }
}

/// Nowhere.
pub(crate) struct Cluster;

impl Cluster {
    pub(crate) fn purpose(&self) -> Option<String> {
        None
    }

    pub(crate) fn publisher(&self, _network: MemoryReader<NetworkStatus>, _console: &Console) -> Option<BoxRunnable> {
        None
    }

    pub(crate) fn follower(&self, _network: &MemoryValue<NetworkStatus>, _console: &Console) -> Option<BoxRunnable> {
        None
    }
}
