//! An item when it has been quiet for a while.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::timer::Timer;
use crate::traits::{Watcher, until_some};

/// A watcher that gives an item when nothing newer has come for a while. Made by
/// [`WatcherExt::debounce`](crate::WatcherExt::debounce).
pub struct Debounce<W: Watcher, K: Timer> {
    watcher: W,
    is_closed: bool,
    timer: K,
    quiet: Duration,
    /// The newest item, until it has been quiet for long enough.
    held: Option<W::Item>,
    /// The one place for all sleeps.
    sleep: Pin<Box<Option<K::Sleep>>>,
}

impl<W: Watcher, K: Timer> Debounce<W, K> {
    pub(crate) fn new(watcher: W, timer: K, quiet: Duration) -> Self {
        Self { watcher, is_closed: false, timer, quiet, held: None, sleep: Box::pin(None) }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        until_some(cx, |cx| {
            let polled =
                if self.is_closed { Poll::Ready(Err(GetError::Closed)) } else { how.poll(&mut self.watcher, cx) };
            match polled {
                Poll::Ready(Ok(newer)) => {
                    self.held = Some(newer);
                    self.sleep.set(Some(self.timer.sleep(self.quiet)));
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Err(GetError::Closed)) => self.is_closed = true,
                Poll::Ready(Err(GetError::BacklogDone)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if how == How::BacklogOnly => return Poll::Pending,
                Poll::Pending => {}
            }
            let Some(held) = &self.held else {
                return if self.is_closed { Poll::Ready(Err(GetError::Closed)) } else { how.nothing() };
            };
            if how == How::Waiting && !self.is_closed {
                if let Some(sleep) = self.sleep.as_mut().as_pin_mut() {
                    if sleep.poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                // It is not to be polled again, whatever `accept` does.
                self.sleep.set(None);
            }
            let accepted = accept(held);
            self.sleep.set(None);
            Poll::Ready(Ok(self.held.take().filter(|_| accepted)))
        })
    }
}

impl<W: Watcher, K: Timer> Watcher for Debounce<W, K> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

/// The item and the sleep are only moved, never pinned in place.
impl<W: Watcher + Unpin, K: Timer + Unpin> Unpin for Debounce<W, K> {}

impl<W: Watcher + fmt::Debug, K: Timer> fmt::Debug for Debounce<W, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debounce").field("watcher", &self.watcher).field("quiet", &self.quiet).finish_non_exhaustive()
    }
}
