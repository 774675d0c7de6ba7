//! What a pipe does between two ends, whatever the value and the channel.

use alloc::boxed::Box;
use core::task::{Context, Poll, ready};

use super::error::PipeError;
use super::to::{ChannelClosed, PipeSink};
use crate::error::GetError;
use crate::traits::Watcher;

/// One run of a pipe.
pub(super) struct Forward<'a, W: Watcher> {
    watcher: W,
    sink: Box<dyn PipeSink<W::Item> + Send + 'a>,
    backlog_only: bool,
    /// What was got and not taken by the sink yet. Anything newer replaces it, if it makes it obsolete.
    newest: Option<W::Item>,
    /// An item is here or in the sink, and not sent.
    sending: bool,
    /// The watcher gives nothing any more. What is being sent still has to be delivered.
    end: Option<Result<(), PipeError>>,
}

/// So many items end a poll: the task shall see to its other business before it goes on.
const ITEMS_PER_POLL: usize = 32;

impl<'a, W: Watcher> Forward<'a, W> {
    pub(super) fn new(watcher: W, sink: Box<dyn PipeSink<W::Item> + Send + 'a>, backlog_only: bool) -> Self {
        Self { watcher, sink, backlog_only, newest: None, sending: false, end: None }
    }

    /// Forwards what there is.
    ///
    /// Each time before the sink is asked, the watcher is: what is sent is never older than what the watcher had to give
    /// just then. And after every item the sink is asked, however fast the next one comes: a flood of sets delays nothing.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<(), PipeError>> {
        if self.sink.poll_closed(cx).is_ready() {
            return Poll::Ready(Err(PipeError::ChannelClosed));
        }
        for _ in 0..ITEMS_PER_POLL {
            let watched = self.poll_newer(cx, accept);
            if self.sending {
                if let Poll::Ready(sent) = self.sink.poll_send(cx, &mut self.newest) {
                    sent.map_err(|ChannelClosed| PipeError::ChannelClosed)?;
                    self.sending = false;
                    continue;
                }
            } else if let Some(end) = self.end.take() {
                return Poll::Ready(end);
            }
            if watched.is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready when `newest` or `end` is new. Otherwise the watcher will wake the task, or there is nothing to wait for but
    /// the sink.
    fn poll_newer(&mut self, cx: &mut Context<'_>, accept: &mut dyn FnMut(&W::Item) -> bool) -> Poll<()> {
        // An item that says nothing about the one before does not replace it. What it is about stays conflated over there.
        if self.end.is_some() || (self.sending && !self.watcher.supersedes()) {
            return Poll::Pending;
        }
        let polled = if self.backlog_only {
            self.watcher.poll_backlog_if(cx, accept)
        } else {
            self.watcher.poll_get_if(cx, accept)
        };
        match ready!(polled) {
            Ok(newer) => {
                self.newest = Some(newer);
                self.sending = true;
            }
            // There may be something newer by the time that the item is sent.
            Err(GetError::BacklogDone) if self.backlog_only && self.sending => return Poll::Pending,
            Err(GetError::BacklogDone) if self.backlog_only => self.end = Some(Ok(())),
            Err(GetError::Closed) => self.end = Some(Err(PipeError::ValueClosed)),
            Err(error) => self.end = Some(Err(PipeError::Get(error))),
        }
        Poll::Ready(())
    }
}
