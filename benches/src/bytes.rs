//! What a value and its watchers cost in bytes: on the heap, where an allocator counts, and in place.

use core::fmt;
use core::future::Future;
use core::task::Context;

use crate::rows::Plain;
use crate::rows::follow::{Follow, drain};
use crate::waker::CountingWaker;

/// One figure of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BytesRow {
    /// A value that holds a number, and has a watcher.
    Value,
    /// One more watcher.
    IdleWatcher,
    /// One more watcher that waits.
    WaitingWatcher,
}

/// Says how many bytes this thread has allocated and not freed.
pub type Live = fn() -> i64;

/// So many bytes.
pub type Bytes = f64;

/// How many watchers are counted together.
const WATCHERS: usize = 1000;

impl BytesRow {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Value, Self::IdleWatcher, Self::WaitingWatcher];
}

impl fmt::Display for BytesRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            BytesRow::Value => "a value of 8 bytes with a waiting watcher",
            BytesRow::IdleWatcher => "each of 1,000 idle watchers",
            BytesRow::WaitingWatcher => "each of 1,000 waiting watchers, future included",
        })
    }
}

/// Measures `row` with the peer `P`; `live` says how many bytes this thread has allocated.
pub fn run<P: Follow>(row: BytesRow, live: Live) -> Bytes {
    let (_, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let count = if row == BytesRow::Value { 1 } else { WATCHERS };
    let nothing = live();
    let value = P::new(count);
    P::set(&value, 1);
    let without = if row == BytesRow::Value { nothing } else { live() };
    let mut watchers = Vec::with_capacity(count);
    watchers.extend((0..count).map(|_| P::watch(&value)));
    let mut waits = Vec::with_capacity(count);
    let places = size_of_val(waits.spare_capacity_mut());
    if row != BytesRow::IdleWatcher {
        for watcher in &mut watchers {
            drain::<Plain<P>, _>(watcher, &mut cx);
            // With the future, in which some peers keep their waker.
            let mut wait = Box::pin(P::next(watcher));
            assert!(wait.as_mut().poll(&mut cx).is_pending(), "nothing was set");
            waits.push(wait);
        }
    }
    let bytes = (live() - without) as f64 - places as f64;
    drop(waits);
    // The vector of the watchers is on the heap, so they are in the count themselves.
    let bytes = bytes / count as f64;
    if row == BytesRow::Value { bytes + size_of::<P::Value>() as f64 } else { bytes }
}
