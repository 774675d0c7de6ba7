//! Pipes into unbounded channels.

use alloc::boxed::Box;
use core::task::{Context, Poll};

use event_core::{ChannelClosed, PipeSink, PipeTo};
use tokio::sync::mpsc::UnboundedSender;

use super::{Tokio, Waiting};

/// One run of a pipe into an unbounded channel, which has a place for everything as long as somebody receives.
struct UnboundedSink<'a, T> {
    sender: &'a UnboundedSender<T>,
    closed: Waiting<'a, ()>,
}

impl<T: Send> PipeTo<Tokio, T> for UnboundedSender<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(UnboundedSink { sender: self, closed: Box::pin(self.closed()) })
    }
}

impl<T: Send> PipeSink<T> for UnboundedSink<'_, T> {
    fn poll_send(&mut self, _: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        let sent = newest.take().map_or(Ok(()), |item| self.sender.send(item));
        Poll::Ready(sent.map_err(|_| ChannelClosed))
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.closed.as_mut().poll(cx)
    }
}
