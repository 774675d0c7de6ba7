//! The program from its command line to its exit code.

use std::cell::Cell;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use event_supervisor::Backoff;
use futures_lite::future::{or, zip};

use crate::args::Args;
use crate::cluster::Cluster;
use crate::console::Console;
use crate::ending::Ending;
use crate::failure::Failure;
use crate::hosts_file::HostsFile;
use crate::parts::Parts;
use crate::runtime::{Asked, Runtime, Signals};
use crate::{supervision, tree};

/// How long a part may take to end. None of them needs it, but a disk may be stuck.
const GRACE: Duration = Duration::from_secs(10);

/// The longest pause before a restart, and up to as much again. A person who has started the cluster does not wait for minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) fn run<R: Runtime>(runtime: R, name: &'static str) -> ExitCode {
    match serve(runtime, Args::of_process(name, R::IS_TOKIO && cfg!(feature = "etcd"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads that either, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "{name}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve<R: Runtime>(runtime: R, args: Args) -> Result<(), Failure> {
    // Before anything else begins: this is the time to say that a path will not do.
    let hosts = args.hosts.as_deref().map(HostsFile::at).transpose()?;
    let ending = Ending::default();
    let (console, printing) = Console::new(ending.clone());
    let ended = runtime.block_on(run_parts(runtime, args, hosts, &console, &ending));
    if ended.is_ok() {
        console.say("main", "goodbye");
    }
    let printed = console.finish(printing);
    ended.and(printed)
}

/// Runs all parts until they have ended.
async fn run_parts<R: Runtime>(
    runtime: R,
    args: Args,
    hosts: Option<HostsFile>,
    console: &Console,
    ending: &Ending,
) -> Result<(), Failure> {
    let signals = runtime.signals();
    let mut signals = signals.map_err(|error| {
        Failure::new("cannot listen for Ctrl-C", error, "The system refuses to install signal handlers.")
    })?;
    let cluster = args.shared.clone().map(Cluster::new).transpose()?;
    console.say("main", format_args!("{}; Ctrl-C ends it", purpose(&args)));
    let parts = Parts::new(runtime, args, hosts, cluster, console.clone(), ending.clone());
    let backoff = Backoff::default().cap(LONGEST_PAUSE);
    let supervisor = runtime.supervisor().grace(GRACE).backoff(backoff).start(parts);
    let state = supervisor.state();
    let is_ending = Cell::new(false);
    let end = async {
        loop {
            let asked = async { Some(signals.next().await) };
            let of_itself = async {
                or(ending.came(), supervision::all_done(&state)).await;
                None
            };
            match or(asked, of_itself).await {
                Some(Asked::ForTree) => tree::print(&state, console),
                Some(Asked::ToEnd(signal)) => {
                    console.say("main", format_args!("got {signal}, ending all parts, which are now:"));
                    tree::print(&state, console);
                    break;
                }
                None => break,
            }
        }
        is_ending.set(true);
        supervisor.stop().await;
    };
    zip(end, supervision::report(&state, &is_ending, console)).await;
    ending.outcome()?;
    supervision::all_ended_in_time(&state, GRACE)
}

/// What this process does.
fn purpose(args: &Args) -> String {
    match &args.shared {
        Some(shared) if shared.follow => format!("following {:?} in the cluster", shared.key),
        _ if args.simulate => format!("playing a DHCP lease, an event every {:?}", args.step),
        _ => "following the addresses of this machine".to_owned(),
    }
}
