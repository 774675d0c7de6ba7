//! Rows on one thread with watchers: idle ones, one that finds something new, and one that waits.

use core::fmt;
use core::future::Future;
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll};
use std::time::Instant;

use super::store::Store;
use super::{MOST_WATCHERS, Outcome, WARM_UP, expect, sum_up_to};
use crate::waker::CountingWaker;

/// A value that can be followed: every watcher gets what is newer than the last it got.
pub trait Follow: Store {
    /// One consumer's place in the value.
    type Watcher;

    /// A new watcher. Whether it starts with the data that is present is left to the peer.
    fn watch(value: &Self::Value) -> Self::Watcher;

    /// Waits for something newer than `watcher` has had, and copies it out.
    fn next(watcher: &mut Self::Watcher) -> impl Future<Output = u64>;
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowRow {
    /// Set, with many watchers that are not waiting.
    SetIdle,
    /// Set, then get what was set.
    SetGet,
    /// Wait, be woken by a set, get what was set.
    WaitCycle,
}

impl fmt::Display for FollowRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FollowRow::SetIdle => "set, 1,000 idle watchers",
            FollowRow::SetGet => "set then get",
            FollowRow::WaitCycle => "wait, set, get",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Follow>(row: FollowRow, iterations: u64) -> Outcome {
    match row {
        FollowRow::SetIdle => set_idle::<P>(iterations),
        FollowRow::SetGet => set_get::<P>(iterations),
        FollowRow::WaitCycle => wait_cycle::<P>(iterations),
    }
}

fn set_idle<P: Follow>(iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(MOST_WATCHERS);
    P::set(&value, WARM_UP);
    let mut watchers: Vec<_> = (0..MOST_WATCHERS).map(|_| P::watch(&value)).collect();
    for watcher in &mut watchers {
        drain::<P>(watcher, &mut cx);
    }
    // The first set after the polls above is the one that may find wakers.
    for data in 1..=WARM_UP {
        P::set(black_box(&value), black_box(data));
    }
    let start = Instant::now();
    for data in 1..=iterations {
        P::set(black_box(&value), black_box(data));
    }
    let took = start.elapsed();
    for watcher in &mut watchers {
        expect("value at a watcher", ready::<P>(watcher, &mut cx)?, iterations)?;
    }
    Ok(took)
}

fn set_get<P: Follow>(iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(1);
    let mut watcher = P::watch(&value);
    drain::<P>(&mut watcher, &mut cx);
    for data in 1..=WARM_UP {
        P::set(black_box(&value), black_box(data));
        expect("value", ready::<P>(&mut watcher, &mut cx)?, data)?;
    }
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        P::set(black_box(&value), black_box(data));
        sum = sum.wrapping_add(ready::<P>(&mut watcher, &mut cx)?);
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    Ok(took)
}

fn wait_cycle<P: Follow>(iterations: u64) -> Outcome {
    let (counter, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(1);
    let mut watcher = P::watch(&value);
    drain::<P>(&mut watcher, &mut cx);
    for data in 1..=WARM_UP {
        expect("value", cycle::<P>(&value, &mut watcher, data, &mut cx)?, data)?;
    }
    let wakes_before = counter.wakes();
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        sum = sum.wrapping_add(cycle::<P>(&value, &mut watcher, data, &mut cx)?);
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    let wakes = counter.wakes() - wakes_before;
    if wakes < iterations {
        return Err(format!("woke {wakes} times in {iterations} cycles"));
    }
    Ok(took)
}

/// One future from the first poll to the last, as an executor would treat it.
#[inline]
fn cycle<P: Follow>(
    value: &P::Value,
    watcher: &mut P::Watcher,
    data: u64,
    cx: &mut Context<'_>,
) -> Result<u64, &'static str> {
    let mut next = pin!(P::next(watcher));
    if next.as_mut().poll(cx).is_ready() {
        return Err("ready although nothing was set");
    }
    P::set(black_box(value), black_box(data));
    match next.as_mut().poll(cx) {
        Poll::Ready(got) => Ok(got),
        Poll::Pending => Err("pending although something was set"),
    }
}

#[inline]
fn ready<P: Follow>(watcher: &mut P::Watcher, cx: &mut Context<'_>) -> Result<u64, &'static str> {
    match pin!(P::next(watcher)).poll(cx) {
        Poll::Ready(got) => Ok(got),
        Poll::Pending => Err("pending although something was set"),
    }
}

/// Takes what a fresh watcher starts with, if it starts with anything.
fn drain<P: Follow>(watcher: &mut P::Watcher, cx: &mut Context<'_>) {
    while pin!(P::next(watcher)).poll(cx).is_ready() {}
}
