//! A consumer's place at a memory value.

use core::fmt;
use core::mem::ManuallyDrop;
use core::task::{Context, Poll};

use super::cursor::Cursor;
use super::holder::Holder;
use super::own_place::OwnPlace;
use super::polling::Polling;
use super::reference::Ref;
use super::shared::SharedRef;
use super::waits::{GetRef, WaitFor};
use crate::error::GetError;
use crate::get::Get;
use crate::traits::Watcher;
use crate::wakers::Place;

/// Watches a [`MemoryValue`](crate::MemoryValue): keeps track of the newest version that one consumer has had.
///
/// It can be moved between threads and tasks. A clone has seen what the original has seen; from then on the two are independent.
/// A watcher keeps the data of the value alive, but does not keep the value open.
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
///
/// # futures_lite::future::block_on(async {
/// let celsius = MemoryValue::with_value(20);
/// let mut watcher = celsius.watch();
/// assert_eq!(watcher.get().await?, 20); // the current data
/// celsius.set(21);
/// assert_eq!(watcher.get().await?, 21); // something newer; otherwise it would wait
/// assert!(watcher.try_get().unwrap_err().is_backlog_done());
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
///
/// # One get at a time
///
/// A get borrows the watcher mutably, so the compiler refuses a second one at the same time:
///
/// ```compile_fail,E0499
/// let value = event_core::MemoryValue::with_value(1);
/// let mut watcher = value.watch();
/// let first = watcher.get();
/// let second = watcher.get();
/// drop((first, second));
/// ```
///
/// One after the other is fine:
///
/// ```
/// let value = event_core::MemoryValue::with_value(1);
/// let mut watcher = value.watch();
/// let first = watcher.get();
/// drop(first);
/// let second = watcher.get();
/// drop(second);
/// ```
#[doc(alias("Receiver", "Subscriber", "AnonReceiver", "DynReceiver", "Collector"))]
pub struct MemoryWatcher<T> {
    cursor: Cursor,
    /// A place of `shared.wakers`.
    place: ManuallyDrop<Place>,
    shared: Holder<T>,
}

impl<T> MemoryWatcher<T> {
    /// `None` if the value's space has no room for it.
    // A call would return it in memory, and whoever moves it on would wait for that.
    #[inline(always)]
    pub(super) fn new(shared: Holder<T>, present_is_seen: bool) -> Option<Self> {
        // Sync mode knows it from here on: what is published now it has to see.
        let coming = shared.watcher_comes()?;
        let present = shared.present();
        let version = present.map(|(version, _)| version);
        if let Some((version, _)) = present.filter(|(_, word)| present_is_seen && word.is_awaited()) {
            shared.watcher_saw(coming.place().id(), version);
        }
        // At once, and not before: to move what was just written piece by piece takes longer than all of the above.
        let (cursor, place) = (Cursor::at(version, present_is_seen), coming.into_place());
        Some(Self { cursor, place, shared })
    }

    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    pub(super) fn shared(&self) -> SharedRef<'_, T> {
        SharedRef::of(&self.shared)
    }

    #[inline]
    pub(super) fn polling(&mut self) -> Polling<'_, T> {
        // SAFETY: the place was claimed from these wakers.
        let place = unsafe { OwnPlace::new(SharedRef::of(&self.shared), &mut self.place) };
        Polling::new(place, &mut self.cursor)
    }

    /// A future that returns a clone of the newest data, if this watcher has not returned it yet; otherwise it waits for newer data.
    ///
    /// The first get returns the current data. What was replaced between two gets is skipped. [`Get`] has options: a filter,
    /// a future that cancels the wait, and not to wait.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was returned; what the options add.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has consumed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value("ready");
    /// let mut watcher = value.watch();
    /// assert_eq!(watcher.get().await.unwrap(), "ready");
    /// # });
    /// ```
    #[doc(alias("changed", "next", "recv", "collect", "collectLatest", "updated"))]
    pub fn get(&mut self) -> Get<'_, Self>
    where
        T: Clone,
    {
        Get::new(self)
    }

    /// Like [`get`](Self::get), but borrows the data, which therefore need not be `Clone`.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was returned.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has consumed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(String::from("a"));
    /// let mut watcher = value.watch();
    /// let data = watcher.get_ref().await.unwrap();
    /// value.set(String::from("b"));
    /// assert_eq!(*data, "a");
    /// # });
    /// ```
    #[doc(alias("changed", "next_ref"))]
    pub fn get_ref(&mut self) -> GetRef<'_, T> {
        GetRef::new(self.polling())
    }

    /// Waits until the current data is accepted by `accept`, even if a get has returned it before. Data that was rejected counts as
    /// seen.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data is not accepted.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has consumed only what was rejected.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(5);
    /// let mut watcher = value.watch();
    /// assert_eq!(watcher.get().await.unwrap(), 5);
    /// assert_eq!(*watcher.wait_for(|n| *n > 3).await.unwrap(), 5);
    /// # });
    /// ```
    #[doc(alias("changed_and", "get_and", "first", "initialized"))]
    pub fn wait_for<P: FnMut(&T) -> bool>(&mut self, accept: P) -> WaitFor<'_, T, P> {
        WaitFor::new(self.polling(), accept)
    }

    /// Returns the current data if it is unseen, without waiting. Lock-free.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] if there is nothing new, [`GetError::Closed`] if there is nothing new and the value is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// assert_eq!(watcher.try_get().unwrap(), 1);
    /// assert!(watcher.try_get().unwrap_err().is_backlog_done());
    /// ```
    #[doc(alias("try_changed", "try_changed_and", "try_get_and", "try_recv"))]
    pub fn try_get(&mut self) -> Result<T, GetError>
    where
        T: Clone,
    {
        self.polling().backlog(&mut |_| true)
    }

    /// [`get`](Self::get) for threads without a runtime: the thread sleeps until there is unseen data. Before it does so, it looks for a
    /// moment (10 µs), since a producer that sets at once comes before the kernel has put it to sleep.
    ///
    /// It must not be called on a thread of an async runtime, whose other tasks would wait as well.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was returned.
    #[cfg(feature = "std")]
    pub fn blocking_get(&mut self) -> Result<T, GetError>
    where
        T: Clone,
    {
        // Without a look at the thread's parker, if there is something.
        match self.try_get() {
            Err(GetError::BacklogDone) => crate::WatcherExt::blocking_get(self),
            given => given,
        }
    }

    /// [`blocking_get`](Self::blocking_get) for at most the time `timeout`.
    ///
    /// # Errors
    ///
    /// [`GetError::DeadlineExceeded`] once the time is up, even if there is data; else as [`blocking_get`](Self::blocking_get).
    #[cfg(feature = "std")]
    pub fn blocking_get_timeout(&mut self, timeout: core::time::Duration) -> Result<T, GetError>
    where
        T: Clone,
    {
        crate::WatcherExt::blocking_get_timeout(self, timeout)
    }

    /// Whether a get would return data immediately. Lock-free; marks nothing.
    #[inline]
    #[must_use]
    pub fn has_changed(&self) -> bool {
        // Mostly it is one load and two comparisons, and no call.
        self.is_current_and_closed().0 != Some(true) && self.has_unseen_data()
    }

    #[cold]
    #[inline(never)]
    fn has_unseen_data(&self) -> bool {
        let pinned = self.shared.cell.pin();
        pinned.is_some_and(|pinned| !self.cursor.has_seen(pinned.version()) && pinned.data().is_some())
    }

    /// Whether the value is closed. There may still be data that this watcher has not returned.
    #[doc(alias("is_connected"))]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Marks the current data as seen: the next get waits for something newer.
    ///
    /// After a [`borrow`](Self::borrow) this may mark data that was set after it, which nobody has read then. Use
    /// [`borrow_and_update`](Self::borrow_and_update) to read and mark in one step.
    #[doc(alias("mark_unchanged"))]
    pub fn mark_seen(&mut self) {
        let present = self.shared.present();
        self.cursor = Cursor::at(present.map(|(version, _)| version), true);
        if let Some((version, _)) = present.filter(|(_, word)| word.is_awaited()) {
            self.shared.watcher_saw(self.place.id(), version);
        }
    }

    /// Marks the current data as unseen: the next get returns it.
    ///
    /// This wakes nobody. A task whose last poll of this watcher was pending is not polled because of it.
    #[doc(alias("mark_changed", "reset", "clone_reset"))]
    pub fn mark_unseen(&mut self) {
        self.cursor = Cursor::at(self.shared.present().map(|(version, _)| version), false);
    }

    /// Borrows the current data, if there is any, and marks nothing. Lock-free. A borrow blocks nobody, however long it is held.
    #[doc(alias("read", "get", "try_get", "contains_value"))]
    #[inline]
    #[must_use]
    pub fn borrow(&self) -> Option<Ref<'_, T>> {
        SharedRef::of(&self.shared).borrow()
    }

    /// How many versions the last get skipped: those that were replaced before this watcher read them. Versions that a filter
    /// rejected were read.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// value.set(2);
    /// value.set(3);
    /// assert_eq!(watcher.try_get().unwrap(), 3);
    /// assert_eq!(watcher.missed(), 2);
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.cursor.missed()
    }
}

impl<T: Clone> Watcher for MemoryWatcher<T> {
    type Item = T;

    #[inline]
    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.polling().poll_any(cx)
    }

    #[inline]
    fn poll_backlog(&mut self, _cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        Poll::Ready(self.try_get())
    }

    fn poll_get_if(&mut self, cx: &mut Context<'_>, accept: &mut dyn FnMut(&T) -> bool) -> Poll<Result<T, GetError>> {
        self.polling().poll_clone(cx, accept)
    }

    fn poll_backlog_if(
        &mut self,
        _cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&T) -> bool,
    ) -> Poll<Result<T, GetError>> {
        Poll::Ready(self.polling().backlog(accept))
    }
}

impl<T> Clone for MemoryWatcher<T> {
    fn clone(&self) -> Self {
        let (cursor, shared) = (self.cursor.clone(), Holder::clone(&self.shared));
        let place = shared.watcher_comes().unwrap_or_else(|| too_many_watchers()).into_place();
        Self { cursor, place, shared }
    }
}

#[cold]
#[inline(never)]
pub(super) fn too_many_watchers() -> ! {
    panic!("the `Space` of a value has no room for another watcher: WATCHERS has to be larger")
}

impl<T> Drop for MemoryWatcher<T> {
    fn drop(&mut self) {
        // SAFETY: not used again, `self` goes.
        let place = unsafe { ManuallyDrop::take(&mut self.place) };
        // SAFETY: it came with this watcher.
        unsafe { self.shared.watcher_goes(place) };
    }
}

impl<T> fmt::Debug for MemoryWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWatcher")
            .field("cursor", &self.cursor)
            .field("present", &self.shared.version())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
