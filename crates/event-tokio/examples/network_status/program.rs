//! The program from its command line to its exit code.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use futures_lite::future::{or, zip};

use super::args::Args;
use super::console::Console;
use super::ending::Ending;
use super::failure::Failure;
use super::hosts_file::HostsFile;
use super::parts::Parts;
use super::supervision;
use crate::runtime::{self, supervisor};
use crate::signals::Signals;

/// So long a part may take to end. None of them needs it, but a disk may be stuck.
const GRACE: Duration = Duration::from_secs(3);

pub(crate) fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads that either, the exit code has to do.
            let _ = writeln!(std::io::stderr(), concat!(env!("CARGO_BIN_NAME"), ": {}"), failure);
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    // Before anything else begins: a path that will not do is best known now.
    let hosts = args.hosts.as_deref().map(HostsFile::at).transpose()?;
    let ending = Ending::default();
    let (console, printing) = Console::new(ending.clone());
    let ended = runtime::block_on(serve(args, hosts, &console, &ending));
    if ended.is_ok() {
        console.say("main", "goodbye");
    }
    let printed = console.finish(printing);
    ended.and(printed)
}

/// Runs all parts until they have ended.
async fn serve(args: Args, hosts: Option<HostsFile>, console: &Console, ending: &Ending) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let cluster = args.cluster.cluster()?;
    if let Some(purpose) = cluster.purpose() {
        console.say("main", format_args!("{purpose}; Ctrl-C ends it"));
    } else if args.simulate {
        console.say("main", format_args!("playing a DHCP lease, an event every {:?}; Ctrl-C ends it", args.step()));
    } else {
        console.say("main", "following the addresses of this machine; Ctrl-C ends it");
    }
    let parts = Parts::new(args, hosts, cluster, console.clone(), ending.clone());
    let tree = supervisor::builder().grace(GRACE).start(parts);
    let state = tree.state();
    let end = async {
        let asked = async { Some(signals.next().await) };
        let of_itself = async {
            or(ending.came(), supervision::all_done(&state)).await;
            None
        };
        if let Some(signal) = or(asked, of_itself).await {
            console.say("main", format_args!("got {signal}, ending all parts"));
        }
        tree.stop().await;
    };
    zip(end, supervision::tell(&state, console)).await;
    ending.outcome()?;
    supervision::all_ended_in_time(&state, GRACE)
}
