//! A get's share in tokio's cooperative budget.

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use event_core::adapter::Budget;
use tokio::task::coop;

/// Charges the results of one future to the budget of the task that polls it.
///
/// The budget is looked at first and charged afterwards, instead of being held by a guard in between: the guard would
/// undo what the get itself charges and then waits.
#[derive(Debug, Default)]
pub struct Charged {
    has_yielded: bool,
}

impl Budget for Charged {
    /// Polls `get`, unless the budget is exhausted: then it is left alone, so that nothing is consumed.
    fn poll_get<F: Future>(&mut self, get: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ready!(poll_budget(cx));
        let output = ready!(get.poll(cx));
        charge(cx);
        Poll::Ready(output)
    }

    /// Ready when the future may give up.
    ///
    /// Without budget it yields, so that a loop around a get that has been cancelled starves no other task. It does so
    /// once: what else the task does may leave it without budget every time, and must not hold up a shutdown.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !mem::replace(&mut self.has_yielded, true) {
            ready!(poll_budget(cx));
        }
        charge(cx);
        Poll::Ready(())
    }
}

/// Ready while there is budget. Otherwise the task is woken for its next turn.
fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_remaining() { Poll::Ready(()) } else { coop::poll_proceed(cx).map(drop) }
}

/// Takes one unit, unless the future that was polled has used up all there was.
fn charge(cx: &mut Context<'_>) {
    if coop::has_budget_remaining() {
        if let Poll::Ready(unit) = coop::poll_proceed(cx) {
            unit.made_progress();
        }
    }
}
