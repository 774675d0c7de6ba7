//! Random numbers that can be had again.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;

/// The environment variable that replays a run.
const VARIABLE: &str = "EVENT_SEED";

/// A seed for this run: `EVENT_SEED` if that is set, else another one each time. It is printed, so that it can be found
/// in the output of a test that failed.
///
/// # Panics
///
/// If `EVENT_SEED` is not a number.
#[must_use]
pub fn seed(what: &str) -> u64 {
    let seed = match std::env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{VARIABLE}={text}: {error}")),
        // The hasher's keys are random; that is all it is used for.
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    println!("{what}: {VARIABLE}={seed} replays this");
    seed
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose what happens next.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another sequence, one for each thread of a test.
    #[must_use]
    pub const fn stream(&self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number + 1)))
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number less than `end`, which is not 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in `n` times.
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Makes numbers that are close to each other look unlike each other. One-to-one.
#[must_use]
pub const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
