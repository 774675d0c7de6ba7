//! Rows of threads without a runtime, which block until there is something new.

use core::fmt;
use core::hint::black_box;
use std::thread;
use std::time::Instant;

use super::store::Store;
use super::threads::{join, pin_to, spawn};
use super::{Outcome, WARM_UP, expect, sum_up_to};

/// A value that threads can follow.
pub trait Blocking: Store<Value: Sync> {
    /// One consumer's place in the value.
    type Watcher: Send;

    /// A watcher that has had what is present.
    fn watch(value: &Self::Value) -> Self::Watcher;

    /// Blocks until there is something newer than `watcher` has had, and copies it out.
    fn next(watcher: &mut Self::Watcher) -> u64;
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockingRow {
    /// Set, then get what was set, which need not block.
    SetGet,
    /// One thread sets, and another that waits for that answers.
    HandOver,
}

impl BlockingRow {
    pub(super) fn operations_per_iteration(self) -> u64 {
        if self == BlockingRow::HandOver { 2 } else { 1 }
    }
}

impl BlockingRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            BlockingRow::SetGet => {
                "the peers take a lock and look; ours is the get without waiting, and only then looks for the parker of the thread."
            }
            BlockingRow::HandOver => {
                "before it sleeps, a thread looks for 10 µs whether it is woken; if that is not enough, the kernel's sleeping and waking is \
                 nearly all of it, and on a busy machine its scheduler decides."
            }
        }
    }
}

impl fmt::Display for BlockingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            BlockingRow::SetGet => "blocking: set then get",
            BlockingRow::HandOver => "blocking: set, and a thread wakes up",
        })
    }
}

/// Measures `iterations` iterations of `row` with the peer `P`.
pub fn run<P: Blocking>(row: BlockingRow, iterations: u64) -> Outcome {
    match row {
        BlockingRow::SetGet => set_get::<P>(iterations),
        BlockingRow::HandOver => hand_over::<P>(iterations),
    }
}

fn set_get<P: Blocking>(iterations: u64) -> Outcome {
    let value = P::new(1);
    let mut watcher = P::watch(&value);
    let mut round = |data| {
        P::set(black_box(&value), black_box(data));
        P::next(black_box(&mut watcher))
    };
    for data in 1..=WARM_UP {
        expect("value", round(data), data)?;
    }
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        sum = sum.wrapping_add(round(data));
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    Ok(took)
}

/// Two values, one for each direction, and a thread at each end.
fn hand_over<P: Blocking>(iterations: u64) -> Outcome {
    let (there, back) = (P::new(1), P::new(1));
    let (mut at_there, mut at_back) = (P::watch(&there), P::watch(&back));
    thread::scope(|scope| {
        let (there, back) = (&there, &back);
        let answers = spawn(scope, move || {
            pin_to(1);
            for data in 1..=iterations {
                expect("question", P::next(&mut at_there), data)?;
                P::set(back, data);
            }
            Ok(())
        })?;
        let asks = spawn(scope, move || {
            pin_to(0);
            let start = Instant::now();
            for data in 1..=iterations {
                P::set(there, data);
                expect("answer", P::next(&mut at_back), data)?;
            }
            Ok(start.elapsed())
        })?;
        join(answers)?;
        join(asks)
    })
}
