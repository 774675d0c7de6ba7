//! What the service knows about the network.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// The network state of a machine. This is what the value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkStatus {
    /// What has happened last, for people.
    pub(crate) event: String,
    pub(crate) names: Names,
}

/// What the machine is called, and where it is found under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) hostname: String,
    /// Without those that mean something on this machine or on one link only.
    pub(crate) addresses: BTreeSet<IpAddr>,
}

impl Names {
    pub(crate) fn new(hostname: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().filter(is_global).collect();
        Self { hostname: hostname.to_owned(), addresses }
    }
}

fn is_global(address: &IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !is_link_local && !address.is_loopback() && !address.is_unspecified()
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has ", self.hostname)?;
        if self.addresses.is_empty() {
            return f.write_str("no address");
        }
        for (n, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
