//! Pipes into async-std's channels, bounded or not.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use async_std::channel::{Send as Sending, Sender};
use event_core::{ChannelClosed, PipeSink, PipeTo};

use super::AsyncStd;

/// One run of a pipe into a channel.
struct ChannelSink<'a, T> {
    sender: &'a Sender<T>,
    /// The item, and its wait for a place in the channel. Nothing is allocated unless it has to wait.
    sending: Option<Sending<'a, T>>,
}

impl<T: Send> PipeTo<AsyncStd, T> for Sender<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(ChannelSink { sender: self, sending: None })
    }
}

impl<T> PipeSink<T> for ChannelSink<'_, T> {
    fn poll_send(&mut self, cx: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        if let Some(item) = newest.take() {
            // The stale item goes, and its wait with it. If that had been told of a free place, dropping it tells the next
            // sender that waits: should the new item be quicker, that one waits on, and nobody is forgotten.
            self.sending = Some(self.sender.send(item));
        }
        let Some(sending) = &mut self.sending else { return Poll::Ready(Ok(())) };
        let sent = ready!(Pin::new(sending).poll(cx));
        self.sending = None;
        Poll::Ready(sent.map_err(|_| ChannelClosed))
    }

    /// The channel can tell that it is closed, but nobody can wait for it. A sender that waits for a place is woken, though.
    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.sender.is_closed() { Poll::Ready(()) } else { Poll::Pending }
    }
}
