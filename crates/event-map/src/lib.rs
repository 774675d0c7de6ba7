//! Watched maps: many keys, one picture.
//!
//! A [`MemoryMap`] holds a table that producers change and any number of consumers watch: services, nodes, sensors, settings. Every
//! consumer has a watcher, and there are four kinds, depending on what it wants to know:
//!
//! | | items |
//! |---|---|
//! | [`watch`](MemoryMap::watch) | every key, one [`Change`] per get |
//! | [`watch_range`](MemoryMap::watch_range) | the same for the keys in a range |
//! | [`watch_key`](MemoryMap::watch_key) | what one key holds; changes of other keys do not wake it |
//! | [`watch_snapshots`](MemoryMap::watch_snapshots) | whole states, as [`MapSnapshot`]s |
//!
//! ```
//! use event_map::{Change, MemoryMap};
//!
//! # futures_lite::future::block_on(async {
//! let services = MemoryMap::new();
//! services.insert("db", "10.0.0.1");
//! let mut watcher = services.watch();
//! let mut database = services.watch_key("db");
//! assert_eq!(watcher.get().await?, Change::inserted("db", "10.0.0.1"));
//! assert_eq!(database.get().await?, Some("10.0.0.1"));
//!
//! // One publication: everybody sees both or neither.
//! services.transaction(|edit| {
//!     edit.remove("db");
//!     edit.insert("cache", "10.0.0.2");
//! });
//! assert_eq!(watcher.get().await?, Change::removed("db"));
//! assert_eq!(watcher.get().await?, Change::inserted("cache", "10.0.0.2"));
//! assert_eq!(database.get().await?, None);
//!
//! drop(services);
//! assert!(watcher.get().await.unwrap_err().is_closed());
//! # Ok::<(), event_core::GetError>(()) }).unwrap();
//! ```
//!
//! All of them are [`Watcher`](event_core::Watcher)s, so the options of a get, streams, blocking gets, pipes and combinators are those
//! of `event-core`. What is written against [`WatchMap`] works on maps that are kept elsewhere as well.
//!
//! # What a watcher gets
//!
//! These are the rules of a range of keys in etcd, so they hold for both.
//!
//! - *First the list*: the keys that were there when the watcher was made, in their order, one per get; then those that were inserted
//!   before its first get, in the order of their insertion.
//! - *Then the changes*, in the order in which keys first changed since the watcher looked. A get looks at the newest state. A key
//!   keeps its place until its turn comes, however often it changes meanwhile; so a key that always changes keeps no other one waiting.
//! - *Of each key the newest*: what a get returns is what the key holds at that moment. Changes in between are skipped.
//! - *A removal is a change* if the watcher was told of the key, by a get that returned it or a filter that rejected it. A key that came
//!   and went before its turn is not mentioned.
//! - *A key that was removed and inserted again* before its turn is told once, with its newest data.
//! - Nothing is lost: when a watcher has had everything ([`GetError::BacklogDone`](event_core::GetError::BacklogDone)), whoever
//!   applies its changes in their order has the map.
//!
//! There is one difference. etcd compares bytes, and does not mention a key that is back to what the watcher has had. A map in memory
//! does not compare data, which need not be `PartialEq`: setting equal data notifies, as it does for a
//! [`MemoryValue`](event_core::MemoryValue). Where that is not wanted there are [`insert_if_not_eq`](MemoryMap::insert_if_not_eq) and
//! [`replace_all`](MemoryMap::replace_all), which tell only differences.
//!
//! A transaction is one publication: a watcher that is told of one of its changes is told of the others by its next gets, and a snapshot
//! has all of them or none. Its changes have the order in which it made them.
//!
//! # What it costs
//!
//! A change makes the next state of the current one: it copies the nodes of a balanced tree on the way to the key, O(log n) of
//! them, and shares the rest. It is published in one step, as the data of a [`MemoryValue`](event_core::MemoryValue). Writers are
//! not serialised: if another one publishes first, the change is made again, so some writer always gets on and none waits for one
//! that sleeps. With many writers a large transaction is therefore repeated more often than a small one.
//!
//! The map does not know its watchers; it remembers which keys changed since somebody looked, in the order of those changes.
//!
//! - With nobody behind, that is the newest publication alone.
//! - A watcher that was never polled, or that is up to date, costs nothing.
//! - For each watcher, or older snapshot, that is behind: at most one entry per key that changed since it looked, and that it was told
//!   of or that is in the map now: about 220 bytes for a `u64`. Removals are remembered only so long, and go while others change.
//!   Watchers that have looked at the same state share their entries. While anybody is behind, a change takes about twice as long
//!   or, if others look between the changes, four times.
//! - A get costs O(log n), and once per entry that is new to the watcher it makes a note of the key, to keep its place.
//! - A single key that is watched has a bell in the state. A change looks for the bells of its own keys. The first watcher of a key
//!   that waits publishes a state with its bell, which wakes the watchers of the whole map for nothing.
//!
//! Data of a key is dropped when it was replaced and no snapshot has it: watchers hold none. A filter of a get
//! runs on a clone of key and data, see the [limits].
//!
//! The [internals] say how it works.
//!
//! # What there is not
//!
//! *Sync mode*: a value's `set_sync` waits until every watcher has seen a version. A map's watcher has seen a state when it has
//! been told of each key in it, which may take it many gets, and others in between; the map does not know its watchers, and
//! to count them would cost every one of their gets a lock. Consumers that must confirm can do so by a map of their own.
//!
//! # Features
//!
//! - `std` (default): that of `event-core`.
//! - `serde`: maps, readers and snapshots serialise as maps.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod bells;
mod change;
mod cursor;
mod edit;
mod key_watcher;
mod log;
mod map;
#[cfg(test)]
mod models;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod random;
mod reader;
#[cfg(feature = "serde")]
mod serialize;
mod since;
mod snapshot;
mod snapshots;
mod state;
mod traits;
mod tree;
mod watcher;
mod weak;

#[cfg(doc)]
#[doc = include_str!("../docs/internals.md")]
pub mod internals {}
#[cfg(doc)]
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use change::Change;
pub use edit::MapEdit;
pub use event_core;
pub use key_watcher::KeyWatcher;
pub use map::MemoryMap;
pub use reader::MapReader;
pub use since::Since;
pub use snapshot::{Iter, MapSnapshot};
pub use snapshots::SnapshotWatcher;
pub use traits::WatchMap;
pub use watcher::{MapWatcher, RangeWatcher};

/// Where a model may switch to another thread beside the operations of `event-core`.
#[inline]
pub(crate) fn scheduling_point() {
    #[cfg(all(test, event_core_shuttle))]
    shuttle::thread::yield_now();
}
