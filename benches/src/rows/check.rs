//! Rows of what only some peers can do: to say whether there is something new, and to set and learn that it was got.

use core::fmt;
use core::future::Future;
use core::hint::black_box;
use core::pin::pin;
use core::task::Context;
use std::time::Instant;

use super::follow::{Follow, drain, ready};
use super::{Outcome, Plain, WARM_UP, expect, sum_up_to};
use crate::waker::CountingWaker;

/// A watcher that says whether there is something new without getting it.
pub trait Check: Follow {
    /// Whether there is something newer than `watcher` has had.
    fn has_changed(watcher: &mut Self::Watcher) -> bool;
}

/// A set that is over when the watchers have got what was set.
pub trait Confirmed: Follow {
    /// Sets, and waits for the watchers.
    fn set_confirmed(value: &Self::Value, data: u64) -> impl Future<Output = ()>;
}

/// One row of [`Check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRow;

/// One row of [`Confirmed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmedRow;

impl CheckRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        "the peers compare two numbers. Ours has 38 bits of the version in its word, and looks for the rest of it in the slot: one load \
         and one comparison more. Tried, in a loop of its own, where it takes 0.62 ns: only the bits in the word, 0.37 ns, but wrong after \
         2^38 sets; only the version in the slot, 0.74 ns; a function that is called, 2.5 ns."
    }
}

impl fmt::Display for CheckRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("ask whether there is something new")
    }
}

impl fmt::Display for ConfirmedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("set, get, and know that it was got")
    }
}

/// Measures `iterations` checks that find nothing with the peer `P`.
pub fn check<P: Check>(_: CheckRow, iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let value = P::new(1);
    let mut watcher = P::watch(&value);
    P::set(&value, WARM_UP);
    drain::<Plain<P>, _>(&mut watcher, &mut Context::from_waker(&waker));
    let mut found = 0_u64;
    let start = Instant::now();
    for _ in 0..iterations {
        found += u64::from(P::has_changed(black_box(&mut watcher)));
    }
    let took = start.elapsed();
    expect("number of changes found", found, 0)?;
    P::set(&value, WARM_UP + 1);
    expect("number of changes found after a set", u64::from(P::has_changed(&mut watcher)), 1)?;
    Ok(took)
}

/// Measures `iterations` confirmed sets with the peer `P`.
pub fn confirmed<P: Confirmed>(_: ConfirmedRow, iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(1);
    let mut watcher = P::watch(&value);
    drain::<Plain<P>, _>(&mut watcher, &mut cx);
    let mut confirmed = |data| {
        let mut set = pin!(P::set_confirmed(black_box(&value), black_box(data)));
        if set.as_mut().poll(&mut cx).is_ready() {
            return Err("over although nobody has got anything");
        }
        let got = ready::<Plain<P>, _>(&mut watcher, &mut cx)?;
        if set.as_mut().poll(&mut cx).is_pending() {
            return Err("not over although the watcher has got everything");
        }
        Ok(got)
    };
    for data in 1..=WARM_UP {
        expect("value", confirmed(data)?, data)?;
    }
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        sum = sum.wrapping_add(confirmed(data)?);
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    Ok(took)
}
