//! Rows on one thread where nobody waits: setting, and reading what is present.

use core::fmt;
use core::hint::black_box;
use std::time::Instant;

use super::{Outcome, WARM_UP, expect};

/// A place for one value that can be replaced and read through a shared reference.
pub trait Store<T = u64> {
    /// The value, with everything that setting and reading it needs.
    type Value;

    /// A value that will have up to `watchers` watchers; 0, or nothing at all, is in it.
    fn new(watchers: usize) -> Self::Value;

    /// Replaces what is in `value` and wakes whoever waits for that.
    fn set(value: &Self::Value, data: T);

    /// A copy of what is present.
    fn read(value: &Self::Value) -> T;
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRow {
    /// Set, and nobody watches.
    Set,
    /// Read the present value.
    Read,
}

impl StoreRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            StoreRow::Set => "",
            StoreRow::Read => {
                "two read-modify-writes, as a lock has, but where to count is known only when the word was loaded. In a loop of its own \
                 10.2 ns beside 9.9 for a lock, on a machine on which each takes 5. Left out for a trial: the limit of borrows, 0.0 ns; \
                 the place, taken for known, 0.0; the look whether the slot was left to its last reader, 0.5."
            }
        }
    }

    /// For the tables, where a peer is ahead of a value with shards.
    pub(super) fn why_not_first_with_shards(self) -> &'static str {
        match self {
            StoreRow::Set => "a set marks the replaced slot at each shard, reads the count of each, and resets them.",
            StoreRow::Read => {
                "a reader looks up which shard is its thread's, and then counts itself in and out there as elsewhere."
            }
        }
    }
}

impl fmt::Display for StoreRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            StoreRow::Set => "set, nobody watching",
            StoreRow::Read => "read the present value",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Store>(row: StoreRow, iterations: u64) -> Outcome {
    match row {
        StoreRow::Set => set::<P>(iterations),
        StoreRow::Read => read::<P>(iterations),
    }
}

fn set<P: Store>(iterations: u64) -> Outcome {
    let value = P::new(0);
    for data in 1..=WARM_UP {
        P::set(black_box(&value), black_box(data));
    }
    let start = Instant::now();
    for data in 1..=iterations {
        P::set(black_box(&value), black_box(data));
    }
    let took = start.elapsed();
    expect("last value", P::read(&value), iterations)?;
    Ok(took)
}

fn read<P: Store>(iterations: u64) -> Outcome {
    const PRESENT: u64 = 7;
    let value = P::new(0);
    P::set(&value, PRESENT);
    for _ in 0..WARM_UP {
        black_box(P::read(black_box(&value)));
    }
    let mut sum = 0_u64;
    let start = Instant::now();
    for _ in 0..iterations {
        sum = sum.wrapping_add(P::read(black_box(&value)));
    }
    let took = start.elapsed();
    expect("sum of what was read", sum, PRESENT.wrapping_mul(iterations))?;
    Ok(took)
}
