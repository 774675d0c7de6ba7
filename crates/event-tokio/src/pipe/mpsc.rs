//! Pipes into bounded channels.

use alloc::boxed::Box;
use core::task::{Context, Poll, ready};

use event_core::{ChannelClosed, PipeSink, PipeTo};
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::mpsc::{Permit, Sender};

use super::{Tokio, Waiting};

/// One run of a pipe into a bounded channel.
struct MpscSink<'a, T> {
    sender: &'a Sender<T>,
    closed: Waiting<'a, ()>,
    /// Kept from poll to poll, since it stands in line with the other senders.
    place: Option<Waiting<'a, Result<Permit<'a, T>, SendError<()>>>>,
}

impl<T: Send> PipeTo<Tokio, T> for Sender<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(MpscSink { sender: self, closed: Box::pin(self.closed()), place: None })
    }
}

impl<T: Send> PipeSink<T> for MpscSink<'_, T> {
    fn poll_send(&mut self, cx: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        let sender = self.sender;
        if self.place.is_none() {
            match sender.try_reserve() {
                Ok(place) => return Poll::Ready(send(place, newest)),
                Err(TrySendError::Closed(())) => return Poll::Ready(Err(ChannelClosed)),
                Err(TrySendError::Full(())) => {}
            }
        }
        let waiting = self.place.get_or_insert_with(|| Box::pin(sender.reserve()));
        let place = ready!(waiting.as_mut().poll(cx));
        self.place = None;
        Poll::Ready(place.map_err(|_| ChannelClosed).and_then(|place| send(place, newest)))
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.closed.as_mut().poll(cx)
    }
}

fn send<T>(place: Permit<'_, T>, newest: &mut Option<T>) -> Result<(), ChannelClosed> {
    if let Some(item) = newest.take() {
        place.send(item);
    }
    Ok(())
}
