//! Watched values on [async-std](async_std): gets that a token or a deadline ends, and pipes into channels.
//!
//! The values themselves are those of [`event_core`]; they need no runtime. This crate adds what does:
//!
//! | | |
//! |---|---|
//! | [`GetExt::cancel_on`] | ends a get when a [`StopToken`] says so |
//! | [`GetExt::timeout`], [`GetExt::deadline`] | end it when its time is up |
//! | [`pipe`] | forwards a value into an [`async_std::channel`], the newest data winning |
//! | [`AsyncStdTimer`] | what in [`event_core`] needs to wait, waits with async-std's timers |
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
//! Cancellation and elapsed deadlines come before data: however fast the value is set, a get that has to end ends. And a pipe
//! sees to it by itself that its task gets to its other business.
//!
//! More it cannot do: async-std has no budget that a get could be charged to, as tokio has. What is ready is ready, however
//! long its task has gone on without waiting. So a task which gets in a loop, from a value that other threads set faster
//! than it gets, never waits and keeps its thread. What is beside the loop in the same task stands still meanwhile, and so
//! does what runs on the same thread and no other thread of the executor can take; if there is one thread, because there
//! is one core, that is every task. Such a loop should call [`async_std::task::yield_now`] now and then.
//!
//! # Closed channels
//!
//! An [`async_std::channel`] tells a sender that it is closed, but lets it wait for that only together with a place. So a
//! pipe that waits for a place ends with [`PipeError::ChannelClosed`] at once when the last receiver goes, but one that has
//! nothing to send goes on watching, and ends when the next item comes. (In `event-tokio` it ends at once as well.)

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
/// Ends gets, see [`GetExt::cancel_on`]: the source and its tokens of [`stop_token`], in the version that this crate works
/// with. The source is dropped to stop them.
pub use stop_token::{StopSource, StopToken};
pub use time::{AsyncStdClock, AsyncStdTimer, Sleep};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
