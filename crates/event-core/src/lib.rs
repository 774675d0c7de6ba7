//! A watch channel for state: producers set a value, any number of consumers watch it, and the newest data wins.
//!
//! ```
//! use event_core::{GetError, MemoryValue};
//!
//! # futures_lite::future::block_on(async {
//! let address = MemoryValue::new();
//! let mut watcher = address.watch();
//!
//! address.set("192.0.2.10");
//! address.set("192.0.2.77");
//! assert_eq!(watcher.get().await?, "192.0.2.77"); // the current data; the older is skipped
//!
//! drop(address);
//! assert!(watcher.get().await.unwrap_err().is_closed());
//! # Ok::<(), GetError>(()) }).unwrap();
//! ```
//!
//! `set` never waits, no wake-up is lost, a get that is dropped consumes nothing, and nothing depends on a particular runtime.
//!
//! # Where to start
//!
//! The [guide] has a page per task. These are the types that most programs need:
//!
//! | type | what it is | made by |
//! |---|---|---|
//! | [`MemoryValue`] | a value; a clone is another handle to it | [`new`](MemoryValue::new), or `static` |
//! | [`StateValue`] | a value that always has data | [`new`](StateValue::new) |
//! | [`MemoryWatcher`] | what a consumer waits with | [`watch`](MemoryValue::watch) |
//! | [`MemoryReader`] | the right to read and watch, without the right to set | [`reader`](MemoryValue::reader) |
//! | [`GetError`] | why a get returned no data: closed, cancelled, too late | |
//!
//! Some programs also need these:
//!
//! | to | there is |
//! |---|---|
//! | set at the lowest cost, as the only producer | [`MemoryWriter`] |
//! | read in a hot loop | [`CachedReader`] |
//! | allocate nothing | [`Space`], which a value can live in |
//! | borrow data, or keep one version | [`Ref`], [`MappedRef`], [`Snapshot`] |
//! | limit a wait | the options of [`Get`]: [`filter`](Get::filter), [`until`](Get::until), [`backlog_only`](Get::backlog_only) |
//! | map, filter, debounce, share a watcher, wait on a thread | the methods of [`WatcherExt`] |
//! | watch several values | [`combine`](combine()), [`select`](select()), [`optional`](optional()) |
//! | wait until all watchers have seen something | [`set_sync`](MemoryValue::set_sync) |
//! | forward a value into a channel | [`pipe`](pipe()) |
//! | write code for values of any kind, or a new kind of value | the traits [`Watch`], [`Value`], [`Watcher`] |
//!
//! The types that methods return have pages in [types].
//!
//! # Related crates
//!
//! `event-tokio` and `event-async-std` add tokens, deadlines, pipes into channels, and supervision; `event-map` adds watched maps,
//! `event-supervisor` restarts producers and consumers, and `event-etcd` keeps values in a cluster.
//!
//! # Features
//!
//! `no_std`, with a heap or without.
//!
//! - `alloc` (by `std`): values on the heap, and what needs one: [`combine`](combine()), [`select`](select()), [`pipe`](pipe()), sharing,
//!   timers, `set_sync`. Without it nothing in this crate allocates, and values live in a [`Space`].
//! - `std` (default): waiting on threads ([`WatcherExt::blocking_get`]). Also, a waker that panics while another panic unwinds does
//!   not end the process.
//! - `serde`: a value serialises as its current data, as an `Option`.
//! - `tracing`: a span `get waits` for a get that waits, events `set` and `closed`, all of target `event_core` and level `TRACE`.
//! - `portable-atomic`: for targets without compare-and-swap. `critical-section`: such targets use the program's critical sections.
//!   See [firmware].
//! - `loom`, with `--cfg event_core_loom`, and `shuttle`, with `--cfg event_core_shuttle`: for models of code that uses this crate. See
//!   [internals].
//!
//! [Limits](limits) says what cannot be done, and what happens at the edge.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
// What only a model is built without is there for everybody else, and needs no mark.
#![cfg_attr(docsrs, doc(auto_cfg(hide(event_core_loom, event_core_shuttle))))]
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(target_pointer_width = "16")]
compile_error!(
    "event-core needs a target with pointers of at least 32 bits: fewer leave no room for the version in the word that names the current data"
);

#[cfg(not(any(target_pointer_width = "16", target_has_atomic = "ptr", feature = "portable-atomic")))]
compile_error!(
    "this target has no compare-and-swap: event-core needs its feature `critical-section`, with an implementation of that in the program, or \
     `portable-atomic`, with a way that the program chooses"
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
#[cfg(feature = "alloc")]
mod lock;
mod memory;
#[cfg(feature = "alloc")]
mod pipe;
mod room;
#[cfg(feature = "alloc")]
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

pub use blocking::RelaxStrategy;
#[cfg(feature = "alloc")]
pub use combinators::{combine, select};
pub use combinators::{optional, watch_fn};
#[cfg(feature = "alloc")]
pub use error::BackendError;
pub use error::GetError;
pub use get::Get;
#[cfg(feature = "alloc")]
pub use memory::SetSyncError;
pub use memory::{
    CachedReader, CasError, Full, MappedRef, MemoryReader, MemoryValue, MemoryWatcher, MemoryWriter, Ref, SetError,
    Snapshot, Space, StateValue, WeakValue,
};
#[cfg(feature = "alloc")]
pub use pipe::{ChannelClosed, Pipe, PipeError, PipeSink, PipeTo, pipe};
#[cfg(feature = "alloc")]
pub use runnable::{BoxError, RunContext, Runnable, Signal};
pub use stream::WatcherStream;
pub use timer::Timer;
pub use traits::{Value, Watch, Watcher};
pub use version::Version;
#[cfg(feature = "alloc")]
pub use watcher_ext::BoxWatcher;
pub use watcher_ext::WatcherExt;

// All of these stand in the root as well; the list there is that of what programs name.
#[doc(hidden)]
pub use types::*;

/// The types that methods and functions return.
///
/// Programs seldom name these types. Each has a page for its methods and for what it promises.
///
/// They can also be named without `types`, as `event_core::Map` for instance.
///
/// | what | types |
/// |---|---|
/// | watchers, returned by the methods of [`WatcherExt`] | [`Map`], [`Filter`], [`FilterMap`], [`Scan`], [`MapLatest`], [`Inspect`], [`Dedup`], [`DedupByKey`], [`SwitchMap`], [`Debounce`], [`Throttle`], [`Sample`] |
/// | watchers of several values | [`Combine`], [`Select`], [`Optional`]; [`WatcherTuple`] and [`SelectTuple`] are what they are made of |
/// | what runs a shared watcher | [`Driver`], [`WhileWatched`] |
/// | a derived value | [`WatchFn`] |
/// | futures of a watcher | [`GetRef`], [`Changed`], [`WaitFor`] |
/// | futures of a value | [`ValueState`], [`SetSync`], [`SetSyncUntil`] |
/// | iterators on threads | [`BlockingIter`], with [`Park`] or [`Relax`] |
/// | parameters of [`Get`] | [`Everything`], [`Waiting`], [`BacklogOnly`]; the traits [`Accept`] and [`Backlog`] |
pub mod types {
    #[cfg(feature = "std")]
    pub use crate::blocking::Park;
    pub use crate::blocking::{Block, BlockingIter, Relax};
    #[cfg(feature = "alloc")]
    pub use crate::combinators::{
        Combine, Debounce, Driver, MapLatest, Sample, Select, SelectTuple, Throttle, WatcherTuple, WhileWatched,
    };
    pub use crate::combinators::{
        Dedup, DedupByKey, Filter, FilterMap, Inspect, Map, Optional, Scan, SwitchMap, WatchFn,
    };
    pub use crate::get::{Accept, Backlog, BacklogOnly, Everything, Waiting};
    pub use crate::memory::{Changed, GetRef, ValueState, WaitFor};
    #[cfg(feature = "alloc")]
    pub use crate::memory::{SetSync, SetSyncUntil};
    #[cfg(doc)]
    use crate::{Get, WatcherExt};
}

/// The traits, to be imported with `*`.
pub mod prelude {
    pub use crate::traits::{Value, Watch, Watcher};
    pub use crate::watcher_ext::WatcherExt;
}
