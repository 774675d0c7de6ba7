//! Pipes into broadcast channels.

use alloc::boxed::Box;
use core::task::{Context, Poll};

use event_core::{ChannelClosed, PipeSink, PipeTo};
use tokio::sync::broadcast::Sender;

use super::Tokio;

/// One run of a pipe into a broadcast channel, which keeps nothing from one item to the next.
struct BroadcastSink<'a, T>(&'a Sender<T>);

impl<T: Send> PipeTo<Tokio, T> for Sender<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(BroadcastSink(self))
    }
}

impl<T: Send> PipeSink<T> for BroadcastSink<'_, T> {
    fn poll_send(&mut self, _: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        if let Some(item) = newest.take() {
            // An error means that there is no receiver now. The next item may find one.
            drop(self.0.send(item));
        }
        Poll::Ready(Ok(()))
    }

    /// Never: the sender can be subscribed to at any time.
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
