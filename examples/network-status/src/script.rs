//! The service, played: what a machine goes through with a DHCP lease.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::slice;
use std::time::{Duration, Instant};

use event_core::{MemoryValue, Runnable};
use event_supervisor::{BoxError, Context, Signal};
use futures_lite::future::or;

use crate::console::Console;
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
    step("lease renewed in a hurry", 20, &[LINK_LOCAL, FIRST]),
    step("lease moved to another address", 1, &[LINK_LOCAL, SECOND]),
    step("a router announced IPv6", 1, &[LINK_LOCAL, SECOND, V6]),
    step("new lease renewed", 1, &[LINK_LOCAL, SECOND, V6]),
    step("lease expired", 1, &[LINK_LOCAL, V6]),
    step("the link is down", 1, &[]),
    step("lease granted on another network", 1, &[LINK_LOCAL, ELSEWHERE]),
];

/// Sets the events of the script into `network`, one every `pause`. Then it waits, or, if it is to `leave_at_end`, is done.
///
/// The network goes on while the service is down: a restart continues the script where it was, and sets nothing again.
pub(crate) struct Script {
    network: MemoryValue<NetworkStatus>,
    pause: Duration,
    leave_at_end: bool,
    console: Console,
    /// What is still to happen, and when.
    steps: slice::Iter<'static, Step>,
    due: Instant,
}

impl Script {
    pub(crate) fn new(
        network: MemoryValue<NetworkStatus>,
        pause: Duration,
        leave_at_end: bool,
        console: Console,
    ) -> Self {
        Self { network, pause, leave_at_end, console, steps: SCRIPT.iter(), due: Instant::now() }
    }

    fn happen(&self, step: &Step) {
        let names = Names::new(HOSTNAME, step.addresses.iter().copied());
        let often = if step.times == 1 { String::new() } else { format!(", {} times", step.times) };
        self.console.say("service", format_args!("{}{often}: {names}", step.event));
        for _ in 0..step.times {
            self.network.set(NetworkStatus { event: step.event.to_owned(), names: names.clone() });
        }
        if self.steps.len() == 0 {
            self.console.say("service", "the script is over");
        }
    }
}

impl Runnable<Context> for Script {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        cx.signal(Signal::Healthy);
        while self.steps.len() > 0 {
            or(cx.cancelled(), cx.sleep(self.due.saturating_duration_since(Instant::now()))).await;
            if cx.is_cancelled() {
                return Ok(());
            }
            if let Some(step) = self.steps.next() {
                self.happen(step);
                self.due = Instant::now() + self.pause;
            }
        }
        if self.leave_at_end {
            // All consumers learn that nothing comes any more.
            self.network.close();
            cx.signal(Signal::Done);
        } else {
            cx.cancelled().await;
        }
        Ok(())
    }
}
