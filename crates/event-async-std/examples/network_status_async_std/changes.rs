//! The second consumer: receives from a channel that a pipe feeds, among other things that it waits for.

use async_std::channel;
use event_async_std::pipe;
use event_core::{MemoryReader, Runnable};
use futures_lite::future::or;

use crate::runtime::supervisor::{BoxError, Context, Signal};
use crate::shared::{Console, Differences, NetworkStatus, STILL_THERE, UntilClosed};

/// Tells what has changed, until nothing comes through the channel any more.
pub(crate) struct Changes {
    pub(crate) network: MemoryReader<NetworkStatus>,
    pub(crate) console: Console,
}

/// What it waits for.
enum News {
    Received(NetworkStatus),
    Quiet,
    /// The pipe has gone, or this run has to end.
    Over,
}

impl Runnable<Context> for Changes {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        // What is received should be fresh. So the channel has one place; and every run has a channel of its own, since what
        // an earlier one has left behind would come before the present state.
        let (sender, statuses) = channel::bounded(1);
        cx.run("pipe", UntilClosed::new(pipe(self.network.clone(), sender), self.console.clone()))?;
        cx.signal(Signal::Healthy);
        let mut differences = Differences::new(self.console.clone());
        loop {
            let cancelled = async {
                cx.cancelled().await;
                News::Over
            };
            let received = async { statuses.recv().await.map_or(News::Over, News::Received) };
            let quiet = async {
                cx.sleep(STILL_THERE).await;
                News::Quiet
            };
            match or(cancelled, or(received, quiet)).await {
                News::Received(status) => differences.received(status),
                News::Quiet => differences.nothing_received(),
                News::Over => break,
            }
        }
        // The pipe ends with the value, or when it is told to: children go first.
        if self.network.is_closed() {
            differences.end();
            cx.signal(Signal::Done);
        } else {
            cx.cancelled().await;
        }
        Ok(())
    }
}
