//! The conformance suite: what every value has to do, each guarantee at least one test that is named after it.
//!
//! The tests are functions in here, in four groups of guarantees: of values (V), of watchers (W, in
//! [`watchers`], [`waiting`], [`options`] and [`combining`]), of closing (C) and in panics (P). They come in three kinds:
//!
//! - *for any backend*: generic over a [`Runtime`](runtime::Runtime) and a [`Backend`](runtime::Backend);
//! - *for memory*: what only memory values promise, generic over a runtime;
//! - *by hand*: polled without a runtime, one step after the other.
//!
//! A fifth group is about [pipes](mod@pipes): by hand, generic over a [`Channel`](pipes::Channel). A sixth one is about maps (M): for
//! any [backend](map_changes::MapBackend), for memory with [tasks](map_threads), and by hand: [what is told](map_by_hand),
//! [wake-ups](map_waking) and [panics](map_panics).
//!
//! [`conformance!`], [`by_hand!`], [`pipes!`] and [`maps!`] list them and make `#[test]`s of them. A runtime is a file in
//! `tests/tests`, and so is a channel; so will be a backend. The other modules are tools for these and for the other tests
//! in `tests/tests`.

extern crate alloc;

pub mod allocator;
pub mod by_hand;
pub mod census;
#[cfg(doctest)]
mod guide;
pub mod runtime;
pub mod seed;
pub mod threads;
pub mod watchdog;

pub mod map_by_hand;
pub mod map_changes;
pub mod map_panics;
pub mod map_threads;
pub mod map_waking;

pub mod borrowing;
pub mod caching;
pub mod changing;
pub mod closing;
pub mod combining;
pub mod counting;
pub mod options;
pub mod panics;
pub mod pipes;
pub mod producing;
pub mod reading;
pub mod states;
pub mod values;
pub mod waiting;
pub mod watchers;

mod list;
