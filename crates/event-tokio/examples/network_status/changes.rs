//! The second consumer: receives from a channel that a pipe feeds, among other things that it waits for.

use std::time::Duration;

use event_core::MemoryReader;
use event_tokio::{PipeError, pipe};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::failure::Failure;
use crate::status::{Names, NetworkStatus};

/// After so long without news it says that it is still there.
const STILL_THERE: Duration = Duration::from_secs(10);

/// Forwards the value into the channel.
pub(crate) async fn feed(
    network: MemoryReader<NetworkStatus>,
    to: Sender<NetworkStatus>,
    console: Console,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    match pipe(network, to).run_until(shutdown.cancelled()).await {
        Ok(()) | Err(PipeError::Cancelled) => Ok(()),
        Err(error) => {
            console.say("pipe", format_args!("ends, because {error}"));
            Ok(())
        }
    }
}

/// Tells what has changed, until nothing comes through the channel any more.
pub(crate) async fn tell(
    mut statuses: Receiver<NetworkStatus>,
    console: Console,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let mut before: Option<Names> = None;
    let mut received = 0_u64;
    let mut quiet = interval_at(Instant::now() + STILL_THERE, STILL_THERE);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            status = statuses.recv() => {
                let Some(status) = status else {
                    console.say("changes", format_args!("ends, having received {received} times"));
                    return Ok(());
                };
                received += 1;
                console.say("changes", difference(before.as_ref(), &status.names));
                before = Some(status.names);
                quiet.reset();
            }
            _ = quiet.tick() => console.say("changes", format_args!("no news for {STILL_THERE:?}")),
        }
    }
}

fn difference(before: Option<&Names>, now: &Names) -> String {
    let Some(before) = before else { return format!("at first, {now}") };
    let gone = before.addresses.difference(&now.addresses).map(|address| format!("- {address}"));
    let new = now.addresses.difference(&before.addresses).map(|address| format!("+ {address}"));
    let all: Vec<_> = gone.chain(new).collect();
    if all.is_empty() { "the addresses are the same".to_owned() } else { all.join(", ") }
}
