//! What is new, from one state of the network to the next.

use std::time::Duration;

use crate::console::Console;
use crate::status::{Names, NetworkStatus};

/// After so long without news the consumer says that it is still there.
pub(crate) const STILL_THERE: Duration = Duration::from_secs(10);

/// Prints the difference between what was received and what was received before. Every run has one of its own.
pub(crate) struct Differences {
    before: Option<Names>,
    received: u64,
    console: Console,
}

impl Differences {
    pub(crate) fn new(console: Console) -> Self {
        Self { before: None, received: 0, console }
    }

    pub(crate) fn received(&mut self, status: NetworkStatus) {
        self.received += 1;
        self.say(&difference(self.before.as_ref(), &status.names));
        self.before = Some(status.names);
    }

    pub(crate) fn nothing_received(&self) {
        self.say(&format!("no news for {STILL_THERE:?}"));
    }

    pub(crate) fn end(&self) {
        self.say(&format!("ends, having received {} times", self.received));
    }

    fn say(&self, what: &str) {
        self.console.say("changes", what);
    }
}

fn difference(before: Option<&Names>, now: &Names) -> String {
    let Some(before) = before else { return format!("begins with: {now}") };
    let gone = before.addresses.difference(&now.addresses).map(|address| format!("- {address}"));
    let new = now.addresses.difference(&before.addresses).map(|address| format!("+ {address}"));
    let mut all: Vec<_> = gone.chain(new).collect();
    if before.hostname != now.hostname {
        all.insert(0, format!("the name is now {}", now.hostname));
    }
    if all.is_empty() { "the addresses are the same".to_owned() } else { all.join(", ") }
}
