//! The script of `--simulate`, as far as the tests know it.

use std::ffi::OsStr;
use std::path::Path;

use crate::program::process::{Example, Finished};

/// The hosts file before there is an address, and the beginning of every other one.
pub(crate) const BEGINNING: &str = "# Kept by network-status.\n127.0.0.1 localhost\n::1 localhost\n";

/// The hosts file after the script.
pub(crate) fn last_content() -> String {
    format!("{BEGINNING}198.51.100.23 simulated\n")
}

/// What the script makes of the names, each time that they change.
pub(crate) const NAMES: [&str; 7] = [
    "simulated has no address",
    "simulated has 192.0.2.10",
    "simulated has 192.0.2.77",
    "simulated has 192.0.2.77, 2001:db8::4d",
    "simulated has 2001:db8::4d",
    "simulated has no address",
    "simulated has 198.51.100.23",
];

/// What happens, and how often in one go. Each time the value is set.
pub(crate) const EVENTS: [(&str, u64); 10] = [
    ("the link is up", 1),
    ("lease granted", 1),
    ("lease renewed", 1),
    ("lease renewed in a hurry", WITHOUT_PAUSE),
    ("lease moved to another address", 1),
    ("a router announced IPv6", 1),
    ("new lease renewed", 1),
    ("lease expired", 1),
    ("the link is down", 1),
    ("lease granted on another network", 1),
];

pub(crate) const WITHOUT_PAUSE: u64 = 20;

/// The first event comes immediately, and no other one within the time of a test.
pub(crate) const ONE_EVENT: [&str; 3] = ["--simulate", "--step", "3600000"];

/// Begins to play the first event.
pub(crate) fn start_with_one_event<'a>(more: impl IntoIterator<Item = &'a OsStr>) -> Example {
    Example::start(ONE_EVENT.map(OsStr::new).into_iter().chain(more))
}

/// Plays it with the hosts file at `hosts`, and waits for the end.
pub(crate) fn play_to_the_end(hosts: &Path) -> Finished {
    let options = ["--simulate", "--exit-after-script", "--step", "20", "--slow", "50", "--hosts"];
    Example::start(options.map(Path::new).into_iter().chain([hosts])).finish()
}
