//! Random numbers that can be had again.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread::panicking;

/// The environment variables that replay a run, and that say how many cases it has.
const SEED: &str = "EVENT_SEED";
const CASES: &str = "EVENT_CASES";

fn variable(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// Calls `case` with so many seeds, the first of which is `EVENT_SEED` if that is set. The seed of a case that panics is
/// printed.
pub(crate) fn cases(what: &str, number: u64, case: impl Fn(u64)) {
    // The hasher's keys are random; that is all it is used for.
    let first = variable(SEED).unwrap_or_else(|| RandomState::new().build_hasher().finish());
    for number in 0..variable(CASES).unwrap_or(number) {
        let seed = if number == 0 { first } else { mix(first ^ mix(number)) };
        let told = TellSeed { what, seed };
        case(seed);
        drop(told);
    }
}

struct TellSeed<'a> {
    what: &'a str,
    seed: u64,
}

impl Drop for TellSeed<'_> {
    fn drop(&mut self) {
        if panicking() {
            eprintln!("{}: {SEED}={} replays this; with {CASES}=1, only this", self.what, self.seed);
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose what happens next.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number less than `end`, which is not 0.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in `n` times.
    pub(crate) const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these, if there are any.
    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let number = self.next().checked_rem(among.len() as u64)?;
        among.get(number as usize)
    }
}

const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
