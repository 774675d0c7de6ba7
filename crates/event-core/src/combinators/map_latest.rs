//! Other items out of the same ones, by a future for each.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// A watcher whose items are the outputs of futures, of which only that of the newest item runs. Made by
/// [`WatcherExt::map_latest`](crate::WatcherExt::map_latest).
pub struct MapLatest<W, F, R> {
    /// `None` when it is closed.
    watcher: Option<W>,
    map: F,
    /// The one place for all runs. `None` when the newest item is done with.
    run: Pin<Box<Option<R>>>,
}

impl<W: Watcher, R: Future, F: FnMut(W::Item) -> R> MapLatest<W, F, R> {
    pub(crate) fn new(watcher: W, map: F) -> Self {
        Self { watcher: Some(watcher), map, run: Box::pin(None) }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&R::Output) -> bool,
    ) -> Poll<Result<R::Output, GetError>> {
        until_some(cx, |cx| {
            // What is newest comes first: the run of anything older is not polled again.
            if let Some(watcher) = &mut self.watcher {
                match how.poll(watcher, cx) {
                    Poll::Ready(Ok(item)) => {
                        self.run.set(None);
                        self.run.set(Some((self.map)(item)));
                        return Poll::Ready(Ok(None));
                    }
                    Poll::Ready(Err(GetError::Closed)) => self.watcher = None,
                    Poll::Ready(Err(GetError::BacklogDone)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if how == How::BacklogOnly && self.run.is_none() => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            if self.run.is_none() {
                return if self.watcher.is_none() { Poll::Ready(Err(GetError::Closed)) } else { how.nothing() };
            }
            Running(self.run.as_mut()).poll(cx).map(|output| Ok(Some(output).filter(&mut *accept)))
        })
    }
}

/// A run that is being polled. If it panics, it is not to be polled again, and is dropped.
struct Running<'a, R>(Pin<&'a mut Option<R>>);

impl<R: Future> Running<'_, R> {
    fn poll(mut self, cx: &mut Context<'_>) -> Poll<R::Output> {
        let run = self.0.as_mut().as_pin_mut().expect("the caller has looked");
        let polled = run.poll(cx);
        if polled.is_pending() {
            core::mem::forget(self);
        }
        polled
    }
}

impl<R> Drop for Running<'_, R> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl<W: Watcher, R: Future, F: FnMut(W::Item) -> R> Watcher for MapLatest<W, F, R> {
    type Item = R::Output;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.as_ref().is_none_or(Watcher::supersedes)
    }
}

impl<W: fmt::Debug, F, R> fmt::Debug for MapLatest<W, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapLatest")
            .field("watcher", &self.watcher)
            .field("runs", &self.run.is_some())
            .finish_non_exhaustive()
    }
}
