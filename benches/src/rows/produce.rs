//! Rows of the only producer of a value, who has a watcher.

use core::fmt;
use core::future::Future;

use super::follow::{Follow, set_get, wait_cycle};
use super::{Outcome, Plain};

/// What a peer has for a value with one producer.
pub trait Produce<T = u64> {
    /// The producer, and the value.
    type Value;
    /// One consumer's place in the value.
    type Watcher;

    /// A value that will have up to `watchers` watchers; 0, or nothing at all, is in it.
    fn new(watchers: usize) -> Self::Value;

    /// Replaces what is in `value` and wakes whoever waits for that.
    fn set(value: &mut Self::Value, data: T);

    /// A new watcher. Whether it starts with the data that is present is left to the peer.
    fn watch(value: &mut Self::Value) -> Self::Watcher;

    /// Waits for something newer than `watcher` has had, and copies it out.
    fn next(watcher: &mut Self::Watcher) -> impl Future<Output = T>;
}

/// A peer that has nothing of its own for one producer.
impl<T, P: Follow<T>> Produce<T> for Plain<P> {
    type Value = P::Value;
    type Watcher = P::Watcher;

    fn new(watchers: usize) -> Self::Value {
        P::new(watchers)
    }

    #[inline]
    fn set(value: &mut Self::Value, data: T) {
        P::set(value, data);
    }

    fn watch(value: &mut Self::Value) -> Self::Watcher {
        P::watch(value)
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> impl Future<Output = T> {
        P::next(watcher)
    }
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProduceRow {
    /// The only producer sets, and what was set is got.
    SetGet,
    /// A watcher waits, is woken by the only producer's set, and gets what was set.
    WaitCycle,
}

impl fmt::Display for ProduceRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ProduceRow::SetGet => "set by the only producer, then get",
            ProduceRow::WaitCycle => "wait, set by the only producer, get",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Produce>(row: ProduceRow, iterations: u64) -> Outcome {
    match row {
        ProduceRow::SetGet => set_get::<u64, P>(iterations),
        ProduceRow::WaitCycle => wait_cycle::<P>(iterations),
    }
}
