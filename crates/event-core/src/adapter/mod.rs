//! For crates that adapt this one to a runtime: the futures behind their `GetExt`, without the runtime.
//!
//! Programs use the `GetExt` of such a crate, and do not need this module. An adapter supplies a token, a [`Clock`] and a [`Budget`] of
//! its runtime. The futures in here then keep the promises of every get: cancellation and an elapsed deadline come before data, and
//! consume nothing. [`until_some`] is for those who write watchers.

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

    /// The current time.
    fn now() -> Self::Instant;

    /// Waits for `at`.
    ///
    /// # Panics
    ///
    /// If the runtime's timers do, for instance outside of the runtime.
    fn sleep_until(at: Self::Instant) -> Self::Sleep;
}

/// How much a task may do before it has to yield to its runtime, as counted by one future.
///
/// A default one is made for every future. Runtimes that do not count use [`Unlimited`].
pub trait Budget: Default {
    /// Polls `get` and counts its result; or, if the budget is used up, wakes the task and returns `Pending`.
    fn poll_get<F: Future>(&mut self, get: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output>;

    /// Ready when the future may end without data. This must be so in the end, even if the budget is used up.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// For runtimes that do not count.
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
