//! A service that learns the network state of the machine, and three consumers that follow it.
//!
//! ```text
//!                             ,--> hosts    writes a hosts file when the address has changed
//! service --> MemoryValue ----+--> pipe --> channel --> changes    tells what is new
//!                             `--> slow     comes round now and then, and gets the newest
//! ```
//!
//! The service only sets the value. It does not know who watches, and nobody can hold it up. A [`CancellationToken`] ends
//! all parts on Ctrl-C; without one they end when the service does, because that closes the value.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

#[path = "network_status/args.rs"]
mod args;
#[path = "network_status/changes.rs"]
mod changes;
#[path = "network_status/console.rs"]
mod console;
#[path = "network_status/failure.rs"]
mod failure;
#[path = "network_status/hosts.rs"]
mod hosts;
#[path = "network_status/hosts_file.rs"]
mod hosts_file;
#[path = "network_status/machine.rs"]
mod machine;
#[path = "network_status/script.rs"]
mod script;
#[path = "network_status/signals.rs"]
mod signals;
#[path = "network_status/slow.rs"]
mod slow;
#[path = "network_status/status.rs"]
mod status;

use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use event_core::MemoryValue;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use args::Args;
use console::Console;
use failure::Failure;
use hosts_file::HostsFile;
use machine::Machine;
use signals::Signals;

/// So long a part may take to end. None of them needs it, but a disk may be stuck.
const GRACE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads that either, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "network_status: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    // Before anything else begins: a path that will not do is best known now.
    let hosts = args.hosts.as_deref().map(HostsFile::at).transpose()?;
    let shutdown = CancellationToken::new();
    let (console, printing) = Console::new(shutdown.clone());
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start", error, "Look for exhausted limits (`ulimit -a`)."))?;
    let ended = runtime.block_on(serve(args, hosts, &console, &shutdown));
    // A write that is stuck shall not keep the process.
    runtime.shutdown_background();
    if ended.is_ok() {
        console.say("main", "goodbye");
    }
    let printed = console.finish(printing);
    ended.and(printed)
}

/// Runs all parts until they have ended.
async fn serve(
    args: &Args,
    hosts: Option<HostsFile>,
    console: &Console,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let network = MemoryValue::new();
    let mut parts = JoinSet::new();

    if let Some(file) = hosts {
        parts.spawn(hosts::keep(file, network.watch(), console.clone(), shutdown.clone()));
    }
    // What is received should be fresh, so the channel has one place.
    let (sender, statuses) = mpsc::channel(1);
    parts.spawn(changes::feed(network.reader(), sender, console.clone(), shutdown.clone()));
    parts.spawn(changes::tell(statuses, console.clone(), shutdown.clone()));
    parts.spawn(slow::come_round(network.watch(), args.slow(), console.clone(), shutdown.clone()));
    // The service takes the value along, and closes it by ending.
    if args.simulate {
        console.say("main", format_args!("playing a DHCP lease, an event every {:?}; Ctrl-C ends it", args.step()));
        let leave_at_end = args.exit_after_script;
        parts.spawn(script::play(network, args.step(), leave_at_end, console.clone(), shutdown.clone()));
    } else {
        let machine = Machine::new()?;
        console.say("main", "following the addresses of this machine; Ctrl-C ends it");
        parts.spawn(machine.follow(network, console.clone(), shutdown.clone()));
    }

    let mut ended = Ok(());
    let mut too_late = pin!(async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    });
    loop {
        let joined = tokio::select! {
            signal = signals.next(), if !shutdown.is_cancelled() => {
                console.say("main", format_args!("got {signal}, ending all parts"));
                shutdown.cancel();
                continue;
            }
            joined = parts.join_next() => joined,
            () = &mut too_late => {
                let what = format!("{} parts did not end within {GRACE:?}", parts.len());
                return ended.and(Err(Failure::new("cannot end cleanly", what, "Is a disk or the network stuck?")));
            }
        };
        let part = match joined {
            None => return ended,
            Some(Ok(part)) => part,
            Some(Err(error)) => Err(Failure::panicked(error)),
        };
        if part.is_err() {
            shutdown.cancel();
            // The first failure is the one to tell: others may follow from it.
            ended = ended.and(part);
        }
    }
}
