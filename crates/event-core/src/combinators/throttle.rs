//! At most one item a period, the first one immediately.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::timer::Timer;
use crate::traits::Watcher;

/// A watcher that rests after each item. Made by [`WatcherExt::throttle`](crate::WatcherExt::throttle).
pub struct Throttle<W, K: Timer> {
    watcher: W,
    timer: K,
    period: Duration,
    /// The one place for all sleeps. `None` when it does not rest.
    rest: Pin<Box<Option<K::Sleep>>>,
}

impl<W: Watcher, K: Timer> Throttle<W, K> {
    pub(crate) fn new(watcher: W, timer: K, period: Duration) -> Self {
        Self { watcher, timer, period, rest: Box::pin(None) }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        if how == How::Waiting {
            if let Some(rest) = self.rest.as_mut().as_pin_mut() {
                // Meanwhile the watcher inside keeps up with what is newest.
                ready!(rest.poll(cx));
                self.rest.set(None);
            }
        }
        let item = ready!(how.poll_if(&mut self.watcher, cx, accept))?;
        self.rest.set(Some(self.timer.sleep(self.period)));
        Poll::Ready(Ok(item))
    }
}

impl<W: Watcher, K: Timer> Watcher for Throttle<W, K> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: fmt::Debug, K: Timer> fmt::Debug for Throttle<W, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("watcher", &self.watcher).field("period", &self.period).finish_non_exhaustive()
    }
}
