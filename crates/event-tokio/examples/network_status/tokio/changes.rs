//! The second consumer: receives from a channel that a pipe feeds, among other things that it waits for.

use event_core::{MemoryReader, Runnable};
use event_tokio::pipe;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};

use crate::runtime::supervisor::{BoxError, Context, Signal};
use crate::shared::{Console, Differences, NetworkStatus, STILL_THERE, UntilClosed};

/// Tells what has changed, until nothing comes through the channel any more.
pub(crate) struct Changes {
    pub(crate) network: MemoryReader<NetworkStatus>,
    pub(crate) console: Console,
}

impl Runnable<Context> for Changes {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        // What is received should be fresh. So the channel has one place; and every run has a channel of its own, since what
        // an earlier one has left behind would come before the present state.
        let (sender, mut statuses) = mpsc::channel(1);
        cx.run("pipe", UntilClosed::new(pipe(self.network.clone(), sender), self.console.clone()))?;
        cx.signal(Signal::Healthy);
        let mut differences = Differences::new(self.console.clone());
        let mut quiet = interval_at(Instant::now() + STILL_THERE, STILL_THERE);
        loop {
            tokio::select! {
                biased;
                () = cx.cancelled() => return Ok(()),
                received = statuses.recv() => match received {
                    Some(status) => {
                        differences.received(status);
                        quiet.reset();
                    }
                    None if self.network.is_closed() => {
                        differences.end();
                        cx.signal(Signal::Done);
                        return Ok(());
                    }
                    // The pipe has been told to end: children go first.
                    None => {
                        cx.cancelled().await;
                        return Ok(());
                    }
                },
                _ = quiet.tick() => differences.nothing_received(),
            }
        }
    }
}
