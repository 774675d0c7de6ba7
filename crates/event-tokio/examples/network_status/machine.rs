//! The service, for real: follows the addresses of this machine.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use event_core::{MemoryValue, Runnable};
use futures_lite::future::or;
use if_watch::IfEvent;

use super::console::Console;
use super::ending::Ending;
use super::failure::Failure;
use super::status::{Names, NetworkStatus};
use crate::runtime::IfWatcher;
use crate::runtime::supervisor::{BoxError, Context, Signal};

/// If the system has not named any address by then, there is none.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// This machine, as far as its network goes. Sets its state into `network` whenever it changes.
pub(crate) struct Machine {
    pub(crate) network: MemoryValue<NetworkStatus>,
    pub(crate) console: Console,
    pub(crate) ending: Ending,
}

fn failure(error: io::Error) -> Failure {
    Failure::new(
        "cannot follow the addresses of this machine",
        error,
        "A container or sandbox may not let programs ask the system (on Linux: over netlink). \
         Try --simulate, which plays a script instead.",
    )
}

impl Runnable<Context> for Machine {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let cancelled = async {
            cx.cancelled().await;
            Ok(())
        };
        or(cancelled, self.follow(&cx)).await
    }
}

impl Machine {
    async fn follow(&self, cx: &Context) -> Result<(), BoxError> {
        let (mut addresses, found) = match begin(cx).await {
            Ok(begun) => begun,
            // Where a program may not ask, asking again does not help. What fails later is tried again, by a restart.
            Err(error) => return self.ending.give_up(failure(error), cx).await,
        };
        cx.signal(Signal::Healthy);
        let names = names(&addresses);
        if self.network.borrow().is_some_and(|present| present.names == names) {
            // What was set before a restart is still right. To set it again would be news to nobody.
            self.console.say("service", format_args!("as before: {names}"));
        } else {
            self.set(&found, names);
        }
        loop {
            let events = next(&mut addresses).await?;
            self.set(&events, self::names(&addresses));
        }
    }

    fn set(&self, events: &[IfEvent], names: Names) {
        let event = describe(events);
        self.console.say("service", format_args!("{event}: {names}"));
        self.network.set(NetworkStatus { event, names });
    }
}

/// Asks for the addresses, and waits for the first answer.
async fn begin(cx: &Context) -> io::Result<(IfWatcher, Vec<IfEvent>)> {
    let mut addresses = IfWatcher::new()?;
    let no_answer = async {
        cx.sleep(FIRST_ANSWER).await;
        Ok(Vec::new())
    };
    let found = or(next(&mut addresses), no_answer).await?;
    Ok((addresses, found))
}

/// Waits for an event, and gives it together with those that came at the same time.
async fn next(addresses: &mut IfWatcher) -> io::Result<Vec<IfEvent>> {
    let mut events = Vec::new();
    poll_fn(|cx| {
        while let Poll::Ready(event) = addresses.poll_if_event(cx) {
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

fn names(addresses: &IfWatcher) -> Names {
    Names::new(&hostname(), addresses.iter().map(|net| net.addr()))
}

/// What the machine is called now. The system allows names that a hosts file does not.
fn hostname() -> String {
    let name = hostname::get().unwrap_or_default().to_string_lossy().replace(|c: char| !c.is_ascii_graphic(), "-");
    if name.is_empty() { "localhost".to_owned() } else { name }
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
