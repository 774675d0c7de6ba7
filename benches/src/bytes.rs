//! What a value and its watchers cost in bytes: on the heap, where an allocator counts, and in place.

use core::fmt;
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
            BytesRow::Value => "a value of 8 bytes with a watcher that waits",
            BytesRow::IdleWatcher => "each of 1,000 idle watchers",
            BytesRow::WaitingWatcher => "each of 1,000 waiting watchers",
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
    if row != BytesRow::IdleWatcher {
        watchers.iter_mut().for_each(|watcher| drain::<Plain<P>, _>(watcher, &mut cx));
    }
    // The vector is on the heap: so the watchers themselves are in the count.
    let bytes = (live() - without) as f64 / count as f64;
    if row == BytesRow::Value { bytes + size_of::<P::Value>() as f64 } else { bytes }
}
