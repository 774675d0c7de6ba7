//! tokio's clock.

use event_core::adapter::Clock;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

/// tokio's clock, for the deadlines of gets. It stands still while tokio's time is paused.
#[derive(Debug)]
pub struct TokioClock(());

impl Clock for TokioClock {
    type Instant = Instant;
    // Free of the budget, which is for what the get gives: the time is up whatever else the task has done.
    type Sleep = Unconstrained<Sleep>;

    fn now() -> Instant {
        Instant::now()
    }

    fn sleep_until(at: Instant) -> Self::Sleep {
        unconstrained(sleep_until(at))
    }
}
