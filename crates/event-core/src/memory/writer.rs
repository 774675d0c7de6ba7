//! The only producer of a value.

use core::fmt;
use core::mem::{self, ManuallyDrop};
use core::ptr;

use super::error::SetError;
use super::holder::Holder;
use super::reader::MemoryReader;
use super::reference::Ref;
use super::shared::{Shared, SharedRef};
use super::value::MemoryValue;
use super::waits::{Awaited, ValueState};
use super::watcher::MemoryWatcher;
use crate::cell::{Sole, SolePublished, SoleReplaced as Replaced, Word, no_slot_left};
use crate::trace;
use crate::traits::Watch;
use crate::version::Version;

/// The only producer of a value.
///
/// Since there is no other producer, a set is one atomic exchange, which cannot fail, and the writer reads the current data without any
/// atomic operation.
///
/// Its methods that set take `&mut self`, and it cannot be cloned, so the compiler ensures that nobody else sets. Consumers are
/// those of a [`MemoryValue`]: [`MemoryWatcher`], [`MemoryReader`], [`CachedReader`](crate::CachedReader), in any number and on
/// any thread.
///
/// A writer is made by [`new`](Self::new), or from the only handle of a value by [`MemoryValue::into_writer`].
/// [`into_value`](Self::into_value) makes it a value again. When it is dropped, the value is closed: each watcher still returns the
/// newest data, if it has not yet, and then [`GetError::Closed`](crate::GetError::Closed).
///
/// Setting is wait-free, except when the data that it replaces is borrowed at that moment: then it needs another slot, and if
/// there is none, see [`reserve`](Self::reserve), it allocates.
///
/// # Examples
///
/// ```
/// use event_core::MemoryWriter;
///
/// let mut position = MemoryWriter::with_value((0, 0));
/// let mut watcher = position.watch();
/// position.set((1, 0));
/// position.modify(|(_, y)| *y = 5);
/// assert_eq!(watcher.try_get().unwrap(), (1, 5));
/// ```
///
/// It cannot be cloned:
///
/// ```compile_fail,E0599
/// let writer = event_core::MemoryWriter::with_value(1);
/// let other = writer.clone();
/// ```
#[doc(alias("Sender", "Producer", "Observable", "MutableStateFlow", "Watchable"))]
pub struct MemoryWriter<T> {
    sole: Sole<T>,
    /// What `sole` was made of.
    shared: Holder<T>,
}

impl<T> MemoryWriter<T> {
    /// A value without data, and its only producer. It allocates.
    #[cfg(feature = "alloc")]
    #[doc(alias("channel"))]
    #[must_use]
    pub fn new() -> Self {
        MemoryValue::new().into_writer().expect("a new value has one handle")
    }

    /// A value that holds `value`, and its only producer.
    #[cfg(feature = "alloc")]
    #[doc(alias("channel", "new_with"))]
    #[must_use]
    pub fn with_value(value: T) -> Self {
        let mut this = Self::new();
        this.set(value);
        this
    }

    pub(super) fn shared(&self) -> SharedRef<'_, T> {
        SharedRef::of(&self.shared)
    }

    /// Replaces the data and wakes all watchers, even if the new data equals the old. Returns the new version.
    ///
    /// After [`close`](Self::close) this drops `value` and returns the version that is current; see [`try_set`](Self::try_set).
    ///
    /// The wakers of the waiting watchers are called by this method, and it drops the old data, unless that is borrowed; then the
    /// last borrower drops it.
    ///
    /// # Panics
    ///
    /// When more than about a million different versions (five hundred on 32-bit targets) are borrowed. A panic of a waker or
    /// of the old data's `Drop` passes through; the new data is set and all watchers are woken all the same.
    #[doc(alias("send", "send_replace", "emit", "store"))]
    #[inline]
    pub fn set(&mut self, value: T) -> Version {
        let Self { sole, shared } = self;
        if !sole.is_ready() {
            return self.set_step_by_step(value);
        }
        // SAFETY: `sole` was made of this cell, and is ready.
        let published = unsafe { sole.publish_at_once(&shared.cell, value) };
        Self::announce(sole, shared, published)
    }

    #[cold]
    #[inline(never)]
    fn set_step_by_step(&mut self, value: T) -> Version {
        match self.try_set(value) {
            Ok(version) => version,
            Err(SetError::Closed(_)) => self.version(),
            Err(SetError::Full(_)) => no_slot_left(),
        }
    }

    /// Like [`set`](Self::set), but returns the data if the value was [closed](Self::close).
    ///
    /// # Errors
    ///
    /// [`SetError::Closed`] with the data; [`SetError::Full`] if the value is in a [`Space`](crate::Space) that is full.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    pub fn try_set(&mut self, value: T) -> Result<Version, SetError<T>> {
        if self.is_closed() {
            return Err(SetError::Closed(value));
        }
        let Self { sole, shared } = self;
        // SAFETY: `sole` was made of this cell.
        let published = unsafe { sole.publish(&shared.cell, value) }.map_err(SetError::Full)?;
        Ok(Self::announce(sole, shared, published))
    }

    /// A new watcher. Its first get returns the current data, or waits for it.
    #[doc(alias("subscribe"))]
    #[must_use]
    pub fn watch(&self) -> MemoryWatcher<T> {
        self.shared().watch()
    }

    /// A new watcher for which the current data counts as seen. Its first get waits for the next set.
    #[doc(alias("subscribe"))]
    #[must_use]
    pub fn watch_changes(&self) -> MemoryWatcher<T> {
        self.shared().watch_changes()
    }

    /// The right to read and watch without the right to set.
    #[doc(alias("asStateFlow", "subscribe"))]
    #[must_use]
    pub fn reader(&self) -> MemoryReader<T> {
        MemoryReader::new(self.shared().to_holder())
    }

    /// The current data, if there is any. This costs no atomic operation: nobody else can replace it while it is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut writer = event_core::MemoryWriter::with_value(1);
    /// assert_eq!(writer.current(), Some(&1));
    /// writer.set(2);
    /// assert_eq!(writer.current(), Some(&2));
    /// ```
    #[inline]
    #[must_use]
    pub fn current(&self) -> Option<&T> {
        // SAFETY: `sole` was made of this cell.
        unsafe { self.sole.data(&self.shared.cell) }
    }

    /// Borrows the current data as a [`Ref`], which can be [detached](Ref::detach). [`current`](Self::current) costs less.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::borrow`].
    #[must_use]
    pub fn borrow(&self) -> Option<Ref<'_, T>> {
        self.shared().borrow()
    }

    /// A clone of the current data, if there is any.
    #[must_use]
    pub fn load(&self) -> Option<T>
    where
        T: Clone,
    {
        self.current().cloned()
    }

    /// Wakes the watchers, then gives up what was replaced, as `Shared::announce`.
    #[inline]
    fn announce(sole: &mut Sole<T>, shared: &Shared<T>, published: SolePublished<'_, T>) -> Version {
        let version = if published.armed() == 0 {
            sole.recycle(published)
        } else {
            let (taken, replaced) = published.into_parts();
            Self::announce_to_those_who_wait(sole, shared, taken, replaced)
        };
        trace::set::<T>(version);
        version
    }

    /// Takes the parts, which fit registers: so the way without watchers needs no stack.
    #[inline(never)]
    fn announce_to_those_who_wait(
        sole: &mut Sole<T>,
        shared: &Shared<T>,
        taken: Word,
        replaced: Replaced<T>,
    ) -> Version {
        // SAFETY: the parts of what was just published in this cell, and taken up once.
        let published = unsafe { sole.published(&shared.cell, taken, replaced) };
        if mem::needs_drop::<T>() {
            let guard = sole.guard(&published);
            // User code. If a waker panics, the guard gives up what was replaced.
            shared.wakers.wake(taken.armed(), ());
            sole.recycle_guarded(guard, published)
        } else {
            // Nobody can notice the order, and there is nothing left to do when the wakers have been called.
            shared.wakers.wake(taken.armed(), sole.recycle(published))
        }
    }

    /// Changes a clone of the data and sets it. Returns what `f` returned; `None` if there is no data, or after
    /// [`close`](Self::close): then `f` does not run.
    ///
    /// `f` runs once, since nobody else sets. Without `Clone` there is [`replace_with`](Self::replace_with).
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `f` or `Clone` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut log = event_core::MemoryWriter::with_value(vec![1]);
    /// let length = log.modify(|log| {
    ///     log.push(2);
    ///     log.len()
    /// });
    /// assert_eq!(length, Some(2));
    /// assert_eq!(log.load(), Some(vec![1, 2]));
    /// ```
    #[doc(alias("send_modify", "update"))]
    pub fn modify<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<R>
    where
        T: Clone,
    {
        let mut data = self.current().filter(|_| !self.is_closed())?.clone();
        let returned = f(&mut data);
        self.set(data);
        Some(returned)
    }

    /// Like [`modify`](Self::modify), but sets only if `f` returns `true`. Returns whether it did.
    ///
    /// `f` changes a clone, which is made first. [`current`](Self::current) reads the data without a clone.
    ///
    /// # Panics
    ///
    /// As [`modify`](Self::modify).
    ///
    /// # Examples
    ///
    /// ```
    /// let mut stock = event_core::MemoryWriter::with_value(1);
    /// let take = |n: &mut u32| match n.checked_sub(1) {
    ///     Some(rest) => { *n = rest; true }
    ///     None => false,
    /// };
    /// assert!(stock.modify_if(take));
    /// assert!(!stock.modify_if(take));
    /// ```
    #[doc(alias("send_if_modified", "update_if"))]
    pub fn modify_if(&mut self, f: impl FnOnce(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        let Some(mut data) = self.current().filter(|_| !self.is_closed()).cloned() else { return false };
        let modified = f(&mut data);
        if modified {
            self.set(data);
        }
        modified
    }

    /// Sets what `f` makes of the current data, or of `None` if there is none. Returns the new version. After
    /// [`close`](Self::close) `f` does not run, and this returns the version that is current.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `f` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// struct NotClone(u32);
    ///
    /// let mut counter = event_core::MemoryWriter::new();
    /// counter.replace_with(|old| NotClone(old.map_or(1, |old: &NotClone| old.0 + 1)));
    /// counter.replace_with(|old| NotClone(old.map_or(1, |old| old.0 + 1)));
    /// assert_eq!(counter.current().unwrap().0, 2);
    /// ```
    pub fn replace_with(&mut self, f: impl FnOnce(Option<&T>) -> T) -> Version {
        if self.is_closed() {
            return self.version();
        }
        let data = f(self.current());
        self.set(data)
    }

    /// Sets the data and returns what it replaced: moved out if nobody else reads it, else cloned. After [`close`](Self::close)
    /// this drops `value` and returns `None`.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `Clone` panics, the new data is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut writer = event_core::MemoryWriter::with_value(1);
    /// assert_eq!(writer.replace(2), Some(1));
    /// ```
    #[doc(alias("send_replace"))]
    pub fn replace(&mut self, value: T) -> Option<T>
    where
        T: Clone,
    {
        if self.is_closed() {
            return None;
        }
        let Self { sole, shared } = self;
        // SAFETY: `sole` was made of this cell.
        let published = unsafe { sole.publish(&shared.cell, value) }.unwrap_or_else(|_| no_slot_left());
        let guard = sole.guard(&published);
        // User code. If a waker panics, the guard gives up what was replaced.
        shared.wakers.wake(published.armed(), ());
        trace::set::<T>(published.version());
        sole.recycle_and(guard, published, T::clone)
    }

    /// Sets the data unless it equals the current data. Returns whether it did. After [`close`](Self::close) it does not.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `PartialEq` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut writer = event_core::MemoryWriter::with_value(1);
    /// assert!(!writer.set_if_not_eq(1));
    /// assert!(writer.set_if_not_eq(2));
    /// ```
    #[doc(alias("distinctUntilChanged", "send_if_modified"))]
    pub fn set_if_not_eq(&mut self, value: T) -> bool
    where
        T: PartialEq,
    {
        let differs = !self.is_closed() && self.current() != Some(&value);
        if differs {
            self.set(value);
        }
        differs
    }

    /// Closes the value. Watchers return the newest data, if they have not yet, and then
    /// [`GetError::Closed`](crate::GetError::Closed). Calling it again does nothing. Dropping the writer does the same.
    ///
    /// # Panics
    ///
    /// A panic of a waker passes through; the value is closed.
    #[doc(alias("complete"))]
    pub fn close(&mut self) {
        // SAFETY: `sole` was made of this cell.
        unsafe { self.sole.close(&self.shared.cell) };
        self.shared.close();
    }

    /// Whether the value is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sole.is_closed()
    }

    /// Makes a value of it, which can have any number of handles again.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryWriter::with_value(1).into_value();
    /// let other = value.clone();
    /// other.set(2);
    /// assert_eq!(value.load(), Some(2));
    /// ```
    #[must_use = "dropping the value closes it"]
    pub fn into_value(self) -> MemoryValue<T> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used again nor dropped.
        let shared = unsafe { ptr::read(&raw const this.shared) };
        // SAFETY: `sole` was made of this cell.
        unsafe { this.sole.release(&shared.cell) };
        shared.count_first_handle_in();
        MemoryValue::from_counted(shared)
    }

    /// Makes room for watchers and borrows, so that later calls do not allocate. See [`MemoryValue::reserve`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::reserve`].
    pub fn reserve(&mut self, watchers: usize, readers: usize) {
        self.shared.reserve(watchers, readers);
    }

    /// The version of the current data, "no data" included; [`Version::INITIAL`] at first.
    #[must_use]
    pub fn version(&self) -> Version {
        // SAFETY: `sole` was made of this cell.
        unsafe { self.sole.version(&self.shared.cell) }
    }

    /// Whether there is data.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.current().is_some()
    }

    /// How many watchers there are.
    #[doc(alias("receiver_count"))]
    #[must_use]
    pub fn watcher_count(&self) -> usize {
        self.shared.watcher_count()
    }

    /// How many [`MemoryReader`]s there are.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.shared.reader_count()
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

    /// Waits until nobody could see what is set: until there is no watcher and no reader of any kind. Only the writer can make one
    /// again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let writer = event_core::MemoryWriter::with_value(1);
    /// let reader = writer.reader();
    /// drop(reader);
    /// writer.abandoned().await;
    /// # });
    /// ```
    #[doc(alias("closed"))]
    pub fn abandoned(&self) -> ValueState<'_, T> {
        ValueState::new(self.shared(), Awaited::Abandoned)
    }
}

impl<T> MemoryValue<T> {
    /// The only producer of this value, if this is its only handle: from then on weak handles do not upgrade, until it is a value
    /// [again](MemoryWriter::into_value). Watchers and readers are not affected.
    ///
    /// # Errors
    ///
    /// This handle, if there are others.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let other = value.clone();
    /// let value = value.into_writer().unwrap_err();
    /// drop(other);
    /// let mut writer = value.into_writer().unwrap();
    /// writer.set(2);
    /// ```
    pub fn into_writer(self) -> Result<MemoryWriter<T>, Self> {
        if !self.shared().get().count_only_handle_out() {
            return Err(self);
        }
        let shared = self.into_counted();
        // Others have published through handles that were counted out before, and nobody can any more.
        let sole = Sole::of(&shared.cell);
        Ok(MemoryWriter { sole, shared })
    }
}

impl<T: Clone> Watch for MemoryWriter<T> {
    type Item = T;
    type Watcher = MemoryWatcher<T>;

    fn watch(&self) -> MemoryWatcher<T> {
        self.watch()
    }
}

impl<T> Drop for MemoryWriter<T> {
    /// Closes the value.
    fn drop(&mut self) {
        // The slot that is kept is empty, and nobody will need it. Wakers are user code; `shared` is a field and goes in any case.
        self.shared.close();
    }
}

#[cfg(feature = "alloc")]
impl<T> From<T> for MemoryWriter<T> {
    fn from(value: T) -> Self {
        Self::with_value(value)
    }
}

/// No data.
#[cfg(feature = "alloc")]
impl<T> Default for MemoryWriter<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows everything but the data, which need not implement `Debug`.
impl<T> fmt::Debug for MemoryWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWriter")
            .field("version", &self.version())
            .field("set", &self.is_set())
            .field("closed", &self.is_closed())
            .field("watchers", &self.watcher_count())
            .finish_non_exhaustive()
    }
}
