//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::help;

/// What the program is to do.
pub(crate) struct Args {
    pub(crate) hosts: Option<PathBuf>,
    pub(crate) simulate: bool,
    pub(crate) step: Duration,
    pub(crate) exit_after_script: bool,
    pub(crate) slow: Duration,
    pub(crate) crash_after: Option<Duration>,
    pub(crate) shared: Option<Shared>,
}

/// Where the state is shared with other processes.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) endpoints: Vec<String>,
    pub(crate) key: String,
    /// Whether this process follows what another one publishes.
    pub(crate) follow: bool,
}

/// The options that are about the cluster.
const OF_CLUSTER: [&str; 3] = ["etcd", "follow", "key"];

impl Args {
    /// Those of this process. Ends it if they are wrong, or ask for nothing but help.
    pub(crate) fn of_process(name: &'static str, has_cluster: bool) -> Self {
        let mut command = command(name, has_cluster);
        let given = command.get_matches_mut();
        if !has_cluster {
            if let Some(option) = OF_CLUSTER.into_iter().find(|option| given.contains_id(option)) {
                command.error(ErrorKind::UnknownArgument, help::no_cluster(name, option)).exit();
            }
        }
        Self::of(given, has_cluster)
    }

    fn of(mut given: ArgMatches, has_cluster: bool) -> Self {
        let mut millis = |name| Duration::from_millis(given.remove_one(name).unwrap_or_default());
        let (step, slow) = (millis("step"), millis("slow"));
        let endpoints = given.remove_many("etcd").filter(|_| has_cluster);
        Self {
            step,
            slow,
            simulate: given.get_flag("simulate"),
            exit_after_script: given.get_flag("exit-after-script"),
            crash_after: given.remove_one("crash-after"),
            shared: endpoints.map(|endpoints| Shared {
                endpoints: endpoints.collect(),
                key: given.remove_one("key").unwrap_or_default(),
                follow: given.get_flag("follow"),
            }),
            hosts: given.remove_one("hosts"),
        }
    }
}

fn command(name: &'static str, has_cluster: bool) -> Command {
    let simulated = |name, help| Arg::new(name).long(name).help(help).requires("simulate");
    Command::new(name)
        .about(help::ABOUT)
        .after_help(help::after(name, has_cluster))
        .next_line_help(true)
        .arg(value("hosts", "PATH", help::HOSTS).value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("simulate").long("simulate").help(help::SIMULATE).action(ArgAction::SetTrue))
        .arg(simulated("step", help::STEP).value_name("MILLIS").default_value("1000").value_parser(millis(1)))
        .arg(simulated("exit-after-script", help::EXIT_AFTER_SCRIPT).action(ArgAction::SetTrue))
        .arg(value("slow", "MILLIS", help::SLOW).default_value("3000").value_parser(millis(0)))
        .arg(value("crash-after", "SECONDS", help::CRASH_AFTER).value_parser(seconds))
        .args(if has_cluster { of_cluster() } else { refused() })
}

fn value(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn of_cluster() -> [Arg; 3] {
    [
        value("etcd", "URL,..", help::ETCD).value_delimiter(',').action(ArgAction::Append),
        Arg::new("follow")
            .long("follow")
            .help(help::FOLLOW)
            .action(ArgAction::SetTrue)
            .requires("etcd")
            .conflicts_with_all(["simulate", "crash-after"]),
        value("key", "KEY", help::KEY).default_value("network_status").requires("etcd"),
    ]
}

/// The same options where there is no cluster: they are known, to say what they need.
fn refused() -> [Arg; 3] {
    OF_CLUSTER.map(|name| Arg::new(name).long(name).num_args(0..).hide(true))
}

/// An hour at most.
fn millis(at_least: u64) -> ValueParser {
    value_parser!(u64).range(at_least..=3_600_000).into()
}

/// An hour at most, like the other times.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "not a number of seconds between 0 and 3600".to_owned())
}
