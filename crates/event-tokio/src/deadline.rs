//! A get whose time can run out.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use event_core::GetError;
use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::budget::Charged;

pin_project! {
    /// A get that ends with [`GetError::DeadlineExceeded`] when its time is up. Made by
    /// [`GetExt::timeout`](crate::GetExt::timeout) and [`GetExt::deadline`](crate::GetExt::deadline).
    ///
    /// It asks for a timer only when it has to wait.
    ///
    /// # Cancel safety
    ///
    /// As the get inside: dropping it consumes nothing.
    ///
    /// # Panics
    ///
    /// When it has to wait outside of a tokio runtime, or in one without [time](tokio::runtime::Builder::enable_time).
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Deadline<F> {
        #[pin]
        get: F,
        // `None` is later than the clock can tell.
        at: Option<Instant>,
        // Free of the budget, which is for what the get gives: the time is up whatever else the task has done.
        #[pin]
        sleep: Option<Unconstrained<Sleep>>,
        charged: Charged,
    }
}

impl<F> Deadline<F> {
    pub(crate) fn new(get: F, at: Option<Instant>) -> Self {
        Self { get, at, sleep: None, charged: Charged::new() }
    }
}

impl<T, F: Future<Output = Result<T, GetError>>> Future for Deadline<F> {
    type Output = Result<T, GetError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(at) = *this.at else { return this.charged.poll(this.get, cx) };
        // The clock decides, not the timer, which may be late: data that comes after the deadline is not consumed.
        if Instant::now() < at {
            if let Poll::Ready(output) = this.charged.poll(this.get, cx) {
                return Poll::Ready(output);
            }
            if this.sleep.is_none() {
                this.sleep.set(Some(unconstrained(sleep_until(at))));
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
            }
        }
        ready!(this.charged.poll_end(cx));
        Poll::Ready(Err(GetError::DeadlineExceeded))
    }
}

impl<F: fmt::Debug> fmt::Debug for Deadline<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("get", &self.get).field("at", &self.at).finish_non_exhaustive()
    }
}
