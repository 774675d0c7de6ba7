//! Pipes into watch channels.

use alloc::boxed::Box;
use core::task::{Context, Poll};

use event_core::{ChannelClosed, PipeSink, PipeTo};
use tokio::sync::watch::Sender;

use super::Tokio;

/// One run of a pipe into a watch channel, which keeps nothing from one item to the next.
struct WatchSink<'a, T>(&'a Sender<T>);

impl<T: Send + Sync> PipeTo<Tokio, T> for Sender<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(WatchSink(self))
    }
}

impl<T: Send + Sync> PipeSink<T> for WatchSink<'_, T> {
    fn poll_send(&mut self, _: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        if let Some(item) = newest.take() {
            // Not `send`, which stores nothing while there is no receiver. What was there before goes after the lock.
            drop(self.0.send_replace(item));
        }
        Poll::Ready(Ok(()))
    }

    /// Never: the sender can be subscribed to at any time.
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
