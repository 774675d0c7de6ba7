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

/// A watcher that returns an item when nothing newer has come for a while. Made by
/// [`WatcherExt::debounce`](crate::WatcherExt::debounce).
pub struct Debounce<W: Watcher, K: Timer> {
    watcher: W,
    is_closed: bool,
    timer: K,
    quiet: Duration,
    /// The newest item, until it has been quiet for long enough.
    held: Option<W::Item>,
    /// The one place for all sleeps. `None` while an item is held: it is due.
    sleep: Pin<Box<Option<K::Sleep>>>,
    /// `None` without [`at_most`](Self::at_most).
    limit: Option<Limit<K>>,
}

/// How long an item may be held while newer ones replace it.
struct Limit<K: Timer> {
    at_most: Duration,
    /// The one place for all sleeps: until what is held is due. `None` while nothing is held, and when it is over.
    sleep: Pin<Box<Option<K::Sleep>>>,
}

/// Whether the time is up for what is held.
fn is_over<K: Timer>(limit: &mut Option<Limit<K>>, cx: &mut Context<'_>) -> bool {
    let Some(limit) = limit else { return false };
    let is_over = limit.sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready());
    if is_over {
        // It is not to be polled again.
        limit.sleep.set(None);
    }
    is_over
}

impl<W: Watcher, K: Timer> Debounce<W, K> {
    pub(crate) fn new(watcher: W, timer: K, quiet: Duration) -> Self {
        Self { watcher, is_closed: false, timer, quiet, held: None, sleep: Box::pin(None), limit: None }
    }

    /// Limits the wait to the time `at_most`: then the newest item is returned, even if the value was not quiet. Without this limit, gets
    /// return nothing as long as the value is set more often than once in the quiet time.
    ///
    /// With a quiet time of 3 and `at_most` = 5:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12 13 14
    /// items   a     b     c     d     e              closed
    /// gets                   c                 e     end
    /// ```
    ///
    /// The time begins when a get reads the first item that was not returned yet, and begins again with the first one after an item
    /// that was returned. It also holds for a watcher that has something newer each time it is polled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::time::Duration;
    /// use event_core::{MemoryReader, Timer, prelude::*};
    ///
    /// # async fn at_once(_: Duration) {}
    /// # futures_lite::future::block_on(async {
    /// async fn save(text: MemoryReader<String>, timer: impl Timer) {
    ///     let (quiet, at_most) = (Duration::from_secs(2), Duration::from_secs(30));
    ///     let mut drafts = text.watch().debounce(timer, quiet).at_most(at_most);
    ///     while let Ok(draft) = drafts.get().await {
    ///         println!("saving {draft:?}, even while somebody types");
    ///     }
    /// }
    /// # let text = event_core::MemoryValue::with_value(String::from("Dear")).reader();
    /// # save(text, at_once).await
    /// # });
    /// ```
    #[doc(alias("max_wait", "maxWait", "auditTime"))]
    #[must_use]
    pub fn at_most(mut self, at_most: Duration) -> Self {
        self.limit = Some(Limit { at_most, sleep: Box::pin(None) });
        self
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
                    if let Some(limit) = self.limit.as_mut().filter(|limit| limit.sleep.is_none()) {
                        limit.sleep.set(Some(self.timer.sleep(limit.at_most)));
                    }
                    // Of a watcher that always has something newer, nothing else is noticed.
                    if how == How::BacklogOnly || !is_over(&mut self.limit, cx) {
                        return Poll::Ready(Ok(None));
                    }
                    self.sleep.set(None);
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
                    if sleep.poll(cx).is_pending() && !is_over(&mut self.limit, cx) {
                        return Poll::Pending;
                    }
                }
                // It is not to be polled again, whatever `accept` does.
                self.sleep.set(None);
            }
            let accepted = accept(held);
            self.sleep.set(None);
            if let Some(limit) = &mut self.limit {
                limit.sleep.set(None);
            }
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
        f.debug_struct("Debounce")
            .field("watcher", &self.watcher)
            .field("quiet", &self.quiet)
            .field("at_most", &self.limit.as_ref().map(|limit| limit.at_most))
            .finish_non_exhaustive()
    }
}
