//! The second consumer: receives from a channel that a pipe feeds, among other things that it waits for.

use event_core::{MemoryReader, Runnable};
use event_supervisor::{BoxError, Context, Signal};
use futures_lite::StreamExt;
use futures_lite::future::or;

use crate::console::Console;
use crate::difference::{Differences, STILL_THERE};
use crate::runtime::Runtime;
use crate::status::NetworkStatus;
use crate::until_closed::UntilClosed;

/// Prints what has changed, until nothing comes through the channel any more.
pub(crate) struct Changes<R> {
    pub(crate) network: MemoryReader<NetworkStatus>,
    pub(crate) console: Console,
    pub(crate) runtime: R,
}

/// What it waits for.
enum News {
    Received(NetworkStatus),
    Quiet,
    /// The pipe has ended, or this run has to end.
    Over,
}

impl<R: Runtime> Runnable<Context> for Changes<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        // What is received should be fresh. So the channel has one slot; and every run has a channel of its own, since what
        // an earlier one has left behind would come before the current state.
        let (pipe, mut statuses) = self.runtime.pipe(self.network.clone());
        cx.run("pipe", UntilClosed::new(pipe, self.console.clone()))?;
        cx.signal(Signal::Healthy);
        let mut differences = Differences::new(self.console.clone());
        loop {
            let cancelled = async {
                cx.cancelled().await;
                News::Over
            };
            let received = async { statuses.next().await.map_or(News::Over, News::Received) };
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
        // The pipe ends with the value, or when it is cancelled: children end first.
        if self.network.is_closed() {
            differences.end();
            cx.signal(Signal::Done);
        } else {
            cx.cancelled().await;
        }
        Ok(())
    }
}
