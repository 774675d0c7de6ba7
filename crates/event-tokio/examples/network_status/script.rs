//! The service, played: what a machine goes through with a DHCP lease.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use event_core::MemoryValue;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::failure::Failure;
use crate::status::{Names, NetworkStatus};

const HOSTNAME: &str = "simulated";

/// The addresses are those kept for documentation, RFC 5737 and RFC 3849.
const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 23));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x4d));
const LINK_LOCAL: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x4d));

struct Step {
    event: &'static str,
    /// How often it happens, without a pause. Only the last time is seen by those who watch.
    times: usize,
    addresses: &'static [IpAddr],
}

const fn step(event: &'static str, times: usize, addresses: &'static [IpAddr]) -> Step {
    Step { event, times, addresses }
}

const SCRIPT: &[Step] = &[
    step("the link is up", 1, &[LINK_LOCAL]),
    step("lease granted", 1, &[LINK_LOCAL, FIRST]),
    step("lease renewed", 1, &[LINK_LOCAL, FIRST]),
    step("lease renewed by an eager client", 20, &[LINK_LOCAL, FIRST]),
    step("lease moved to another address", 1, &[LINK_LOCAL, SECOND]),
    step("a router announced IPv6", 1, &[LINK_LOCAL, SECOND, V6]),
    step("lease renewed", 1, &[LINK_LOCAL, SECOND, V6]),
    step("lease expired", 1, &[LINK_LOCAL, V6]),
    step("the link is down", 1, &[]),
    step("lease granted on another network", 1, &[LINK_LOCAL, ELSEWHERE]),
];

/// Sets the events of the script into `network`, one every `pause`, and closes it at the end if it is to `leave_at_end`.
pub(crate) async fn play(
    network: MemoryValue<NetworkStatus>,
    pause: Duration,
    leave_at_end: bool,
    console: Console,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for step in SCRIPT {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let names = Names::new(HOSTNAME, step.addresses.iter().copied());
        let often = if step.times == 1 { String::new() } else { format!(", {} times", step.times) };
        console.say("service", format_args!("{}{often}: {names}", step.event));
        for _ in 0..step.times {
            network.set(NetworkStatus { event: step.event.to_owned(), names: names.clone() });
        }
    }
    console.say("service", "the script is over");
    if !leave_at_end {
        shutdown.cancelled().await;
    }
    Ok(())
}
