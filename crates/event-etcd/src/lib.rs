//! Watched values kept in an etcd cluster, with the same traits, options and combinators as values in memory.
//!
//! An [`EtcdValue`] is what is stored under a key, or under each key of a range. Its watchers return the current data first, and
//! then wait for something newer, as every [`Watcher`](event_core::Watcher) does. They keep working when members die, leaders change,
//! connections break, revisions are compacted, or tokens expire.
//!
//! ```no_run
//! use event_core::prelude::*;
//! use event_etcd::{EtcdClient, EtcdValue};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = EtcdClient::connect(["http://127.0.0.1:2379"]).await?;
//! let limit = EtcdValue::builder(&client)
//!     .key("config/limit")
//!     .decoder(|_key, bytes| match bytes {
//!         Some(bytes) => Ok(Some(std::str::from_utf8(bytes)?.parse()?)),
//!         None => Ok(None),
//!     })
//!     .build()?;
//!
//! let revision = limit.set("17").await?;
//! let mut watcher = limit.watch();
//! assert_eq!(watcher.get().await?, Some(17));
//! assert_eq!(watcher.mod_revision(), revision);
//!
//! // Only what is stored now: this makes one request.
//! let mut glance = limit.watch();
//! assert_eq!(glance.get().backlog_only().await?, Some(17));
//! assert!(glance.get().backlog_only().await.unwrap_err().is_backlog_done());
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] has a section per task.
//!
//! # Ranges as maps
//!
//! An [`EtcdMap`] is a local copy of a range, which is always whole and of one revision: a
//! [`WatchMap`](event_map::WatchMap), like a [`MemoryMap`](event_map::MemoryMap) in this process. Its items, and those of an
//! [`EtcdValue`] with a [codec](Builder::codec), are encoded and decoded by a [`Codec`].
//!
//! # What watchers share
//!
//! All watchers and maps of a client share one connection and one stream. Those of the same key or range also share one list and one
//! watch, however many there are.
//!
//! What is stored in a range is held once by its watchers, as it is, and once by each map, decoded; a range that is only followed into
//! a map is held once. Each watcher keeps a snapshot of what it has had, which it shares with the others while they keep up with each
//! other. A decoder of an [`EtcdValue`] belongs to a watcher and runs once for each of its gets; a map decodes each change once.
//!
//! A first get is never older than what was stored when it began. So a watcher that joins others asks the cluster for the keys
//! that were written after what is known, in one request for all that join at the same time; and for everything if that shows that
//! keys were deleted.
//!
//! # What a watcher returns
//!
//! A get returns the newest data of one key. Keys come in the order in which they first changed since the watcher returned them. Data
//! with the same bytes as before is not returned again, even if there was something else in between. A deletion is returned as such,
//! and [`deleted`](EtcdWatcher::deleted) is what was deleted. A key that was written and deleted again before the watcher returned it is
//! not reported.
//!
//! # Tests without a server
//!
//! With the feature `test-util`, `test_util::FakeCluster` is a cluster in memory, for unit tests of code that uses this crate.
//!
//! # Limits
//!
//! Combinators that keep one item keep one key of a range: `combine`, `debounce`, `throttle`, `sample`, `share`, and pipes into
//! values or watch channels. Use them on single keys, or after a filter. Pipes into queues lose no key.
//!
//! The revision of a deletion, and what it took away, are remembered for the newest 64 deletions of a range. A watcher that is further
//! behind gets a later revision, one that does not have the key, and what it had itself.
//!
//! A map compares what is written with what its codec would write for the item that it has, to find out whether something changed. So
//! it also keeps the bytes of those items for which its codec would write something else, such as JSON with other spaces. If a map
//! skips states since its codec is slow, those that it publishes are still states that the cluster had.
//!
//! The first watcher of a range that until then was only followed into maps has all of it listed again.
//!
//! A list of many pages is of one revision. If that is compacted before the last page is there, it begins again with larger pages, after
//! a pause that grows. In the end one page holds everything, so a large range needs as much memory at a time.
//!
//! A cluster that is restored from a backup has fewer revisions than before, and its clients cannot notice that. Make new watchers
//! after it.
//!
//! # Features
//!
//! - `json`: the codec `Json`.
//! - `tls`: `https` endpoints. `tls-native-roots` and `tls-webpki-roots`: the certificates to trust.
//!
//! None is on by default.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tonic needs std")]

mod api;
mod changes;
mod client;
mod codec;
mod coded;
mod cursor;
mod decoder;
mod driver;
mod error;
mod hub;
mod inbox;
mod lease;
mod list;
mod lists;
mod map;
mod members;
mod options;
mod pauses;
mod picture;
mod range;
mod seen;
mod session;
mod share;
mod status;
mod store;
mod stores;
#[cfg(feature = "test-util")]
pub mod test_util;
mod trace;
mod value;
mod watcher;
mod write;

#[cfg(doc)]
#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

pub use client::EtcdClient;
#[cfg(feature = "json")]
pub use codec::Json;
pub use codec::{BoxError, Bytes, Codec, DecodeError, Text};
pub use coded::{CodedBuilder, CodedValue};
pub use error::Error;
pub use lease::{Lease, LeaseOfWrite};
pub use map::{EtcdMap, EtcdMapWatcher, MapBuilder};
pub use options::ClientBuilder;
pub use seen::Seen;
pub use status::Status;
pub use value::{Builder, EtcdValue};
pub use watcher::EtcdWatcher;
pub use write::EtcdKey;

/// The traits and items of maps, such as [`Change`](event_map::Change).
pub use event_map;
/// What the connections are made of, in the version that [`EtcdClient::from_channel`] takes.
pub use tonic;
#[cfg(feature = "tls")]
pub use tonic::transport::{Certificate, ClientTlsConfig as TlsOptions, Identity};

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
