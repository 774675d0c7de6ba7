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
//! in `tests/tests`; without the feature `suites` there is nothing but them.

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

#[cfg(feature = "suites")]
pub mod map_by_hand;
#[cfg(feature = "suites")]
pub mod map_changes;
#[cfg(feature = "suites")]
pub mod map_panics;
#[cfg(feature = "suites")]
pub mod map_threads;
#[cfg(feature = "suites")]
pub mod map_waking;

#[cfg(feature = "suites")]
pub mod borrowing;
#[cfg(feature = "suites")]
pub mod caching;
#[cfg(feature = "suites")]
pub mod changing;
#[cfg(feature = "suites")]
pub mod closing;
#[cfg(feature = "suites")]
pub mod combining;
#[cfg(feature = "suites")]
pub mod counting;
#[cfg(feature = "suites")]
pub mod options;
#[cfg(feature = "suites")]
pub mod panics;
#[cfg(feature = "suites")]
pub mod pipes;
#[cfg(feature = "suites")]
pub mod producing;
#[cfg(feature = "suites")]
pub mod reading;
#[cfg(feature = "suites")]
pub mod states;
#[cfg(feature = "suites")]
pub mod values;
#[cfg(feature = "suites")]
pub mod waiting;
#[cfg(feature = "suites")]
pub mod watchers;

#[cfg(feature = "suites")]
mod list;
