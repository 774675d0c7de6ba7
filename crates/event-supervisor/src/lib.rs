//! Supervision: runs things that may fail, and runs them again when they did.
//!
//! A *runnable* is an `async fn(Context) -> Result<(), E>`. It may run children, which makes a tree. When a runnable returns or
//! panics without having said that its work is done, it is *dead*: the rest of its *group* is cancelled, and when all of
//! them and all of their children have ended, the group is started anew after a while. So whatever belongs together - a
//! producer and its consumer, a pipe and whoever receives from it - always begins together. The rules are those of
//! Erlang/OTP's supervisors, as Monogon's `supervisor` package for Go adapted them.
//!
//! The crate needs no particular runtime, only a [`Runtime`] that can spawn and sleep; `event-tokio` and `event-async-std`
//! have one and re-export this crate.
//!
//! # The rules
//!
//! - [`Context::run`] starts a child that is a group by itself, [`Context::run_group`] several that share their fate.
//! - A runnable [signals](Context::signal) [`Healthy`](Signal::Healthy) when it does its work and [`Done`](Signal::Done) when its
//!   work is done. Returning `Ok` after `Done` is the only way to end that is not a death; its children go on.
//! - A death cancels the siblings in the group. The children of the dead, and the siblings with theirs, end before the
//!   group is restarted.
//! - A restart waits: 0.5 s the first time, twice as long each further time, up to a minute; jitter adds up to the same again.
//!   Once the whole group has been healthy for a minute, the next delay is the first one again. See [`Backoff`].
//! - Cancellation goes from the leaves to the root: a runnable's [`cancelled`](Context::cancelled) is ready when all of its children
//!   have ended, the group started last being the first to go. Returning anything because of it is not a failure.
//! - A runnable that does not end within the [grace period](Builder::grace) after it was told to is reported by name, and
//!   its future is dropped. One that blocks its thread cannot be dropped: it is reported, and waited for.
//! - Parents outlive their children, no runnable runs twice at once, and no sibling of a dead one keeps running.
//!
//! # Names and state
//!
//! Names are unique among siblings and make up paths: `root.net.dhcp`. The state of every runnable is in a [`Tree`], which is
//! itself a watched value: [`Supervisor::state`].
//!
//! # Features
//!
//! - `std` (default): panics are caught; without it, a panic is what the target makes of it.
//! - `tracing` (default): events for what happens to a runnable, and a span `runnable` with its `path` around it.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod backoff;
mod body;
mod context;
mod effects;
mod engine;
mod flag;
mod handle;
mod index;
mod latest;
mod lock;
mod log;
mod look_out;
mod once;
mod place;
mod rest;
mod run;
mod runnable;
mod runtime;
mod settings;
mod shared;
mod state;
mod supervisor;
mod timer;
mod transition;
mod tree;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use backoff::Backoff;
pub use context::{Cancelled, Context, StartError};
pub use event_core::{BoxError, RunContext, Runnable, Signal};
pub use handle::Handle;
pub use latest::{RunLatest, run_latest};
pub use once::run_once;
pub use runnable::{BoxRunnable, boxed};
pub use runtime::Runtime;
pub use state::{NodeStatus, State};
pub use supervisor::{Builder, NoSuchRunnable, Supervisor};
pub use transition::Transition;
pub use tree::Tree;
