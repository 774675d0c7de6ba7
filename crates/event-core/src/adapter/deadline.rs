//! A get whose time can run out.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Budget, Clock, Unlimited};
use crate::error::GetError;

pin_project! {
    /// A get that ends with [`GetError::DeadlineExceeded`] when its time is up. Made by an adapter's `GetExt::timeout` and
    /// `GetExt::deadline`.
    ///
    /// It asks for a timer only when it has to wait.
    ///
    /// # Cancel safety
    ///
    /// As the get inside: dropping it consumes nothing.
    ///
    /// # Panics
    ///
    /// When it has to wait where the runtime has no timers.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Deadline<F, K, B = Unlimited>
    where
        K: Clock,
    {
        #[pin]
        get: F,
        // `None` is later than the clock can tell.
        at: Option<K::Instant>,
        #[pin]
        sleep: Option<K::Sleep>,
        budget: B,
    }
}

impl<F, K: Clock, B: Budget> Deadline<F, K, B> {
    /// Ends `get` at the time `at`; never, if that is later than the clock can represent.
    pub fn new(get: F, at: Option<K::Instant>) -> Self {
        Self { get, at, sleep: None, budget: B::default() }
    }
}

impl<T, F, K, B> Future for Deadline<F, K, B>
where
    F: Future<Output = Result<T, GetError>>,
    K: Clock,
    B: Budget,
{
    type Output = Result<T, GetError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(at) = *this.at else { return this.budget.poll_get(this.get, cx) };
        // The clock decides, not the timer, which may be late: data that comes after the deadline is not consumed.
        if K::now() < at {
            if let Poll::Ready(output) = this.budget.poll_get(this.get, cx) {
                return Poll::Ready(output);
            }
            if this.sleep.is_none() {
                this.sleep.set(Some(K::sleep_until(at)));
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
            }
        }
        ready!(this.budget.poll_end(cx));
        Poll::Ready(Err(GetError::DeadlineExceeded))
    }
}

impl<F: fmt::Debug, K: Clock, B> fmt::Debug for Deadline<F, K, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("get", &self.get).field("at", &self.at).finish_non_exhaustive()
    }
}
