//! Restarts tasks that fail, together with what depends on them.
//!
//! A *runnable* is an `async fn(Context) -> Result<(), E>`. It may run children, which makes a tree. When a runnable returns or
//! panics without having signalled that its work is done, it is *dead*: the rest of its *group* is cancelled, and when all of
//! them and all of their children have ended, the group is started again after a while. So a producer and its consumer, or a
//! pipe and its receiver, always begin together. The rules are those of Erlang/OTP's supervisors, as Monogon's `supervisor`
//! package for Go adapted them.
//!
//! The crate needs no particular runtime, only a [`Runtime`] that can spawn and sleep; `event-tokio` and `event-async-std`
//! have one and re-export this crate.
//!
//! Write a runnable as an `async fn` that takes what it needs as arguments. Then a closure only clones these, once per start:
//!
//! ```
//! use event_core::MemoryValue;
//! use event_supervisor::{BoxError, Context, Runtime, Signal, Supervisor};
//!
//! async fn app(cx: Context, value: MemoryValue<u32>) -> Result<(), BoxError> {
//!     let producer = value.clone();
//!     cx.run("producer", move |cx| produce(cx, producer.clone()))?;
//!     cx.children_healthy().await;
//!     cx.signal(Signal::Healthy);
//!     cx.cancelled().await;
//!     Ok(())
//! }
//!
//! async fn produce(cx: Context, value: MemoryValue<u32>) -> Result<(), BoxError> {
//!     value.set(7);
//!     cx.signal(Signal::Healthy);
//!     cx.cancelled().await;
//!     Ok(())
//! }
//!
//! fn start(runtime: impl Runtime) -> Supervisor {
//!     let value = MemoryValue::new();
//!     Supervisor::start(runtime, move |cx| app(cx, value.clone()))
//! }
//! ```
//!
//! # The rules
//!
//! - [`Context::run`] starts a child that is a group by itself, [`Context::run_group`] several that are restarted together.
//! - A runnable [signals](Context::signal) [`Healthy`](Signal::Healthy) when it does its work, and then [`Done`](Signal::Done) when
//!   its work is done. Returning `Ok` after `Done` is the only way to end that is not a death; its children keep running.
//! - A death cancels the siblings in the group. The children of the dead, and the siblings with theirs, end before the
//!   group is restarted.
//! - A restart waits: 0.5 s the first time, twice as long each further time, up to a minute; jitter adds up to the same again.
//!   Once the whole group has been healthy for a minute, the next delay is the first one again. See [`Backoff`].
//! - A group that dies more often than its [limit](Builder::limit) allows is not restarted: its parent dies. There is no
//!   limit by default.
//! - Cancellation goes from the leaves to the root: a runnable's [`cancelled`](Context::cancelled) is ready when all of its children
//!   have ended. All of its groups end at the same time, unless it is [`ordered`](Context::ordered): then one after the other, the
//!   one started last being the first. Returning anything because of a cancellation is not a failure.
//! - A runnable that does not end within the [grace period](Builder::grace) after it was cancelled is reported by name, and
//!   its future is dropped. One that blocks its thread cannot be dropped: it is reported, and waited for.
//! - A group of which all are done and have no children any more has ended for good, and so has one that was
//!   [cancelled](Handle::cancel). Its tasks and names are free; the tree keeps the [newest](Builder::keep_ended) of those.
//! - Parents outlive their children, no runnable runs twice at the same time, and no sibling of a dead one keeps running.
//!
//! # Names and state
//!
//! Names are unique among siblings and make up paths: `root.net.dhcp`. The state of every runnable is in a [`Tree`], which is
//! itself a watched value: [`Supervisor::state`]. [`Builder::on_transition`] reports every change, none skipped.
//!
//! # Control
//!
//! [`Context::run`] returns a [`Handle`], which cancels, restarts, and says when the group has ended. [`Supervisor::cancel`] and
//! [`Supervisor::restart`] do the same by path. [`run_latest`] restarts something whenever its input changes.
//!
//! # Runnables that are not `Send`
//!
//! With the feature `std`, [`local`] makes a runnable of a closure and futures that are not `Send`, for runtimes that run the whole tree
//! on one thread. There is no trait for a runtime whose `spawn` takes such futures, such as tokio's `LocalSet`: the supervisor spawns
//! where something happens, which may be any thread, so that a tree for one thread would have to be another type, with another
//! context and handles, from the engine up.
//!
//! # What a runtime may do
//!
//! A runtime that drops a task, or panics instead of starting it, causes the death of what the task was to run. One that has no
//! timers, or drops the tasks that wait for a restart, causes the death of the parent. The grace period counts as over
//! where it cannot be measured. So nothing hangs, and an error says what was missing.
//!
//! # Costs
//!
//! A change of state costs O(log n) of the tree, and so does a start; a clone of the tree costs next to nothing. While nobody has a
//! reader or a watcher of the state, nothing is published, and a change costs half of that. A runnable has one task. Timers that only matter at a death, such as that of the healthy minute, have none.
//!
//! # Features
//!
//! - `std` (default): panics are caught; without it, a panic is what the target makes of it. [`local`].
//! - `tracing` (default): events for what happens to a runnable, and a span `runnable` with its `path` around it.
//! - `serde`: [`Tree`], [`NodeStatus`] and [`State`] can be serialised.

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
#[cfg(feature = "std")]
mod local;
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
#[cfg(feature = "std")]
pub use local::{Local, local};
pub use once::run_once;
pub use runnable::{BoxRunnable, boxed};
pub use runtime::Runtime;
pub use state::{NodeStatus, State};
pub use supervisor::{Builder, NoSuchRunnable, Supervisor};
pub use transition::Transition;
pub use tree::Tree;
