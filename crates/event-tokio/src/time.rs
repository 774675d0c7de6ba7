//! tokio's clock and timer.

use core::time::Duration;

use event_core::Timer;
use event_core::adapter::Clock;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// tokio's clock, for the deadlines of gets. It does not advance while tokio's time is paused.
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

/// tokio's timer, for what waits without a deadline of its own. It does not advance while tokio's time is paused.
///
/// # Panics
///
/// [`sleep`](Timer::sleep) panics outside of a tokio runtime, and in one without
/// [time](tokio::runtime::Builder::enable_time), when it is called. Its future panics when that runtime has been shut down.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use event_core::Timer;
/// use event_tokio::TokioTimer;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let begin = Instant::now();
/// TokioTimer.sleep(Duration::from_secs(5)).await;
/// assert_eq!(begin.elapsed(), Duration::from_secs(5));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    // As for the clock, free of the budget.
    type Sleep = Unconstrained<Sleep>;

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        unconstrained(sleep(duration))
    }
}
