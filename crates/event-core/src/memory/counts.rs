//! How many handles, readers and watchers a value has, and waiting for them to go.
//!
//! Each count is changed first and then the armed bits of the waiting producers are read; a producer arms and then reads the
//! count. Both sides are `SeqCst`: this is `ArmThenLook` against `PublishThenWake`, with a count for a version. (Nobody waits for
//! readers to come, so counting them in is no side of it.)
//!
//! *Nobody else*, which [`abandoned`](MemoryValue::abandoned) waits for, is four counts, read in the order in which they can
//! make each other: a handle makes all kinds, a reader all but handles, a watcher makes watchers and cached readers, and a
//! cached reader makes cached readers. A thing that was made before its maker has gone is found by the later read.

use super::reader::MemoryReader;
use super::shared::{NEVER_USED, Shared};
use super::value::MemoryValue;
use super::waits::{Awaited, ValueState};
use super::watcher::MemoryWatcher;
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, is_kept};

impl<T> Shared<T> {
    pub(super) fn watcher_count(&self) -> usize {
        // Ordering: SeqCst, partner: the changes in `watcher_comes` and `watcher_goes`.
        self.watchers.load(Ordering::SeqCst)
    }

    pub(super) fn reader_count(&self) -> usize {
        // Ordering: SeqCst, partner: `count_reader_out`.
        self.readers.load(Ordering::SeqCst)
    }

    pub(super) fn count_reader_in(&self) {
        // Ordering: Relaxed. Nobody waits for a reader to come. Its maker is counted, so it is not overlooked: whoever finds that the
        // maker has gone, partner `count_handle_out` or `count_reader_out`, finds this as well.
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_reader_out(&self) {
        // Ordering: SeqCst, partner: `reader_count`.
        if self.readers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.producers.wake_all();
        }
    }

    fn cached_reader_count(&self) -> usize {
        // Ordering: SeqCst, partner: `count_cached_reader_out`.
        self.cached_readers.load(Ordering::SeqCst)
    }

    pub(super) fn count_cached_reader_in(&self) {
        // Ordering: Relaxed, as in `count_reader_in`.
        self.cached_readers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_cached_reader_out(&self) {
        // Ordering: SeqCst, partner: `cached_reader_count`.
        if self.cached_readers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.producers.wake_all();
        }
    }

    /// Counts out the handle of the caller, if it is the only one: then nobody can count himself in, since a handle is made of a
    /// handle.
    pub(super) fn count_only_handle_out(&self) -> bool {
        if !is_kept(Handshake::AloneByExchange) {
            // Ordering: Acquire and Relaxed, as below. What a mutation test does instead, to see that it is wrong.
            let alone = self.handles.load(Ordering::Acquire) == 1;
            if alone {
                self.handles.store(0, Ordering::Relaxed);
            }
            return alone;
        }
        // Ordering: Acquire, partner: `count_handle_out` of the other handles; what was set through them comes before. An exchange:
        // a weak handle may be upgraded meanwhile. Relaxed on failure: nothing is done.
        self.handles.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Counts a handle in where there was none.
    pub(super) fn count_first_handle_in(&self) {
        // Ordering: Release, partner: `upgrade` of a weak handle; what the writer has done comes before.
        self.handles.store(1, Ordering::Release);
    }

    /// A handle that was made of a space is used for the first time. False if all that there were have gone, or the only one became a
    /// writer.
    pub(super) fn count_handle_in_by_space(&self) -> bool {
        let another = |handles: usize| match handles {
            NEVER_USED => Some(1),
            0 => None,
            _ => Some(handles + 1),
        };
        // Ordering: Acquire, partner: `count_first_handle_in`, as in the upgrade of a weak handle. Relaxed on failure: nothing is done.
        self.handles.fetch_update(Ordering::Acquire, Ordering::Relaxed, another).is_ok()
    }

    pub(super) fn handle_count(&self) -> usize {
        // Ordering: SeqCst, partner: `count_handle_out`.
        self.handles.load(Ordering::SeqCst)
    }

    /// The last one closes the value; the last but one leaves a handle that may be alone.
    pub(super) fn count_handle_out(&self) {
        // Ordering: SeqCst, partner: `handle_count`. As AcqRel, partner: itself in other handles. What was set through them
        // comes before the closing.
        match self.handles.fetch_sub(1, Ordering::SeqCst) {
            1 => self.close(),
            2 => self.producers.wake_all(),
            _ => {}
        }
    }

    /// Whether there is one handle or a writer, and no reader of any kind or watcher.
    pub(super) fn is_abandoned(&self) -> bool {
        self.handle_count() <= 1
            && self.reader_count() == 0
            && self.watcher_count() == 0
            && self.cached_reader_count() == 0
    }
}

impl<T> MemoryValue<T> {
    /// How many watchers there are. Zero does not mean that the value is closed.
    #[doc(alias("receiver_count", "subscriber_count", "subscriptionCount", "has_watchers"))]
    #[must_use]
    pub fn watcher_count(&self) -> usize {
        self.shared_if_used().map_or(0, |shared| shared.get().watcher_count())
    }

    /// How many [`MemoryReader`]s there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let reader = value.reader();
    /// assert_eq!((value.reader_count(), value.handle_count()), (1, 1));
    /// drop(reader);
    /// assert_eq!(value.reader_count(), 0);
    /// ```
    #[doc(alias("receiver_count"))]
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.shared_if_used().map_or(0, |shared| shared.get().reader_count())
    }

    /// How many [`CachedReader`](crate::CachedReader)s there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let cached = value.cached();
    /// assert_eq!((value.cached_reader_count(), value.reader_count()), (1, 0));
    /// drop(cached);
    /// assert_eq!(value.cached_reader_count(), 0);
    /// ```
    #[must_use]
    pub fn cached_reader_count(&self) -> usize {
        self.shared_if_used().map_or(0, |shared| shared.get().cached_reader_count())
    }

    /// How many handles there are, this one included. Weak ones do not count.
    #[doc(alias("sender_count", "strong_count", "observable_count"))]
    #[must_use]
    pub fn handle_count(&self) -> usize {
        self.shared_if_used().map_or(1, |shared| shared.get().handle_count())
    }

    /// Waits until there is a watcher.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn watched(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Watched)
    }

    /// Waits until there is no watcher.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    #[doc(alias("closed"))]
    pub fn unwatched(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Unwatched)
    }

    /// Waits until there is no [`MemoryReader`]. A reader can be made again at any time, by a handle.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(1);
    /// let reader = value.reader();
    /// let consumer = std::thread::spawn(move || assert_eq!(reader.load(), Some(1)));
    /// value.unread().await;
    /// assert_eq!(value.reader_count(), 0);
    /// # consumer.join().unwrap();
    /// # });
    /// ```
    pub fn unread(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Unread)
    }

    /// Waits until this is the only handle and there is neither a reader nor a watcher: until nobody else can see what this
    /// handle sets. (A [`WeakValue`](crate::WeakValue) can still become another handle.)
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::new();
    /// let mut watcher = value.watch();
    /// let consumer = std::thread::spawn(move || futures_lite::future::block_on(watcher.get()).unwrap());
    /// value.set(7);
    /// value.abandoned().await;
    /// assert_eq!(consumer.join().unwrap(), 7);
    /// # });
    /// ```
    #[doc(alias("closed"))]
    pub fn abandoned(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Abandoned)
    }

    /// Waits until the value is closed, by a [`close`](Self::close) elsewhere: the handle that this borrows keeps it open.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn closed(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Closed)
    }
}

impl<T> MemoryReader<T> {
    /// How many watchers there are.
    #[must_use]
    pub fn watcher_count(&self) -> usize {
        self.shared().get().watcher_count()
    }

    /// How many [`MemoryReader`]s there are, this one included.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.shared().get().reader_count()
    }

    /// How many handles there are. Zero means that the value is closed.
    #[must_use]
    pub fn handle_count(&self) -> usize {
        self.shared().get().handle_count()
    }

    /// Waits until the value is closed: by [`MemoryValue::close`], or because its last handle was dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(1);
    /// let reader = value.reader();
    /// let producer = std::thread::spawn(move || value.set(2));
    /// reader.closed().await;
    /// assert_eq!(reader.load(), Some(2));
    /// # producer.join().unwrap();
    /// # });
    /// ```
    pub fn closed(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Closed)
    }

    /// Whether both read the same value.
    #[doc(alias = "same_channel")]
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        self.shared().same(other.shared())
    }
}

impl<T> MemoryWatcher<T> {
    /// How many watchers there are, this one included.
    #[must_use]
    pub fn watcher_count(&self) -> usize {
        self.shared().get().watcher_count()
    }

    /// How many [`MemoryReader`]s there are.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.shared().get().reader_count()
    }

    /// How many handles there are. Zero means that the value is closed.
    #[must_use]
    pub fn handle_count(&self) -> usize {
        self.shared().get().handle_count()
    }

    /// Waits until the value is closed, whether or not there is data that this watcher has not seen. See
    /// [`MemoryReader::closed`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it. Nothing is marked.
    pub fn closed(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Closed)
    }

    /// Whether both watch the same value.
    #[doc(alias = "same_channel")]
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        self.shared().same(other.shared())
    }
}
