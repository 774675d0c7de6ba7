//! Ports on loopback that nobody else listens on for as long as this process lives.

use core::sync::atomic::{AtomicU32, Ordering};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Mutex, PoisonError};

/// Below the ports that Linux assigns to connections, so that no connection takes one while its server is down.
const FIRST: u16 = 16_000;
const COUNT: u16 = 16_000;

/// A port that no other test listens on, in this process or another one, until this process ends.
///
/// A test may expect that nobody answers where its server was, long after the server was dropped. So a port is never used
/// twice in a process, and other processes leave it alone while this one lives.
pub(crate) fn claim() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Each stands for a port. They are closed by the end of the process.
    static CLAIMS: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    // Processes begin at different places, so that they rarely meet.
    let start = std::process::id().wrapping_mul(97);
    loop {
        // Ordering: each number is taken by one caller, and nothing else depends on it.
        let offset = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(offset < u32::from(COUNT), "no port on loopback is left between {FIRST} and {}", FIRST + COUNT);
        let number = FIRST + u16::try_from(start.wrapping_add(offset) % u32::from(COUNT)).expect("COUNT is an u16");
        if let Some(claim) = try_claim(number) {
            CLAIMS.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
            return number;
        }
    }
}

/// Takes a name that one process can have at a time, if the port is free as well.
fn try_claim(number: u16) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("event-test-servers/{number}")).ok()?;
    let claim = UnixListener::bind_addr(&name).ok()?;
    TcpListener::bind(("127.0.0.1", number)).ok()?;
    Some(claim)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn a_port_is_never_handed_out_twice() {
        let ports: HashSet<_> = (0..100).map(|_| super::claim()).collect();
        assert_eq!(ports.len(), 100);
    }
}
