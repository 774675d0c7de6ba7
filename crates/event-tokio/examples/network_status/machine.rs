//! The service, for real: follows the addresses of this machine.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use event_core::MemoryValue;
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::failure::Failure;
use crate::status::{Names, NetworkStatus};

/// If the system has not named any address by then, there is none.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// This machine, as far as its network goes.
pub(crate) struct Machine {
    addresses: IfWatcher,
}

fn failure(error: io::Error) -> Failure {
    Failure::new(
        "cannot follow the addresses of this machine",
        error,
        "A container or sandbox may not let programs ask the system (on Linux: over netlink). \
         Try --simulate, which plays a script instead.",
    )
}

impl Machine {
    /// Has to be called inside the runtime.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self { addresses: IfWatcher::new().map_err(failure)? })
    }

    /// Sets the state of the network into `network` whenever it changes.
    pub(crate) async fn follow(
        mut self,
        network: MemoryValue<NetworkStatus>,
        console: Console,
        shutdown: CancellationToken,
    ) -> Result<(), Failure> {
        let mut events = tokio::select! {
            events = timeout(FIRST_ANSWER, self.events()) => events.unwrap_or(Ok(Vec::new())),
            () = shutdown.cancelled() => return Ok(()),
        };
        loop {
            let event = describe(&events.map_err(failure)?);
            let names = Names::new(&hostname(), self.addresses.iter().map(|net| net.addr()));
            console.say("service", format_args!("{event}: {names}"));
            network.set(NetworkStatus { event, names });
            events = tokio::select! {
                events = self.events() => events,
                () = shutdown.cancelled() => return Ok(()),
            };
        }
    }

    /// Waits for an event, and gives it together with those that came at the same time.
    async fn events(&mut self) -> io::Result<Vec<IfEvent>> {
        let mut events = Vec::new();
        poll_fn(|cx| {
            while let Poll::Ready(event) = self.addresses.poll_if_event(cx) {
                match event {
                    Ok(event) => events.push(event),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            if events.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
        })
        .await?;
        Ok(events)
    }
}

fn describe(events: &[IfEvent]) -> String {
    let all: Vec<_> = events
        .iter()
        .map(|event| match event {
            IfEvent::Up(net) => format!("{net} came"),
            IfEvent::Down(net) => format!("{net} went"),
        })
        .collect();
    if all.is_empty() { "nothing came".to_owned() } else { all.join(", ") }
}

/// What the machine is called now. The system allows names that a hosts file does not.
fn hostname() -> String {
    let name = hostname::get().unwrap_or_default().to_string_lossy().replace(|c: char| !c.is_ascii_graphic(), "-");
    if name.is_empty() { "localhost".to_owned() } else { name }
}
