//! A test for each of the rules in the crate's documentation, on a runtime whose time is virtual.
//!
//! Each is played in many orders of events. `EVENT_SEED` replays the one that is printed when a test fails, `EVENT_CASES`
//! says how many there are.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

#[path = "../support/mod.rs"]
mod support;

mod auto_traits;
mod backoff;
mod cancellation;
mod done;
mod faults;
mod grace;
mod groups;
mod handles;
mod latest;
mod limit;
mod names;
#[cfg(feature = "std")]
mod panics;
mod pipes;
mod run_once;
mod runtime;
mod state;
mod stopping;
mod transitions;
