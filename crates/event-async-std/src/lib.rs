//! Watched values on [async-std](async_std): tokens and deadlines for gets, pipes into channels, supervision.
//!
//! The values themselves are those of [`event_core`], which has a guide; they need no runtime. This crate adds what needs one:
//!
//! | item | what it does |
//! |---|---|
//! | [`GetExt::cancel_on`] | ends a get when the source of a [`StopToken`] is dropped |
//! | [`GetExt::timeout`], [`GetExt::deadline`] | end a get when its time is up |
//! | [`pipe`] | forwards a value into an [`async_std::channel`], without a queue |
//! | [`AsyncStdTimer`] | async-std's timer, for `debounce`, `throttle` and `sample` |
//! | [`supervisor`] | restarts producers, pipes and consumers that fail |
//!
//! ```
//! use std::time::Duration;
//!
//! use async_std::task;
//! use event_async_std::event_core::{GetError, MemoryValue};
//! use event_async_std::{GetExt, StopSource};
//!
//! # task::block_on(async {
//! let address = MemoryValue::new();
//! let shutdown = StopSource::new();
//!
//! let mut watcher = address.watch();
//! let token = shutdown.token();
//! let consumer = task::spawn(async move {
//!     loop {
//!         match watcher.get().timeout(Duration::from_secs(60)).cancel_on(&token).await {
//!             Ok(address) => println!("now at {address}"),
//!             Err(GetError::DeadlineExceeded) => println!("no news for a minute"),
//!             Err(error) => return error,
//!         }
//!     }
//! });
//!
//! address.set("192.0.2.10");
//! drop(shutdown);
//! assert!(consumer.await.is_cancelled());
//! # });
//! ```
//!
//! async-std is no longer maintained; its authors recommend smol. Deadlines and timers are those of the reactor that both
//! share, and a token needs no runtime at all, so [`GetExt`] and [`AsyncStdTimer`] work on smol as they do here. smol's
//! channels are a later version of async-std's, which makes them other types: [`pipe`] does not lead there.
//!
//! # Fairness
//!
//! Cancellation and elapsed deadlines come before data, so a get that has to end does so, even if the value is set all the time. A pipe
//! yields to the executor by itself.
//!
//! A get does not: async-std has no cooperative budget, as tokio has. If other threads set a value faster than a task gets it in a
//! loop, that task never waits and keeps its thread. Other futures of the same task make no progress meanwhile, nor do other tasks on
//! the same thread, unless another thread of the executor takes them. Such a loop should call
//! [`async_std::task::yield_now`] now and then.
//!
//! # Closed channels
//!
//! The sender of an [`async_std::channel`] can wait for the channel to be closed only while it waits for room. So a pipe that waits for
//! room ends with [`PipeError::ChannelClosed`] immediately when the last receiver is dropped, but a pipe that has nothing to send ends
//! when the next item comes. (In `event-tokio` both end immediately.)

// docs.rs sets it: it marks what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod ext;
mod pipe;
pub mod supervisor;
mod time;

/// The values themselves, in the version that this crate works with.
pub use event_core;
pub use event_core::PipeError;
pub use ext::{CancelOn, Deadline, GetExt};
pub use pipe::{AsyncStd, Pipe, PipeTo, pipe};
/// Makes tokens that end gets, and ends these gets when it is dropped.
///
pub use stop_token::StopSource;
/// The token of [`stop_token`] that ends gets: see [`GetExt::cancel_on`].
///
pub use stop_token::StopToken;
pub use time::{AsyncStdClock, AsyncStdTimer, Sleep};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
