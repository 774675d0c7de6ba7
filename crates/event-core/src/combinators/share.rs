//! A value made of a watcher.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::error::GetError;
use crate::memory::{MemoryValue, Production};
use crate::traits::{Watcher, until_some};

/// A future that sets what a watcher returns into a value in memory. Made by [`WatcherExt::share`](crate::WatcherExt::share).
///
/// The value is closed when the driver ends, whether because the watcher is closed, with an error, or by being dropped: no
/// consumer is left waiting for what cannot come.
///
/// The driver also ends, with `Ok`, as soon as setting is of no use: when the value is closed elsewhere, and when the driver has
/// the only handle and there is neither a reader nor a watcher. A [`WeakValue`](crate::WeakValue) does not keep it running.
///
/// # Errors
///
/// What the watcher failed with; never because it is closed, which is `Ok`.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Driver<W: Watcher> {
    watcher: W,
    pub(super) production: Production<W::Item>,
}

impl<W: Watcher> Driver<W> {
    pub(crate) fn new(watcher: W) -> (MemoryValue<W::Item>, Self) {
        let value = MemoryValue::new();
        (value.clone(), Self { watcher, production: Production::new(value) })
    }
}

/// The watcher is only called, never pinned.
impl<W: Watcher> Unpin for Driver<W> {}

impl<W: Watcher> Driver<W> {
    /// Sets what the watcher returns. Ready when nothing more will come, or when nobody could see what is set.
    pub(super) fn poll_watcher(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), GetError>> {
        until_some(cx, |cx| match ready!(self.watcher.poll_get(cx)) {
            // If it was closed elsewhere, setting is of no use any more.
            Ok(item) => Poll::Ready(Ok(self.production.value().try_set(item).err().map(drop))),
            Err(GetError::Closed) => Poll::Ready(Ok(Some(()))),
            Err(error) => Poll::Ready(Err(error)),
        })
    }

    pub(super) fn close_if_ready<T>(&self, ended: Poll<T>) -> Poll<T> {
        if ended.is_ready() {
            self.production.value().close();
        }
        ended
    }
}

impl<W: Watcher> Future for Driver<W> {
    type Output = Result<(), GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), GetError>> {
        let this = &mut *self;
        let ended = this.poll_watcher(cx);
        // Also for a watcher that always has something, which `until_some` interrupts.
        let ended = if ended.is_pending() { this.production.poll_useless(cx).map(Ok) } else { ended };
        this.close_if_ready(ended)
    }
}

impl<W: Watcher> Drop for Driver<W> {
    fn drop(&mut self) {
        self.production.value().close();
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Driver<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("watcher", &self.watcher).field("value", self.production.value()).finish()
    }
}
