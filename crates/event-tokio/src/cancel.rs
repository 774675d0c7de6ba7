//! A get that a token ends.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use event_core::GetError;
use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::budget::Charged;

pin_project! {
    /// A get that ends with [`GetError::Cancelled`] when a token is cancelled. Made by
    /// [`GetExt::cancel_on`](crate::GetExt::cancel_on).
    ///
    /// # Cancel safety
    ///
    /// As the get inside: dropping it consumes nothing.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct CancelOn<F> {
        #[pin]
        get: F,
        // A clone of the token is inside, so that the future can outlive the one it was made with.
        #[pin]
        cancelled: WaitForCancellationFutureOwned,
        charged: Charged,
    }
}

impl<F> CancelOn<F> {
    pub(crate) fn new(get: F, token: CancellationToken) -> Self {
        Self { get, cancelled: token.cancelled_owned(), charged: Charged::new() }
    }
}

impl<T, F: Future<Output = Result<T, GetError>>> Future for CancelOn<F> {
    type Output = Result<T, GetError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.cancelled.poll(cx).is_ready() {
            ready!(this.charged.poll_end(cx));
            return Poll::Ready(Err(GetError::Cancelled));
        }
        this.charged.poll(this.get, cx)
    }
}

impl<F: fmt::Debug> fmt::Debug for CancelOn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOn").field("get", &self.get).finish_non_exhaustive()
    }
}
