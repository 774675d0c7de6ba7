//! A get that a token ends.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Budget, Unlimited};
use crate::error::GetError;

pin_project! {
    /// A get that ends with [`GetError::Cancelled`] when a token is cancelled. Made by an adapter's `GetExt::cancel_on`.
    ///
    /// # Cancel safety
    ///
    /// As the get inside: dropping it consumes nothing.
    ///
    /// # Examples
    ///
    /// An adapter's own, for a runtime whose tokens are futures:
    ///
    /// ```
    /// use event_core::adapter::CancelOn;
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// let token = core::future::ready(());
    /// let get: CancelOn<_, _> = CancelOn::new(watcher.get(), token);
    /// assert!(get.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct CancelOn<F, C, B = Unlimited> {
        #[pin]
        get: F,
        #[pin]
        cancelled: C,
        budget: B,
    }
}

impl<F, C, B: Budget> CancelOn<F, C, B> {
    /// Ends `get` when `cancelled` is ready.
    pub fn new(get: F, cancelled: C) -> Self {
        Self { get, cancelled, budget: B::default() }
    }
}

impl<T, F, C, B> Future for CancelOn<F, C, B>
where
    F: Future<Output = Result<T, GetError>>,
    C: Future,
    B: Budget,
{
    type Output = Result<T, GetError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.cancelled.poll(cx).is_ready() {
            ready!(this.budget.poll_end(cx));
            return Poll::Ready(Err(GetError::Cancelled));
        }
        this.budget.poll_get(this.get, cx)
    }
}

impl<F: fmt::Debug, C, B> fmt::Debug for CancelOn<F, C, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOn").field("get", &self.get).finish_non_exhaustive()
    }
}
