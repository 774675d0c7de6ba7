//! What adapters for runtimes have in common: the futures behind their `GetExt`, without the runtime.
//!
//! Users of a runtime take the adapter's `GetExt`; this module is for those who write an adapter. It brings its runtime's
//! token, [`Clock`] and [`Budget`], and gets futures that keep the promises of every get: an end that is ready wins over data
//! and consumes nothing. [`until_some`] is for those who write watchers.

mod cancel_on;
mod deadline;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

pub use cancel_on::CancelOn;
pub use deadline::Deadline;

pub use crate::traits::until_some;

/// The clock of a runtime.
pub trait Clock {
    /// A point in time.
    type Instant: Copy + Ord + fmt::Debug;
    /// Ready at a point in time, or somewhat later.
    type Sleep: Future;

    /// The present.
    fn now() -> Self::Instant;

    /// Waits for `at`.
    ///
    /// # Panics
    ///
    /// If the runtime's timers do, for instance outside of the runtime.
    fn sleep_until(at: Self::Instant) -> Self::Sleep;
}

/// One future's share in what a runtime lets a task do before others have their turn.
///
/// A default one is made for every future. Runtimes that do not count have [`Unlimited`].
pub trait Budget: Default {
    /// Polls `get` and counts its result, or leaves it alone and wakes the task for its next turn.
    fn poll_get<F: Future>(&mut self, get: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output>;

    /// Ready when the future may end without data. It must not be held up for ever.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The share in a runtime that does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl Budget for Unlimited {
    fn poll_get<F: Future>(&mut self, get: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        get.poll(cx)
    }

    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
