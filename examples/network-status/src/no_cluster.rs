//! Without the feature `etcd`, the state stays in this process.

use event_core::{MemoryReader, MemoryValue};
use event_supervisor::BoxRunnable;

use crate::args::Shared;
use crate::console::Console;
use crate::failure::Failure;
use crate::status::NetworkStatus;

/// There is none: `args` refuses the options.
pub(crate) enum Cluster {}

impl Cluster {
    pub(crate) fn new(shared: Shared) -> Result<Self, Failure> {
        let Shared { endpoints, key, .. } = shared;
        Err(Failure::new("cannot use --etcd", format!("{endpoints:?}, {key:?}"), "Build it with the feature `etcd`."))
    }

    pub(crate) fn publisher(&self, _network: MemoryReader<NetworkStatus>, _console: &Console) -> BoxRunnable {
        match *self {}
    }

    pub(crate) fn follower(&self, _network: &MemoryValue<NetworkStatus>, _console: &Console) -> BoxRunnable {
        match *self {}
    }
}
