//! What a pipe does between two ends, whatever the runtime and the channel.

use core::task::{Context, Poll, ready};

use event_core::{GetError, Watcher};

use super::error::PipeError;

/// One run of a pipe.
pub(super) struct Forward<W: Watcher> {
    watcher: W,
    backlog_only: bool,
    /// What was got and has no place in the channel yet. Anything newer replaces it.
    item: Option<W::Item>,
    /// The watcher gives nothing any more. `item` still has to be delivered.
    end: Option<Result<(), PipeError>>,
}

/// So many items end a poll: the task shall see to its other business before it goes on.
const ITEMS_PER_POLL: usize = 32;

impl<W: Watcher> Forward<W> {
    pub(super) fn new(watcher: W, backlog_only: bool) -> Self {
        Self { watcher, backlog_only, item: None, end: None }
    }

    /// Forwards what there is.
    ///
    /// `send` takes the item as soon as it has a place for it, and wakes the task when it gets one. Each time before it is
    /// asked, the watcher is: what is sent is never older than what the watcher had to give just then. And after every
    /// item it is asked, however fast the next one comes: a flood of sets delays nothing.
    pub(super) fn poll<S>(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
        send: &mut S,
    ) -> Poll<Result<(), PipeError>>
    where
        S: FnMut(&mut Context<'_>, &mut Option<W::Item>) -> Poll<Result<(), PipeError>>,
    {
        for _ in 0..ITEMS_PER_POLL {
            let watched = self.poll_newer(cx, accept);
            if self.item.is_some() {
                match send(cx, &mut self.item) {
                    Poll::Ready(Ok(())) => continue,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {}
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

    /// Ready when `item` or `end` is new. Otherwise the watcher will wake the task, or there is nothing to wait for but
    /// `send`.
    fn poll_newer(&mut self, cx: &mut Context<'_>, accept: &mut dyn FnMut(&W::Item) -> bool) -> Poll<()> {
        if self.end.is_some() {
            return Poll::Pending;
        }
        let polled = if self.backlog_only {
            self.watcher.poll_backlog_if(cx, accept)
        } else {
            self.watcher.poll_get_if(cx, accept)
        };
        match ready!(polled) {
            Ok(newer) => self.item = Some(newer),
            // There may be something newer by the time that the item is sent.
            Err(GetError::BacklogDone) if self.backlog_only && self.item.is_some() => return Poll::Pending,
            Err(GetError::BacklogDone) if self.backlog_only => self.end = Some(Ok(())),
            Err(GetError::Closed) => self.end = Some(Err(PipeError::ValueClosed)),
            Err(error) => self.end = Some(Err(PipeError::Get(error))),
        }
        Poll::Ready(())
    }
}
