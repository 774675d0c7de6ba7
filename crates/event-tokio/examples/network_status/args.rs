//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};

const EXAMPLES: &str = "\
Examples:
  Follow this machine, and see what happens when an address comes or goes:
      network_status
  Keep a hosts file in step with it:
      network_status --hosts ./hosts
  Play the script, twice as fast as usual, and leave when it is over:
      network_status --simulate --step 500 --exit-after-script --hosts ./hosts

Ends with code 0 after Ctrl-C, SIGTERM or the script, 1 when something failed, 2 when it was called wrongly.";

/// Follows the network state of this machine: its name and its addresses.
///
/// A service learns the state and sets it into a watched value. Three consumers follow the value, each at its own pace:
/// one keeps a hosts file, one tells what has changed, and a slow one shows that it gets the newest state however much
/// it has missed.
#[derive(Debug, Parser)]
#[command(name = "network_status", after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Keep a hosts file at PATH: it is replaced, in one step, whenever the addresses have changed.
    ///
    /// Its permissions stay. The directory has to exist and to be writable.
    #[arg(long, value_name = "PATH")]
    pub(crate) hosts: Option<PathBuf>,

    /// Play a scripted DHCP lease instead of asking the machine.
    #[arg(long)]
    pub(crate) simulate: bool,

    /// Time between two events of the script, in milliseconds.
    #[arg(long, value_name = "MILLIS", default_value_t = 1000, requires = "simulate",
          value_parser = value_parser!(u64).range(1..=3_600_000))]
    step: u64,

    /// End after the last event of the script, instead of waiting for Ctrl-C.
    #[arg(long, requires = "simulate")]
    pub(crate) exit_after_script: bool,

    /// How long the slow consumer rests after each state that it has got, in milliseconds.
    #[arg(long, value_name = "MILLIS", default_value_t = 3000, value_parser = value_parser!(u64).range(0..=3_600_000))]
    slow: u64,
}

impl Args {
    pub(crate) fn step(&self) -> Duration {
        Duration::from_millis(self.step)
    }

    pub(crate) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow)
    }
}
