//! Watched values: state that producers set and any number of consumers watch, with the newest data winning.
//!
//! A [`MemoryValue`] holds the newest data. Every consumer has a [`MemoryWatcher`], whose `get` gives the present data
//! first and from then on waits for something newer. A slow consumer skips what it missed and never slows a producer;
//! a producer never waits; no wake-up is lost.
//!
//! ```
//! use event_core::MemoryValue;
//!
//! # futures_lite::future::block_on(async {
//! let address = MemoryValue::new();
//! let mut watcher = address.watch();
//!
//! address.set("10.0.0.1");
//! address.set("10.0.0.2");
//! assert_eq!(watcher.get().await?, "10.0.0.2");
//!
//! drop(address);
//! assert!(watcher.get().await.unwrap_err().is_closed());
//! # Ok::<(), event_core::GetError>(()) }).unwrap();
//! ```
//!
//! It needs `alloc`, but neither an operating system nor a particular runtime. What is written against the traits
//! [`Watch`], [`Value`] and [`Watcher`] works on values that are kept elsewhere as well.
//!
//! # Features
//!
//! - `std` (default): waiting on threads ([`WatcherExt::blocking_get`]); and a waker that panics while another one's panic is
//!   unwinding does not end the process.
//! - `serde`: a value serialises as its present data, as an `Option`.
//! - `tracing`: a span `get waits` for a get that waits, events `set` and `closed`, all of target `event_core` and level `TRACE`.
//! - `portable-atomic`: for targets without compare-and-swap; `critical-section`: and they make do with the program's critical
//!   sections. See [firmware].
//! - `loom`, with `--cfg event_core_loom`, and `shuttle`, with `--cfg event_core_shuttle`: for models of code that uses this crate. See
//!   [internals].
//!
//! More in the pages on [firmware], [limits] and [internals].

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(target_pointer_width = "16")]
compile_error!(
    "event-core needs a target with pointers of at least 32 bits: fewer leave no room for the version in the word that names the current data"
);

#[cfg(all(event_core_loom, not(any(test, feature = "loom"))))]
compile_error!("with `--cfg event_core_loom`, event-core needs its feature `loom`: see the page on internals");

#[cfg(all(event_core_shuttle, not(any(test, feature = "shuttle"))))]
compile_error!("with `--cfg event_core_shuttle`, event-core needs its feature `shuttle`");

#[macro_use]
mod sync;

pub mod adapter;
mod blocking;
mod cell;
mod combinators;
mod error;
mod get;
mod lock;
mod memory;
mod pipe;
mod runnable;
#[cfg(feature = "serde")]
mod serialize;
mod stream;
mod timer;
mod trace;
mod traits;
mod version;
mod wakers;
mod watcher_ext;

#[cfg(doc)]
pub mod guide;

#[cfg(doc)]
#[doc = include_str!("../docs/firmware.md")]
pub mod firmware {}
#[cfg(doc)]
#[doc = include_str!("../docs/internals.md")]
pub mod internals {}
#[cfg(doc)]
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(test)]
mod models;

#[cfg(feature = "std")]
pub use blocking::Park;
pub use blocking::{Block, BlockingIter, Relax, RelaxStrategy};
pub use combinators::{
    Combine, Debounce, Dedup, DedupByKey, Driver, Filter, FilterMap, Inspect, Map, MapLatest, Optional, Sample, Scan,
    Select, SelectTuple, SwitchMap, Throttle, WatchFn, WatcherTuple, WhileWatched, combine, optional, select, watch_fn,
};
pub use error::{BackendError, GetError};
pub use get::{Accept, Backlog, BacklogOnly, Everything, Get, Waiting};
#[cfg(not(event_core_loom))]
pub use memory::WeakValue;
pub use memory::{
    CachedReader, CasError, Changed, GetRef, MappedRef, MemoryReader, MemoryValue, MemoryWatcher, MemoryWriter, Ref,
    SetError, SetSync, SetSyncError, SetSyncUntil, Snapshot, StateValue, ValueState, WaitFor,
};
pub use pipe::{ChannelClosed, Pipe, PipeError, PipeSink, PipeTo, pipe};
pub use runnable::{BoxError, RunContext, Runnable, Signal};
pub use stream::WatcherStream;
pub use timer::Timer;
pub use traits::{Value, Watch, Watcher};
pub use version::Version;
pub use watcher_ext::{BoxWatcher, WatcherExt};

/// The traits, to be imported with `*`.
pub mod prelude {
    pub use crate::traits::{Value, Watch, Watcher};
    pub use crate::watcher_ext::WatcherExt;
}
