//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};

const EXAMPLES: &str = concat!(
    "Examples:
  Follow this machine, and see what happens when an address comes or goes:
      ",
    env!("CARGO_BIN_NAME"),
    "
  Keep a hosts file in step with it:
      ",
    env!("CARGO_BIN_NAME"),
    " --hosts ./hosts
  Play the script, twice as fast as usual, and leave when it is over:
      ",
    env!("CARGO_BIN_NAME"),
    " --simulate --step 500 --exit-after-script --hosts ./hosts
  See the parts survive a crash of the service, and one of a consumer:
      ",
    env!("CARGO_BIN_NAME"),
    " --simulate --crash-after 2.5

Ends with code 0 after Ctrl-C, SIGTERM or the script, 1 when something failed, 2 when it was called wrongly."
);

/// Follows the network state of this machine: its name and its addresses.
///
/// A service learns the state and sets it into a watched value. Three consumers follow the value, each at its own pace:
/// one keeps a hosts file, one tells what has changed, and a slow one shows that it gets the newest state however much
/// it has missed. A supervisor runs them all, and starts them again when one of them dies.
#[derive(Debug, Parser)]
#[command(name = env!("CARGO_BIN_NAME"), after_help = EXAMPLES)]
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

    /// Let the service crash SECONDS after its start, and then a consumer, to see that all parts begin again.
    ///
    /// The service panics SECONDS after its start. After a pause all parts are started again, each consumer with the state that is
    /// present. SECONDS after that, the consumer that tells what has changed ends with an error, and after another pause,
    /// about twice as long, all parts are started once more. From then on nothing crashes. SECONDS may have a fraction.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) crash_after: Option<Duration>,

    #[command(flatten)]
    pub(crate) cluster: crate::cluster::Options,
}

/// An hour at most, like the other times.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "not a number of seconds between 0 and 3600".to_owned())
}

impl Args {
    pub(crate) fn step(&self) -> Duration {
        Duration::from_millis(self.step)
    }

    pub(crate) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow)
    }
}
