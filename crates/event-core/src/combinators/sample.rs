//! A check of the value once a period.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::timer::Timer;
use crate::traits::{Watcher, until_some};

/// A watcher that checks once a period whether there is anything new. Made by
/// [`WatcherExt::sample`](crate::WatcherExt::sample).
pub struct Sample<W, K: Timer> {
    watcher: W,
    timer: K,
    period: Duration,
    /// The one place for all sleeps: until the next look. `None` before the first poll.
    tick: Pin<Box<Option<K::Sleep>>>,
    /// It was time, and the watcher does not know yet what is there.
    is_looking: bool,
}

impl<W: Watcher, K: Timer> Sample<W, K> {
    pub(crate) fn new(watcher: W, timer: K, period: Duration) -> Self {
        Self { watcher, timer, period, tick: Box::pin(None), is_looking: false }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        if how == How::BacklogOnly {
            return self.watcher.poll_backlog_if(cx, accept);
        }
        until_some(cx, |cx| {
            if !self.is_looking {
                if self.tick.is_none() {
                    self.tick.set(Some(self.timer.sleep(self.period)));
                }
                if let Some(tick) = self.tick.as_mut().as_pin_mut() {
                    ready!(tick.poll(cx));
                }
                // It is not to be polled again, even if the timer panics.
                self.tick.set(None);
                self.tick.set(Some(self.timer.sleep(self.period)));
                self.is_looking = true;
            }
            let looked = ready!(self.watcher.poll_backlog_if(cx, accept));
            self.is_looking = false;
            Poll::Ready(match looked {
                Ok(item) => Ok(Some(item)),
                Err(GetError::BacklogDone) => Ok(None),
                Err(error) => Err(error),
            })
        })
    }
}

impl<W: Watcher, K: Timer> Watcher for Sample<W, K> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: fmt::Debug, K: Timer> fmt::Debug for Sample<W, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample").field("watcher", &self.watcher).field("period", &self.period).finish_non_exhaustive()
    }
}
