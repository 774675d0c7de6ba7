//! Ports on loopback that no other test of ours takes, also while its server is down.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// Below the ports that Linux gives to whoever asks for any, so that no connection takes one while its server is down.
const FIRST: u16 = 16_000;
const COUNT: u16 = 16_000;

/// A port that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    // A name that one process can have at a time, and that goes when the process does.
    _claim: UnixListener,
}

impl Port {
    /// One that nobody listens on.
    pub(crate) fn claim() -> Self {
        // Processes begin at different places, so that they rarely meet.
        let start = std::process::id().wrapping_mul(97);
        let numbers =
            (0..u32::from(COUNT)).filter_map(|n| u16::try_from(start.wrapping_add(n) % u32::from(COUNT)).ok());
        numbers.map(|n| FIRST + n).find_map(Self::try_claim).expect("a free port on loopback")
    }

    fn try_claim(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("event-test-servers/{number}")).ok()?;
        let claim = UnixListener::bind_addr(&name).ok()?;
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _claim: claim })
    }

    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}
