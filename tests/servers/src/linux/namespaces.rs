//! Three servers, each in a network of its own, on a switch that any of them can be taken off.

use core::net::{Ipv4Addr, SocketAddr};
use core::ops::Deref;

use super::cluster::Cluster;
use super::install::Etcd;
use super::member::Place;
use super::network::Network;
use super::options::Options;

/// How many servers there are.
const MEMBERS: u8 = 3;

/// Where clients are.
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);

/// A [`Cluster`] of three, each in a network namespace of its own, and a fourth with a switch (a bridge) between them,
/// where the clients are too.
///
/// The namespaces have no names and the machine's own network is left alone, so that nothing has to be removed: with
/// the servers, and with what [`run_inside`](Self::run_inside) has started, all of it goes.
///
/// ```no_run
/// # let etcd = event_test_servers::install().unwrap();
/// let namespaces = event_test_servers::Namespaces::start(&etcd).unwrap();
/// namespaces.cut(0);
/// namespaces.run_inside(|| println!("a client of {} hears nothing", namespaces.endpoint(0)));
/// namespaces.heal(0);
/// namespaces.wait_healthy();
/// ```
#[derive(Debug)]
pub struct Namespaces {
    cluster: Cluster,
    switch: Network,
    members: Vec<Network>,
}

impl Namespaces {
    /// Starts them and waits until all are healthy.
    ///
    /// # Errors
    ///
    /// Why it cannot be done here: it needs root's rights over networks, and `ip` of iproute2.
    ///
    /// # Panics
    ///
    /// If a member is not healthy within a minute, with the end of its log.
    pub fn start(etcd: &Etcd) -> Result<Self, String> {
        let switch = switch()?;
        let members = (0..MEMBERS).map(|i| plug(&switch, i)).collect::<Result<Vec<_>, _>>()?;
        let place = |(i, network): (u8, &Network)| {
            let at = |port| SocketAddr::from((address(i), port));
            let (client, peer, health) = (at(2379), at(2380), at(2381));
            Place { name: format!("n{}", i + 1), client, peer, health, network: Some(network.clone()) }
        };
        let places: Vec<_> = (0..).zip(&members).map(place).collect();
        let cluster = Cluster::start_at(etcd, &places, Options::new(), Some(switch.clone()));
        Ok(Self { cluster, switch, members })
    }

    /// Tries whether they can be had here, without a server.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn probe() -> Result<(), String> {
        plug(&switch()?, 0).map(drop)
    }

    /// Cuts member `i` off from the others and from the clients: what is sent is lost, and no connection is closed.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn cut(&self, i: usize) {
        self.link(i, "down");
    }

    /// Connects member `i` again. It takes a while until the others notice: [`wait_healthy`](Cluster::wait_healthy).
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn heal(&self, i: usize) {
        self.link(i, "up");
    }

    fn link(&self, i: usize, state: &str) {
        assert!(i < self.members.len(), "there is no member {i}");
        self.switch.ip(&format!("link set port{i} {state}")).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Runs `f` where the clients are, on a thread of its own, and passes its panic on. What `f` connects, binds and
    /// spawns is there too; a runtime has to be made in `f`. Others see the machine's network as before.
    pub fn run_inside<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        self.switch.inside(f)
    }

    /// Runs `f` where member `i` is, likewise: it reaches that member also while that is cut off.
    pub fn run_beside<R: Send>(&self, i: usize, f: impl FnOnce() -> R + Send) -> R {
        self.members[i].inside(f)
    }
}

impl Deref for Namespaces {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

fn switch() -> Result<Network, String> {
    let switch = Network::new()?;
    switch.ip("link add switch type bridge")?;
    switch.ip(&format!("addr add {CLIENT}/24 dev switch"))?;
    switch.ip("link set switch up")?;
    Ok(switch)
}

/// A network of its own, with a cable to the switch.
fn plug(switch: &Network, i: u8) -> Result<Network, String> {
    let member = Network::new()?;
    switch.ip(&format!("link add port{i} type veth peer name eth0 netns {}", member.path()))?;
    switch.ip(&format!("link set port{i} master switch up"))?;
    member.ip(&format!("addr add {}/24 dev eth0", address(i)))?;
    member.ip("link set eth0 up")?;
    Ok(member)
}

const fn address(i: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, i + 1)
}
