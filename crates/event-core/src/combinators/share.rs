//! A value made of a watcher.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::error::GetError;
use crate::memory::MemoryValue;
use crate::traits::{Watcher, until_some};

/// Sets what a watcher gives into a memory value. Made by [`WatcherExt::share`](crate::WatcherExt::share).
///
/// The value is closed when the driver ends, whether because the watcher is closed, with an error, or by being dropped: no
/// consumer is left waiting for what cannot come. If somebody else closes the value, the driver ends with the next item.
///
/// # Errors
///
/// What the watcher failed with; never because it is closed, which is `Ok`.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Driver<W: Watcher> {
    watcher: W,
    value: MemoryValue<W::Item>,
}

impl<W: Watcher> Driver<W> {
    pub(crate) fn new(watcher: W) -> (MemoryValue<W::Item>, Self) {
        let value = MemoryValue::new();
        (value.clone(), Self { watcher, value })
    }
}

/// The watcher is only called, never pinned.
impl<W: Watcher> Unpin for Driver<W> {}

impl<W: Watcher> Future for Driver<W> {
    type Output = Result<(), GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), GetError>> {
        let this = &mut *self;
        let ended = until_some(cx, |cx| match ready!(this.watcher.poll_get(cx)) {
            // If somebody else has closed it, nobody wants to know any more.
            Ok(item) => Poll::Ready(Ok(this.value.try_set(item).err().map(drop))),
            Err(GetError::Closed) => Poll::Ready(Ok(Some(()))),
            Err(error) => Poll::Ready(Err(error)),
        });
        if ended.is_ready() {
            this.value.close();
        }
        ended
    }
}

impl<W: Watcher> Drop for Driver<W> {
    fn drop(&mut self) {
        self.value.close();
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Driver<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("watcher", &self.watcher).field("value", &self.value).finish()
    }
}
