//! Setting, and waiting until all watchers have seen it.

use core::error::Error;
use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
#[cfg(feature = "std")]
use core::task::Waker;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::error::SetError;
use super::shared::SharedRef;
use super::sync_mode::Turn;
use super::value::MemoryValue;
use crate::version::Version;

impl<T> MemoryValue<T> {
    /// Sets, and waits until every watcher has seen it.
    ///
    /// Calls of `set_sync` take turns, in the order in which they were first polled. When it is its turn, a call publishes the data.
    /// Then it waits until every watcher that existed at that moment has seen this version or a newer one, or was dropped. A
    /// version that a watcher's filter rejected counts as seen. So if all producers use `set_sync`, no watcher skips anything. A
    /// plain [`set`](Self::set) does not take turns: watchers may skip what it replaces.
    ///
    /// A watcher that is never polled delays this for ever. [`until`](SetSync::until) limits the wait, and returns how many
    /// watchers are missing.
    ///
    /// A value on which this was never called pays nothing for it. On a value on which it was, interrupt handlers must not make,
    /// poll or drop watchers, since these then share a lock with this.
    ///
    /// # Errors
    ///
    /// [`SetError::Closed`] with the data, if the value is closed when it is this call's turn.
    ///
    /// # Panics
    ///
    /// When the value is in a [`Space`](crate::Space): this would allocate.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it has published, nothing was set. If it is dropped later, the data is set, and nobody waits any more.
    ///
    /// # Deadlocks
    ///
    /// A task must not wait here while it is the one that has to poll a watcher of this value. A call that is neither polled nor
    /// dropped when it is its turn delays those behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use futures_lite::future::{block_on, zip};
    /// use event_core::MemoryValue;
    ///
    /// let value = MemoryValue::new();
    /// let mut watcher = value.watch();
    /// let produce = async move {
    ///     for n in 0..10 {
    ///         value.set_sync(n).await.unwrap();
    ///     }
    /// };
    /// let consume = async move {
    ///     let mut log = Vec::new();
    ///     while let Ok(n) = watcher.get().await {
    ///         log.push(n);
    ///     }
    ///     log
    /// };
    /// let ((), log) = block_on(zip(produce, consume));
    /// assert_eq!(log, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    /// ```
    pub fn set_sync(&self, value: T) -> SetSync<'_, T> {
        let shared = self.shared();
        assert!(!shared.get().is_lent(), "a value in a `Space` has no `set_sync`: it would allocate");
        SetSync { shared, stage: Stage::New(value) }
    }

    /// [`set_sync`](Self::set_sync) for threads without a runtime.
    ///
    /// # Errors
    ///
    /// As [`set_sync`](Self::set_sync).
    ///
    /// # Deadlocks
    ///
    /// If a watcher of the value has to be polled by the same thread.
    #[cfg(feature = "std")]
    pub fn blocking_set_sync(&self, value: T) -> Result<Version, SetError<T>> {
        let mut set = self.set_sync(value);
        let set = crate::blocking::park_until_ready(None, |cx| Pin::new(&mut set).poll(cx));
        set.expect("without a deadline it waits until it is ready")
    }

    /// [`blocking_set_sync`](Self::blocking_set_sync) for at most the time `timeout`.
    ///
    /// # Errors
    ///
    /// As [`SetSync::until`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use event_core::{MemoryValue, SetSyncError};
    ///
    /// let value = MemoryValue::new();
    /// let _never_polled = value.watch();
    /// let late = value.blocking_set_sync_timeout(7, Duration::from_millis(1)).unwrap_err();
    /// assert!(matches!(late, SetSyncError::NotSeen { missing: 1, .. }));
    /// assert_eq!(value.load(), Some(7));
    /// ```
    #[cfg(feature = "std")]
    pub fn blocking_set_sync_timeout(
        &self,
        value: T,
        timeout: core::time::Duration,
    ) -> Result<Version, SetSyncError<T>> {
        let deadline = std::time::Instant::now().checked_add(timeout);
        let mut set = self.set_sync(value);
        let in_time = crate::blocking::park_until_ready(deadline, |cx| Pin::new(&mut set).poll(cx));
        let set_sync = match in_time {
            Some(set) => Poll::Ready(set),
            // However late it is, it has one chance.
            None => Pin::new(&mut set).poll(&mut Context::from_waker(Waker::noop())),
        };
        match set_sync {
            Poll::Ready(set) => set.map_err(SetSyncError::from),
            Poll::Pending => Err(set.give_up()),
        }
    }
}

/// Sets, and waits until all watchers have seen it. Made by [`MemoryValue::set_sync`].
///
/// # Panics
///
/// When it is polled again after it was ready. As [`MemoryValue::set`].
#[must_use = "futures do nothing unless awaited or polled"]
pub struct SetSync<'a, T> {
    shared: SharedRef<'a, T>,
    stage: Stage<T>,
}

enum Stage<T> {
    New(T),
    InLine(T, Turn),
    Published(Version, Turn),
    Ended,
}

impl<'a, T> SetSync<'a, T> {
    /// How many watchers have not seen it yet; `None` before it is published.
    #[must_use]
    pub fn missing(&self) -> Option<usize> {
        match self.stage {
            Stage::Published(_, turn) => Some(self.shared.get().sync_mode().missing(turn)),
            Stage::Ended => Some(0),
            Stage::New(_) | Stage::InLine(..) => None,
        }
    }

    /// Waits only until `cancel` is ready: a timer, for instance.
    ///
    /// # Errors
    ///
    /// - [`SetSyncError::Closed`] with the data, if the value is closed when it is this call's turn;
    /// - [`SetSyncError::NotPublished`] with the data, if `cancel` was ready before it was this call's turn: nothing was set;
    /// - [`SetSyncError::NotSeen`], if `cancel` was ready before all watchers had seen it: it is set, and `missing` of them
    ///   have not seen it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use event_core::MemoryValue;
    ///
    /// let value = MemoryValue::new();
    /// let (mut prompt, _never_polled) = (value.watch(), value.watch());
    /// let timer = async { _ = prompt.get().await };
    /// let error = value.set_sync(7).until(timer).await.unwrap_err();
    /// assert_eq!(error.to_string(), "the value is set, and 1 watcher has not seen it in time");
    /// # });
    /// ```
    pub fn until<C: Future>(self, cancel: C) -> SetSyncUntil<'a, T, C> {
        SetSyncUntil { set: self, cancel }
    }

    fn leave(&self, turn: Turn) {
        let shared = self.shared.get();
        shared.sync_mode().leave(shared, turn);
    }

    /// Ends the wait. Says how far it got.
    fn give_up(&mut self) -> SetSyncError<T> {
        let missing = self.missing().unwrap_or(0);
        match mem::replace(&mut self.stage, Stage::Ended) {
            Stage::New(data) => SetSyncError::NotPublished(data),
            Stage::InLine(data, turn) => {
                self.leave(turn);
                SetSyncError::NotPublished(data)
            }
            Stage::Published(version, turn) => {
                self.leave(turn);
                SetSyncError::NotSeen { version, missing }
            }
            Stage::Ended => panic!("{AGAIN}"),
        }
    }
}

const AGAIN: &str = "the future was polled after it was ready";

/// The data is moved, never pinned.
impl<T> Unpin for SetSync<'_, T> {}

impl<T> Future for SetSync<'_, T> {
    type Output = Result<Version, SetError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let shared = this.shared.get();
        let mode = shared.sync_mode();
        loop {
            match mem::replace(&mut this.stage, Stage::Ended) {
                Stage::New(data) => this.stage = Stage::InLine(data, mode.stand_in_line()),
                Stage::InLine(data, turn) => {
                    this.stage = Stage::InLine(data, turn);
                    if !mode.is_turn_of(turn, cx.waker()) {
                        return Poll::Pending;
                    }
                    let mut owned = shared.cell.claim();
                    let Stage::InLine(data, _) = mem::replace(&mut this.stage, Stage::Ended) else { unreachable!() };
                    owned.fill(data);
                    match mode.publish(shared, owned) {
                        Ok(published) => {
                            this.stage = Stage::Published(published.version, turn);
                            // User code.
                            shared.announce(published);
                        }
                        Err(mut owned) => {
                            mode.leave(shared, turn);
                            let data = owned.take().expect("it was filled above");
                            return Poll::Ready(Err(SetError::Closed(data)));
                        }
                    }
                }
                Stage::Published(version, turn) => {
                    this.stage = Stage::Published(version, turn);
                    if !mode.is_seen(shared, turn, cx.waker()) {
                        return Poll::Pending;
                    }
                    this.stage = Stage::Ended;
                    return Poll::Ready(Ok(version));
                }
                Stage::Ended => panic!("{AGAIN}"),
            }
        }
    }
}

impl<T> Drop for SetSync<'_, T> {
    fn drop(&mut self) {
        match self.stage {
            Stage::InLine(_, turn) | Stage::Published(_, turn) => self.leave(turn),
            Stage::New(_) | Stage::Ended => {}
        }
    }
}

impl<T> fmt::Debug for SetSync<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSync").field("missing", &self.missing()).finish_non_exhaustive()
    }
}

pin_project! {
    /// Sets, and waits until all watchers have seen it or something else is ready. Made by [`SetSync::until`].
    ///
    /// # Panics
    ///
    /// When it is polled again after it was ready.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct SetSyncUntil<'a, T, C> {
        set: SetSync<'a, T>,
        #[pin]
        cancel: C,
    }
}

impl<T, C: Future> Future for SetSyncUntil<'_, T, C> {
    type Output = Result<Version, SetSyncError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(set) = Pin::new(&mut *this.set).poll(cx) {
            return Poll::Ready(set.map_err(SetSyncError::from));
        }
        this.cancel.poll(cx).map(|_| Err(this.set.give_up()))
    }
}

impl<T, C> fmt::Debug for SetSyncUntil<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSyncUntil").field("set", &self.set).finish_non_exhaustive()
    }
}

/// Why not all watchers have seen what was to be set.
#[non_exhaustive]
pub enum SetSyncError<T> {
    /// The value is closed.
    Closed(T),
    /// The time was up before it was this call's turn to set.
    NotPublished(T),
    /// It is set, and the time was up before all watchers had seen it.
    NotSeen {
        /// Which version it is.
        version: Version,
        /// How many watchers have not seen it.
        missing: usize,
    },
}

impl<T> From<SetError<T>> for SetSyncError<T> {
    fn from(error: SetError<T>) -> Self {
        Self::Closed(error.into_inner())
    }
}

impl<T> fmt::Debug for SetSyncError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::NotPublished(_) => f.write_str("NotPublished(..)"),
            Self::NotSeen { version, missing } => {
                f.debug_struct("NotSeen").field("version", version).field("missing", missing).finish()
            }
        }
    }
}

impl<T> fmt::Display for SetSyncError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("the value is closed"),
            Self::NotPublished(_) => {
                f.write_str("nothing was set: an earlier set was not seen by all watchers in time")
            }
            Self::NotSeen { missing: 1, .. } => f.write_str("the value is set, and 1 watcher has not seen it in time"),
            Self::NotSeen { missing, .. } => {
                write!(f, "the value is set, and {missing} watchers have not seen it in time")
            }
        }
    }
}

impl<T> Error for SetSyncError<T> {}
