//! How long to wait before a restart.

use core::time::Duration;

use fastrand::Rng;

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
        let random = match self.seed {
            Some(seed) => Rng::with_seed(seed),
            #[cfg(feature = "std")]
            None => Rng::new(),
            #[cfg(not(feature = "std"))]
            None => Rng::with_seed(0),
        };
        Delays { next: self.first, random: self.jitter.then_some(random) }
    }
}

/// The delays of one group, one after the other.
#[derive(Debug)]
pub(crate) struct Delays {
    /// Without jitter.
    next: Duration,
    random: Option<Rng>,
}

impl Delays {
    pub(crate) fn next(&mut self, backoff: &Backoff) -> Duration {
        let delay = self.next;
        self.next = delay.saturating_mul(2).min(backoff.cap.max(backoff.first));
        // Centuries are enough.
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let jitter = self.random.as_mut().map_or(0, |random| random.u64(0..=nanos));
        delay.saturating_add(Duration::from_nanos(jitter))
    }

    pub(crate) fn reset(&mut self, backoff: &Backoff) {
        self.next = backoff.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_begin_again_after_a_reset() {
        let backoff = Backoff::default().cap(Duration::from_secs(3)).jitter(false);
        let mut delays = backoff.delays();
        for millis in [500, 1000, 2000, 3000, 3000] {
            assert_eq!(delays.next(&backoff), Duration::from_millis(millis));
        }
        delays.reset(&backoff);
        assert_eq!(delays.next(&backoff), Duration::from_millis(500));
    }

    #[test]
    fn jitter_adds_at_most_the_delay_itself() {
        for seed in 0..100 {
            let backoff = Backoff::default().seed(seed);
            let mut delays = backoff.delays();
            for millis in [500, 1000, 2000] {
                let delay = delays.next(&backoff);
                assert!(
                    (Duration::from_millis(millis)..=Duration::from_millis(2 * millis)).contains(&delay),
                    "{delay:?}"
                );
            }
        }
    }

    #[test]
    fn a_cap_below_the_first_delay_changes_nothing_else() {
        let backoff = Backoff::default().cap(Duration::ZERO).jitter(false);
        let mut delays = backoff.delays();
        assert_eq!(delays.next(&backoff), Duration::from_millis(500));
        assert_eq!(delays.next(&backoff), Duration::from_millis(500));
    }

    #[test]
    fn delays_are_exact() {
        let backoff = Backoff::default().first(Duration::from_millis(100)).jitter(false);
        let mut delays = backoff.delays();
        let last = core::iter::repeat_with(|| delays.next(&backoff)).nth(7);
        assert_eq!(last, Some(Duration::from_millis(12_800)));
    }
}
