//! The service, for real: follows the addresses of this machine.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use event_core::{MemoryValue, Runnable};
use event_supervisor::{BoxError, Context, Signal};
use futures_lite::future::or;

use crate::console::Console;
use crate::ending::Ending;
use crate::failure::Failure;
use crate::runtime::Runtime;
use crate::status::{Names, NetworkStatus};

/// How often the system is asked. A producer may poll: what is watched is the value.
const PERIOD: Duration = Duration::from_secs(1);

/// This machine, as far as its network goes. Sets its state into `network` whenever it changes.
pub(crate) struct Machine<R> {
    pub(crate) network: MemoryValue<NetworkStatus>,
    pub(crate) console: Console,
    pub(crate) ending: Ending,
    pub(crate) runtime: R,
}

/// What the system answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    hostname: String,
    /// All of them, those that mean something only here included.
    addresses: BTreeSet<IpAddr>,
}

impl<R: Runtime> Runnable<Context> for Machine<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut before = match self.runtime.blocking(ask).await {
            Ok(answer) => answer,
            // Where a program may not ask, asking again does not help. What fails later is tried again, by a restart.
            Err(error) => return self.ending.give_up(failure(error), &cx).await,
        };
        cx.signal(Signal::Healthy);
        let names = before.names();
        if self.network.borrow().is_some_and(|current| current.names == names) {
            // What was set before a restart is still right. To set it again would be news to nobody.
            self.console.say("service", format_args!("as before: {names}"));
        } else {
            self.set(format!("found {}", count(before.addresses.len())), names);
        }
        loop {
            or(cx.cancelled(), cx.sleep(PERIOD)).await;
            if cx.is_cancelled() {
                return Ok(());
            }
            let now = self.runtime.blocking(ask).await?;
            if now != before {
                self.set(changes(&before, &now), now.names());
                before = now;
            }
        }
    }
}

impl<R> Machine<R> {
    fn set(&self, event: String, names: Names) {
        self.console.say("service", format_args!("{event}: {names}"));
        self.network.set(NetworkStatus { event, names });
    }
}

impl Answer {
    fn names(&self) -> Names {
        Names::new(&self.hostname, self.addresses.iter().copied())
    }
}

/// Asks the system. It may block for a moment.
fn ask() -> io::Result<Answer> {
    let addresses = if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect();
    Ok(Answer { hostname: hostname(), addresses })
}

/// What the machine is called now. The system allows names that a hosts file does not.
fn hostname() -> String {
    let name = hostname::get().unwrap_or_default().to_string_lossy().replace(|c: char| !c.is_ascii_graphic(), "-");
    if name.is_empty() { "localhost".to_owned() } else { name }
}

fn count(addresses: usize) -> String {
    if addresses == 1 { "1 address".to_owned() } else { format!("{addresses} addresses") }
}

fn changes(before: &Answer, now: &Answer) -> String {
    let came = now.addresses.difference(&before.addresses).map(|address| format!("{address} came"));
    let went = before.addresses.difference(&now.addresses).map(|address| format!("{address} went"));
    let named = (before.hostname != now.hostname).then(|| "another name".to_owned());
    came.chain(went).chain(named).collect::<Vec<_>>().join(", ")
}

fn failure(error: io::Error) -> Failure {
    Failure::new(
        "cannot follow the addresses of this machine",
        error,
        "A container or sandbox may not let programs ask the system.\n\
         Try --simulate, which plays a script instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(hostname: &str, addresses: &[&str]) -> Answer {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        Answer { hostname: hostname.to_owned(), addresses }
    }

    #[test]
    fn an_event_names_what_came_what_went_and_a_new_name() {
        let before = answer("one", &["192.0.2.1", "192.0.2.2"]);
        let now = answer("two", &["192.0.2.2", "2001:db8::1"]);
        assert_eq!(changes(&before, &now), "2001:db8::1 came, 192.0.2.1 went, another name");
    }
}
