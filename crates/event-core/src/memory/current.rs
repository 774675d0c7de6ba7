//! What a watcher reads beside its gets: the current data in one step with marking it, and what it can ask.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::polling::Polling;
use super::reference::Ref;
use super::watcher::MemoryWatcher;
use crate::error::GetError;
use crate::version::Version;

impl<T> MemoryWatcher<T> {
    /// Borrows the current data, seen or not, and marks it as seen: the next get waits for something newer. `None` if there is
    /// no data.
    ///
    /// Both are one step: the version that is marked is the version that is returned. What is set in between is not lost, as
    /// it is with [`borrow`](Self::borrow) followed by [`mark_seen`](Self::mark_seen). Lock-free, clones nothing, and blocks
    /// nobody while the `Ref` is held.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::borrow`](crate::MemoryValue::borrow).
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let limit = event_core::MemoryValue::with_value(10);
    /// let mut watcher = limit.watch();
    /// assert_eq!(*watcher.borrow_and_update().unwrap(), 10);
    /// // It is seen, and can be read again.
    /// assert!(!watcher.has_changed());
    /// assert_eq!(*watcher.borrow_and_update().unwrap(), 10);
    ///
    /// limit.set(20);
    /// watcher.changed().await.unwrap();
    /// assert_eq!(*watcher.borrow_and_update().unwrap(), 20);
    /// # });
    /// ```
    #[doc(alias("next_ref_now", "next_now"))]
    #[inline]
    pub fn borrow_and_update(&mut self) -> Option<Ref<'_, T>> {
        self.polling().current()
    }

    /// Like [`try_get`](Self::try_get), but borrows the data, which therefore need not be `Clone`. Lock-free.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] if there is nothing new, [`GetError::Closed`] if there is nothing new and the value is closed.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::borrow`](crate::MemoryValue::borrow).
    ///
    /// # Examples
    ///
    /// ```
    /// struct NotClone(u32);
    ///
    /// let value = event_core::MemoryValue::with_value(NotClone(1));
    /// let mut watcher = value.watch();
    /// assert_eq!(watcher.try_get_ref().unwrap().0, 1);
    /// assert!(watcher.try_get_ref().unwrap_err().is_backlog_done());
    /// # impl std::fmt::Debug for NotClone {
    /// #     fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) }
    /// # }
    /// ```
    #[doc(alias("try_next_ref", "try_changed"))]
    pub fn try_get_ref(&mut self) -> Result<Ref<'_, T>, GetError> {
        self.polling().backlog_ref()
    }

    /// Waits for data that this watcher has not seen, and marks it as seen. Returns its version; the data is neither cloned nor
    /// kept.
    ///
    /// Data that is current and unseen counts: then it returns immediately. If newer data is set before the caller reads, that
    /// is what [`borrow_and_update`](Self::borrow_and_update) returns.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was seen.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has marked nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch_changes();
    /// let version = value.set(2);
    /// assert_eq!(watcher.changed().await.unwrap(), version);
    /// drop(value);
    /// assert!(watcher.changed().await.unwrap_err().is_closed());
    /// # });
    /// ```
    #[doc(alias("updated"))]
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed { polling: self.polling() }
    }

    /// The newest version that counts as seen; newer ones are unseen. For a new watcher, and after
    /// [`mark_unseen`](Self::mark_unseen), that is the version before the current one.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::new();
    /// let mut watcher = value.watch();
    /// let version = value.set(1);
    /// assert!(watcher.seen() < version);
    /// watcher.try_get().unwrap();
    /// assert_eq!(watcher.seen(), version);
    /// ```
    #[must_use]
    pub fn seen(&self) -> Version {
        self.cursor().seen()
    }

    /// A clone of the current data, if there is any. Marks nothing. Lock-free.
    #[doc(alias("get", "try_get", "value", "peek"))]
    #[must_use]
    pub fn load(&self) -> Option<T>
    where
        T: Clone,
    {
        self.shared().get().load()
    }

    /// The current version, seen or not. Lock-free.
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared().get().version()
    }
}

impl<'a, T> Polling<'a, T> {
    /// Returns what is current, seen or not, and marks it as seen.
    #[inline]
    fn current(&mut self) -> Option<Ref<'a, T>> {
        let shared = self.shared();
        // The pin makes both one step: data and version are those of one slot.
        let (pinned, word) = shared.get().cell.pin_now()?;
        let version = pinned.version();
        let pinned = self.mark_pinned(pinned, version, word);
        Ref::new(pinned, shared)
    }

    fn backlog_ref(&mut self) -> Result<Ref<'a, T>, GetError> {
        match self.poll_ref_with(None, |_, _| true) {
            Poll::Ready(given) => given,
            // Everything that was there when this began has been looked at.
            Poll::Pending => Err(GetError::BacklogDone),
        }
    }
}

/// Waits for something unseen and marks it as seen. Made by [`MemoryWatcher::changed`](crate::MemoryWatcher::changed).
///
/// When it is polled again after it was ready, it waits for the next version.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Changed<'a, T> {
    polling: Polling<'a, T>,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<Version, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polling.poll_version(cx, |_, _| true)
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use crate::memory::MemoryValue;

    #[test]
    fn what_borrow_and_update_has_marked_is_seen_by_a_set_that_waits_for_it() {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch_changes();
        let mut set = pin!(value.set_sync(2));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(set.as_mut().poll(&mut cx).is_pending());
        let borrowed = watcher.borrow_and_update();
        assert!(matches!(set.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
        assert_eq!(borrowed.as_deref(), Some(&2));
        value.set(3);
        assert_eq!(borrowed.as_deref(), Some(&2), "still pinned");
    }
}
