//! How long to wait before a restart.

use core::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How long a group waits before it is restarted.
///
/// Each delay is twice the one before, from [`first`](Self::first) up to [`cap`](Self::cap). With [`jitter`](Self::jitter) a
/// random time is added, between nothing and the delay itself, so that groups which died together do not come back
/// together. After the group has been healthy for [`reset_after`](Self::reset_after) without a break, it begins with `first` again.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use event_supervisor::Backoff;
///
/// let backoff = Backoff::default().first(Duration::from_millis(100)).cap(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    reset_after: Duration,
    jitter: bool,
    seed: Option<u64>,
}

impl Default for Backoff {
    /// 0.5 s first, a minute at most (before jitter), reset after a healthy minute, with jitter.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            cap: Duration::from_secs(60),
            reset_after: Duration::from_secs(60),
            jitter: true,
            seed: None,
        }
    }
}

impl Backoff {
    /// The first delay.
    #[must_use]
    pub fn first(self, first: Duration) -> Self {
        Self { first, ..self }
    }

    /// The longest delay, before jitter. If it is less than `first`, all delays are `first`.
    #[must_use]
    pub fn cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }

    /// How long a group has to be healthy for its next delay to be the first one again.
    #[must_use]
    pub fn reset_after(self, reset_after: Duration) -> Self {
        Self { reset_after, ..self }
    }

    /// Whether a random time is added to every delay.
    #[must_use]
    pub fn jitter(self, jitter: bool) -> Self {
        Self { jitter, ..self }
    }

    /// Makes the jitter of every group the same in each run of the program. Without this, and without `std`, it is so anyway.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    pub(crate) fn healthy_period(&self) -> Duration {
        self.reset_after
    }

    pub(crate) fn delays(&self) -> Delays {
        let exponential = ExponentialBuilder::new()
            .with_factor(2.0)
            .with_min_delay(self.first)
            .with_max_delay(self.cap.max(self.first))
            .without_max_times();
        let exponential = if self.jitter { exponential.with_jitter() } else { exponential };
        let exponential = match self.seed {
            Some(seed) => exponential.with_jitter_seed(seed),
            None => exponential,
        };
        Delays { exponential, next: exponential.build() }
    }
}

/// The delays of one group, one after the other.
#[derive(Debug)]
pub(crate) struct Delays {
    exponential: ExponentialBuilder,
    next: ExponentialBackoff,
}

impl Delays {
    pub(crate) fn next(&mut self) -> Duration {
        self.next.next().expect("the number of restarts is not limited")
    }

    pub(crate) fn reset(&mut self) {
        self.next = self.exponential.build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_begin_again_after_a_reset() {
        let mut delays = Backoff::default().cap(Duration::from_secs(3)).jitter(false).delays();
        for millis in [500, 1000, 2000, 3000, 3000] {
            assert_eq!(delays.next(), Duration::from_millis(millis));
        }
        delays.reset();
        assert_eq!(delays.next(), Duration::from_millis(500));
    }

    #[test]
    fn jitter_adds_at_most_the_delay_itself() {
        for seed in 0..100 {
            let mut delays = Backoff::default().seed(seed).delays();
            for millis in [500, 1000, 2000] {
                let delay = delays.next();
                assert!(
                    (Duration::from_millis(millis)..=Duration::from_millis(2 * millis)).contains(&delay),
                    "{delay:?}"
                );
            }
        }
    }

    #[test]
    fn a_cap_below_the_first_delay_changes_nothing_else() {
        let mut delays = Backoff::default().cap(Duration::ZERO).jitter(false).delays();
        assert_eq!(delays.next(), Duration::from_millis(500));
        assert_eq!(delays.next(), Duration::from_millis(500));
    }
}
