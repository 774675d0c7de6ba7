//! Rows on one thread with watchers: idle ones, one that finds something new, and one that waits.

use core::fmt;
use core::future::Future;
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll};
use std::time::Instant;

use super::payload::Payload;
use super::produce::Produce;
use super::store::Store;
use super::{MOST_WATCHERS, Outcome, Plain, WARM_UP, expect, sum_up_to};
use crate::waker::CountingWaker;

/// A value that can be followed: every watcher gets what is newer than the last it got.
pub trait Follow<T = u64>: Store<T> {
    /// One consumer's place in the value.
    type Watcher;

    /// A new watcher. Whether it starts with the data that is present is left to the peer.
    fn watch(value: &Self::Value) -> Self::Watcher;

    /// Waits for something newer than `watcher` has had, and copies it out.
    fn next(watcher: &mut Self::Watcher) -> impl Future<Output = T>;
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
    /// A watcher comes and goes.
    Churn,
    /// A watcher comes, waits and goes, beside others that wait.
    WaitingChurn,
}

impl FollowRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            FollowRow::SetIdle => {
                "wakers of watchers that do not wait cost nothing here; the peer's lock and an empty list cost as little."
            }
            FollowRow::SetGet | FollowRow::WaitCycle => {
                "four read-modify-writes, as many as two turns with a lock have, which is cheap as long as nobody else wants it. In a \
                 loop of its own a set and a get take 8.6 ns; what was left out for a trial saved too little to be wrong for: the \
                 exchange that claims a slot 0.9 ns, those that pin and unpin 0.5, the look at the slot's state 0.1."
            }
            FollowRow::Churn | FollowRow::WaitingChurn => {
                "a watcher is counted (`watched`, `unwatched`), and its place in the list of wakers has to be found without a lock and \
                 given back; the peer clones an `Arc`, or takes its lock once. Left are eight read-modify-writes of about 2 ns, two for \
                 each of: the count that keeps the value usable, that of watchers, the place, and the pin that reads the version. What \
                 was found beside them, and is gone: two fences, calls, and moves of what was just written (38 ns in a loop of its own \
                 before, 17.5 now)."
            }
        }
    }
}

impl fmt::Display for FollowRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FollowRow::SetIdle => "set, 1,000 idle watchers",
            FollowRow::SetGet => "set then get",
            FollowRow::WaitCycle => "wait, set, get",
            FollowRow::Churn => "watch, drop",
            FollowRow::WaitingChurn => "watch, wait, drop, beside 100 waiting",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Follow>(row: FollowRow, iterations: u64) -> Outcome {
    match row {
        FollowRow::SetIdle => set_idle::<P>(iterations),
        FollowRow::SetGet => set_get::<u64, Plain<P>>(iterations),
        FollowRow::WaitCycle => wait_cycle::<Plain<P>>(iterations),
        FollowRow::Churn => churn::<P>(iterations, 0),
        FollowRow::WaitingChurn => churn::<P>(iterations, NEIGHBOURS),
    }
}

fn set_idle<P: Follow>(iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(MOST_WATCHERS);
    P::set(&value, WARM_UP);
    let mut watchers: Vec<_> = (0..MOST_WATCHERS).map(|_| P::watch(&value)).collect();
    for watcher in &mut watchers {
        drain::<Plain<P>, _>(watcher, &mut cx);
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
        expect("value at a watcher", ready::<Plain<P>, _>(watcher, &mut cx)?, iterations)?;
    }
    Ok(took)
}

pub(super) fn set_get<T: Payload, P: Produce<T>>(iterations: u64) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let mut value = P::new(1);
    let mut watcher = P::watch(&mut value);
    drain::<P, T>(&mut watcher, &mut cx);
    for data in 1..=WARM_UP {
        P::set(black_box(&mut value), T::numbered(black_box(data)));
        expect("value", ready::<P, T>(&mut watcher, &mut cx)?.number(), data)?;
    }
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        P::set(black_box(&mut value), T::numbered(black_box(data)));
        sum = sum.wrapping_add(black_box(&ready::<P, T>(&mut watcher, &mut cx)?).number());
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    Ok(took)
}

pub(super) fn wait_cycle<P: Produce>(iterations: u64) -> Outcome {
    let (counter, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let mut value = P::new(1);
    let mut watcher = P::watch(&mut value);
    drain::<P, u64>(&mut watcher, &mut cx);
    for data in 1..=WARM_UP {
        expect("value", cycle::<P>(&mut value, &mut watcher, data, &mut cx)?, data)?;
    }
    let wakes_before = counter.wakes();
    let mut sum = 0_u64;
    let start = Instant::now();
    for data in 1..=iterations {
        sum = sum.wrapping_add(cycle::<P>(&mut value, &mut watcher, data, &mut cx)?);
    }
    let took = start.elapsed();
    expect("sum of what was got", sum, sum_up_to(iterations))?;
    let wakes = counter.wakes() - wakes_before;
    if wakes < iterations {
        return Err(format!("woke {wakes} times in {iterations} cycles"));
    }
    Ok(took)
}

/// How many others wait meanwhile, in the row with others.
const NEIGHBOURS: usize = 100;

/// Watchers come, wait if others do, and go.
fn churn<P: Follow>(iterations: u64, neighbours: usize) -> Outcome {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let value = P::new(neighbours + 1);
    P::set(&value, WARM_UP);
    let mut others: Vec<_> = (0..neighbours).map(|_| P::watch(&value)).collect();
    others.iter_mut().for_each(|watcher| drain::<Plain<P>, _>(watcher, &mut cx));
    let mut come_and_go = || {
        let mut watcher = P::watch(black_box(&value));
        if neighbours > 0 {
            drain::<Plain<P>, _>(&mut watcher, &mut cx);
        }
        // In its place: to move what was just written piece by piece takes longer than all else here, in some columns.
        black_box(&mut watcher);
    };
    (0..WARM_UP).for_each(|_| come_and_go());
    let start = Instant::now();
    (0..iterations).for_each(|_| come_and_go());
    let took = start.elapsed();
    // Some peers take no notice of equal data.
    let last = WARM_UP + iterations;
    P::set(&value, last);
    for watcher in &mut others {
        expect("value at another watcher", ready::<Plain<P>, _>(watcher, &mut cx)?, last)?;
    }
    Ok(took)
}

/// One future from the first poll to the last, as an executor would treat it.
#[inline]
fn cycle<P: Produce>(
    value: &mut P::Value,
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
pub(super) fn ready<P: Produce<T>, T>(watcher: &mut P::Watcher, cx: &mut Context<'_>) -> Result<T, &'static str> {
    match pin!(P::next(watcher)).poll(cx) {
        Poll::Ready(got) => Ok(got),
        Poll::Pending => Err("pending although something was set"),
    }
}

/// Takes what a fresh watcher starts with, if it starts with anything, and leaves it waiting.
pub(crate) fn drain<P: Produce<T>, T>(watcher: &mut P::Watcher, cx: &mut Context<'_>) {
    while pin!(P::next(watcher)).poll(cx).is_ready() {}
}
