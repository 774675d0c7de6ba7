//! Watched values kept in an etcd cluster: the same traits, options and combinators as over memory.
//!
//! What is stored under a key, or under each key of a range, is an [`EtcdValue`]. Its watchers give what is present first
//! and then wait for something newer, as every [`Watcher`](event_core::Watcher) does. They live through what happens to a
//! cluster: members that die, leaders that change, connections that break, revisions that are compacted, tokens that
//! expire.
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
//!         Some(bytes) => std::str::from_utf8(bytes)?.parse().map(Some).map_err(Box::<dyn std::error::Error + Send + Sync>::from),
//!         None => Ok(None),
//!     })
//!     .build()?;
//!
//! let revision = limit.set("17").await?;
//! let mut watcher = limit.watch();
//! assert_eq!(watcher.get().await?, Some(17));
//! assert_eq!(watcher.mod_revision(), revision);
//!
//! // Whoever only wants to know how things are now makes one request, and no more.
//! let mut glance = limit.watch();
//! assert_eq!(glance.get().backlog_only().await?, Some(17));
//! assert!(glance.get().backlog_only().await.unwrap_err().is_backlog_done());
//! # Ok(())
//! # }
//! ```
//!
//! # What a watcher gives
//!
//! Per key only the newest. Keys come in the order in which they first changed since the watcher had them, one with each
//! get. Data with the bytes that the watcher had before are not given again, also if there was something else in between.
//! A deletion is given as such. What happens to keys that the watcher never had, and that are gone again, is not.
//!
//! # Limits
//!
//! What keeps one item at a time keeps one key of a range: `combine`, `debounce`, `throttle`, `sample`, `share`, and pipes into
//! values or watch channels. Use them on single keys, or after a filter. Pipes into queues lose no key.
//!
//! A cluster that is restored from a backup has fewer revisions than before, and its clients have no way to know: watchers
//! have to be made anew after that.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tonic needs std")]

mod api;
mod client;
mod decoder;
mod error;
mod feed;
mod hub;
mod inbox;
mod lease;
mod list;
mod lists;
mod members;
mod options;
mod pauses;
mod range;
mod session;
mod status;
mod value;
mod watcher;
mod write;

pub use client::EtcdClient;
pub use error::Error;
pub use lease::{Lease, LeaseOfWrite};
pub use options::ClientBuilder;
pub use status::Status;
pub use value::{Builder, EtcdValue};
pub use watcher::EtcdWatcher;
pub use write::EtcdKey;

/// What the connections are made of, in the version that [`EtcdClient::from_channel`] takes.
pub use tonic;
#[cfg(feature = "tls")]
pub use tonic::transport::{Certificate, ClientTlsConfig as TlsOptions, Identity};
