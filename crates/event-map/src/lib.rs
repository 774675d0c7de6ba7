//! Watched maps: tables of state that are watched as a whole, by range or by key.
//!
//! A [`MemoryMap`] holds a table that producers change and any number of consumers watch: services, nodes, sensors, settings. Every
//! consumer has a watcher. There are four kinds:
//!
//! | watcher of | its items |
//! |---|---|
//! | every key: [`watch`](MemoryMap::watch) | one [`Change`] per get |
//! | a range of keys: [`watch_range`](MemoryMap::watch_range) | one [`Change`] per get |
//! | one key: [`watch_key`](MemoryMap::watch_key) | the data of this key; changes of other keys do not wake it |
//! | the whole map: [`watch_snapshots`](MemoryMap::watch_snapshots) | a [`MapSnapshot`] per get |
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
//! // One publication: a snapshot has both changes or neither.
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
//! The [guide] has more examples, one per task.
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
//! - *Then the changes*, in the order in which keys first changed since the last get. A get reads the newest state. A key keeps its
//!   position in the order, however often it changes meanwhile; so a key that changes all the time does not delay other keys.
//! - *The newest data of each key*: a get returns what the key holds at that moment. Changes in between are skipped.
//! - *A removal is a change* if the watcher knows the key: if a get returned it, or a filter rejected it. A key that was inserted and
//!   removed between is not reported.
//! - *A key that was removed and inserted again* in between is reported once, with its newest data.
//! - *Nothing is lost*: a consumer that applies all changes in their order, until
//!   [`GetError::BacklogDone`](event_core::GetError::BacklogDone), has the map.
//!
//! There is one difference. etcd compares bytes, and does not report a key that is back to what the watcher has seen. A map in memory
//! does not compare data, which need not be `PartialEq`: setting equal data notifies, as it does for a
//! [`MemoryValue`](event_core::MemoryValue). Where that is not wanted there are [`insert_if_not_eq`](MemoryMap::insert_if_not_eq) and
//! [`replace_all`](MemoryMap::replace_all), which notify only of differences.
//!
//! A transaction is one publication: after one of its changes, the next gets of a watcher return the others, in the order in which the
//! transaction made them. A snapshot has all of them or none.
//!
//! # What it costs
//!
//! A change makes the next state of the current one: it copies the nodes of a balanced tree on the way to the key, O(log n) of
//! them, and shares the rest. It is published in one step, as the data of a [`MemoryValue`](event_core::MemoryValue). Writers are
//! not serialised: if another one publishes first, the change is made again. So some writer always makes progress, and none waits for
//! one that sleeps; a large transaction among many writers may be repeated more often than a small one.
//!
//! If nobody has the state that a change replaced, the same change is made in it, and the next change is made in its place.
//! Then no node is copied, and a change of a key that the map has allocates nothing but the data. This costs memory: up to
//! twice the nodes, see the [limits].
//!
//! The map does not know its watchers. It remembers which keys changed since the last read of each state, in the order of those changes:
//!
//! - If no watcher is behind, only the newest publication.
//! - A watcher that was never polled, or that is up to date, costs nothing.
//! - For each watcher, or older snapshot, that is behind: at most one entry per key that has changed since its last read, and that it
//!   knows or that is in the map now; about 125 bytes for a `u64`. Removals are remembered only that long. Watchers that have read
//!   the same state share their entries. While a watcher is behind by up to sixteen changes, a change copies a short list; from then on
//!   it also changes two trees.
//! - A get costs O(log n). To keep the order, a watcher stores the keys that it has yet to return. If they are many, they are in a list
//!   that watchers share which are behind by the same changes; so a thousand watchers that wait for a first list of 10,000 keys
//!   hold one list.
//! - A single key that is watched has a bell in the state, and a change rings the bells of its own keys. The first watcher of a key
//!   that waits publishes a state with its bell, which wakes the watchers of the whole map once without a need.
//!
//! Data of a key is dropped when it was replaced and no snapshot has it: watchers hold none. A filter of a get
//! runs on a clone of key and data, see the [limits].
//!
//! The [internals] say how it works.
//!
//! # What is missing
//!
//! *Sync mode*: the `set_sync` of a value waits until every watcher has seen a version. A watcher of a map has seen a state after as many
//! gets as there are changed keys, and the state may change again in between. The map does not know its watchers; to count them would
//! cost a lock in each get. Consumers that have to confirm can do so by a map of their own.
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
mod draft;
mod edit;
mod key_watcher;
mod log;
mod map;
#[cfg(test)]
mod models;
mod notes;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod random;
mod reader;
#[cfg(feature = "serde")]
mod serialize;
mod since;
mod snapshot;
mod snapshots;
mod spare;
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

#[cfg(doc)]
#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

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
    models::switch();
}
