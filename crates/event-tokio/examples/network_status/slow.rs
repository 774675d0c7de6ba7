//! The third consumer: slow, and yet never behind.

use std::time::Duration;

use event_core::{GetError, MemoryWatcher};
use event_tokio::GetExt;
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::failure::Failure;
use crate::status::NetworkStatus;

/// Gets the newest state, rests, and comes round again.
pub(crate) async fn come_round(
    mut network: MemoryWatcher<NetworkStatus>,
    rest: Duration,
    console: Console,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    loop {
        match network.get().cancel_on(&shutdown).await {
            Ok(status) => {
                let missed = match network.missed() {
                    0 => "missed nothing".to_owned(),
                    1 => "missed 1 version".to_owned(),
                    n => format!("missed {n} versions"),
                };
                console.say("slow", format_args!("{missed}, is up to date with: {}", status.event));
            }
            Err(GetError::Cancelled) => return Ok(()),
            Err(error) => {
                console.say("slow", format_args!("ends, because {error}"));
                return Ok(());
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            () = tokio::time::sleep(rest) => {}
        }
    }
}
