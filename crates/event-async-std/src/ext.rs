//! What async-std adds to a get.

use core::future::Future;
use core::time::Duration;
use std::time::Instant;

use event_core::{GetError, adapter};
use stop_token::StopToken;

use crate::time::AsyncStdClock;

/// A get that a [`StopToken`] ends. Made by [`GetExt::cancel_on`].
///
/// A clone of the token is inside, so that the future can outlive the one it was made with.
pub type CancelOn<F> = adapter::CancelOn<F, StopToken>;

/// A get whose time can run out. Made by [`GetExt::timeout`] and [`GetExt::deadline`].
///
/// # Panics
///
/// As [`Sleep`](crate::Sleep), when it has to wait.
pub type Deadline<F> = adapter::Deadline<F, AsyncStdClock>;

/// Tokens and deadlines for every future that returns what a get returns: [`Get`](event_core::Get) with any of its options,
/// [`GetRef`](event_core::GetRef), [`WaitFor`](event_core::WaitFor), and functions of your own.
///
/// The methods can be chained in any order; the first one that is ready ends the get. If there is data and the token or the
/// deadline is ready as well, the get ends without data and consumes nothing. See the [crate's page](crate#fairness) for loops around a get.
pub trait GetExt: Future + Sized {
    /// Ends the get when the [`StopSource`](crate::StopSource) of `token` is dropped.
    ///
    /// # Errors
    ///
    /// [`GetError::Cancelled`] once the source was dropped, even if there is data.
    ///
    /// # Cancel safety
    ///
    /// A get that was cancelled or dropped has consumed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_async_std::{GetExt, StopSource};
    /// use event_core::MemoryValue;
    ///
    /// # async_std::task::block_on(async {
    /// let value = MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// let source = StopSource::new();
    /// let token = source.token();
    /// drop(source);
    /// assert!(watcher.get().cancel_on(&token).await.unwrap_err().is_cancelled());
    /// assert_eq!(watcher.get().await.unwrap(), 1);
    /// # });
    /// ```
    fn cancel_on(self, token: &StopToken) -> CancelOn<Self> {
        CancelOn::new(self, token.clone())
    }

    /// Ends the get when `duration` has passed, counted from this call.
    ///
    /// If the duration is longer than the clock can represent, it never ends the get.
    ///
    /// # Errors
    ///
    /// [`GetError::DeadlineExceeded`] once the time is up, even if there is data. A duration of zero therefore never
    /// returns data; [`backlog_only`](event_core::Get::backlog_only) returns the current data without waiting.
    ///
    /// # Cancel safety
    ///
    /// A get whose time was up, or that was dropped, has consumed nothing.
    ///
    /// # Panics
    ///
    /// As [`Sleep`](crate::Sleep), when it has to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_async_std::GetExt;
    /// use event_core::MemoryValue;
    ///
    /// # async_std::task::block_on(async {
    /// let value = MemoryValue::<u32>::new();
    /// let mut watcher = value.watch();
    /// let error = watcher.get().timeout(Duration::from_millis(10)).await.unwrap_err();
    /// assert!(error.is_deadline_exceeded());
    /// # });
    /// ```
    fn timeout(self, duration: Duration) -> Deadline<Self> {
        Deadline::new(self, Instant::now().checked_add(duration))
    }

    /// Ends the get at the time `at`.
    ///
    /// # Errors
    ///
    /// [`GetError::DeadlineExceeded`] once the time has come, even if there is data.
    ///
    /// # Cancel safety
    ///
    /// A get whose time was up, or that was dropped, has consumed nothing.
    ///
    /// # Panics
    ///
    /// As [`Sleep`](crate::Sleep), when it has to wait.
    ///
    /// # Examples
    ///
    /// One deadline for several gets:
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use event_async_std::GetExt;
    /// use event_core::MemoryValue;
    ///
    /// # async_std::task::block_on(async {
    /// let value = MemoryValue::<u32>::new();
    /// let mut watcher = value.watch();
    /// let at = Instant::now() + Duration::from_millis(10);
    /// assert!(watcher.get().deadline(at).await.unwrap_err().is_deadline_exceeded());
    /// value.set(1);
    /// // Now that the time is up, it comes before the data.
    /// assert!(watcher.get().deadline(at).await.unwrap_err().is_deadline_exceeded());
    /// # });
    /// ```
    fn deadline(self, at: Instant) -> Deadline<Self> {
        Deadline::new(self, Some(at))
    }
}

impl<T, F: Future<Output = Result<T, GetError>>> GetExt for F {}
