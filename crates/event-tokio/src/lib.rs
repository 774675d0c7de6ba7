//! Watched values on [tokio]: cancellation tokens and deadlines for gets, pipes into channels, watch channels, supervision.
//!
//! The values themselves are those of [`event_core`], which has a guide; they need no runtime. This crate adds what needs one:
//!
//! | item | what it does |
//! |---|---|
//! | [`GetExt::cancel_on`] | ends a get when a [`CancellationToken`] is cancelled |
//! | [`GetExt::timeout`], [`GetExt::deadline`] | end a get when its time is up, by tokio's clock |
//! | [`pipe()`] | forwards a value into any channel of [`tokio::sync`], or into another value, without a queue |
//! | [`mod@watch`] | tokio's watch channel by its own names, whose senders never wait for receivers |
//! | [`WatchReceiver`] | makes an existing [`tokio::sync::watch`] channel a value that can be watched |
//! | [`TokioTimer`] | tokio's timer, for `debounce`, `throttle` and `sample` |
//! | [`supervisor`] | restarts producers, pipes and consumers that fail |
//!
//! ```
//! use std::time::Duration;
//!
//! use event_tokio::event_core::{GetError, MemoryValue};
//! use event_tokio::{CancellationToken, GetExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let address = MemoryValue::new();
//! let shutdown = CancellationToken::new();
//!
//! let mut watcher = address.watch();
//! let consumer = tokio::spawn({
//!     let shutdown = shutdown.clone();
//!     async move {
//!         loop {
//!             match watcher.get().timeout(Duration::from_secs(60)).cancel_on(&shutdown).await {
//!                 Ok(address) => println!("now at {address}"),
//!                 Err(GetError::DeadlineExceeded) => println!("no news for a minute"),
//!                 Err(error) => return error,
//!             }
//!         }
//!     }
//! });
//!
//! address.set("192.0.2.10");
//! tokio::time::sleep(Duration::from_secs(90)).await;
//! shutdown.cancel();
//! assert!(consumer.await.unwrap().is_cancelled());
//! # }
//! ```
//!
//! # Fairness
//!
//! Cancellation and elapsed deadlines come before data. Each result of a future of [`GetExt`] counts against tokio's
//! [cooperative budget](tokio::task::coop). So a task with a get in a loop yields to other tasks, even if the value is set all the
//! time. So does a pipe.

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod budget;
mod ext;
mod pipe;
pub mod supervisor;
mod time;
pub mod watch;
mod watch_channel;

pub use budget::Charged;
/// The values themselves, in the version that this crate works with.
pub use event_core;
pub use event_core::PipeError;
pub use ext::{CancelOn, Deadline, GetExt};
pub use pipe::{Pipe, PipeTo, Tokio, pipe};
pub use time::{TokioClock, TokioTimer};
/// The token of [`tokio_util`] that ends gets: see [`GetExt::cancel_on`].
///
pub use tokio_util::sync::CancellationToken;
pub use watch_channel::{ReceiverWatcher, WatchReceiver};

/// The examples of the README, as tests. That of the workspace's README is the package `hello`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
