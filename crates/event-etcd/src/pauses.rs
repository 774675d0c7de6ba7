//! How long to wait after a failure before the next attempt.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Growing pauses, which begin again after a success.
#[derive(Debug)]
pub(crate) struct Pauses {
    longest: Duration,
    next: ExponentialBackoff,
}

impl Pauses {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, next: Self::first(longest) }
    }

    fn first(longest: Duration) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(longest.max(FIRST_PAUSE))
            .with_jitter()
            .without_max_times()
            .build()
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.next.next().expect("the number of attempts is not limited")
    }

    pub(crate) fn reset(&mut self) {
        self.next = Self::first(self.longest);
    }
}
