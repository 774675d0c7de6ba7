//! A value that always holds data.

use core::fmt;

use super::error::{CasError, Full, SetError};
use super::reader::MemoryReader;
use super::reference::Ref;
#[cfg(feature = "alloc")]
use super::set_sync::SetSync;
use super::snapshot::Snapshot;
use super::space::Space;
use super::value::MemoryValue;
use super::waits::ValueState;
use super::watcher::MemoryWatcher;
use crate::traits::{Value, Watch};
use crate::version::Version;

/// A value that always holds data: a configuration, a state. Reading it needs no `Option`.
///
/// It is a [`MemoryValue`] that begins with data and cannot be cleared. (It wraps one, and does not dereference to it, since a
/// `MemoryValue` can be cleared.) Watchers and readers are those of a `MemoryValue`; their `borrow` and `load` never return `None`
/// here. A clone is another handle to the same value.
///
/// Closing works as for any value: when the last handle is dropped, or [`close`](Self::close) is called, watchers return the newest
/// data, if they have not yet, and then [`GetError::Closed`](crate::GetError::Closed). The data stays readable. What is set afterwards
/// is dropped, or returned by [`try_set`](Self::try_set).
///
/// # Examples
///
/// ```
/// use event_core::StateValue;
///
/// let limit = StateValue::new(10);
/// let mut watcher = limit.watch();
/// assert_eq!(*limit.borrow(), 10);
/// limit.update(|limit| *limit += 1);
/// assert_eq!(limit.load(), 11);
/// assert_eq!(watcher.try_get().unwrap(), 11);
/// ```
#[doc(alias("Observable", "SharedObservable", "MutableStateFlow", "new_with", "Watchable"))]
pub struct StateValue<T> {
    /// Holds data, and nothing that could clear it is handed out.
    value: MemoryValue<T>,
}

#[inline]
fn always<D>(data: Option<D>) -> D {
    data.expect("a state always holds data")
}

impl<T> StateValue<T> {
    /// A value that holds `value`. It allocates.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { value: MemoryValue::with_value(value) }
    }

    /// A state that holds `value` and lives in `space`: see [`MemoryValue::in_space`].
    ///
    /// # Panics
    ///
    /// If there is a value in `space` that has no handle any more, or a slot for no more data.
    #[must_use]
    pub fn in_space<const WATCHERS: usize, const BORROWS: usize>(
        space: &'static Space<T, WATCHERS, BORROWS>,
        value: T,
    ) -> Self {
        let this = Self { value: MemoryValue::in_space(space) };
        this.set(value);
        this
    }

    /// As [`MemoryValue::try_watch`].
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn try_watch(&self) -> Result<MemoryWatcher<T>, Full> {
        self.value.try_watch()
    }

    /// Replaces the data and wakes all watchers, even if the new data equals the old. Returns the new version. See
    /// [`MemoryValue::set`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set`].
    #[inline]
    pub fn set(&self, value: T) -> Version {
        self.value.set(value)
    }

    /// A new watcher. Its first get returns the current data.
    #[must_use]
    pub fn watch(&self) -> MemoryWatcher<T> {
        self.value.watch()
    }

    /// A new watcher for which the current data counts as seen. Its first get waits for the next set.
    #[must_use]
    pub fn watch_changes(&self) -> MemoryWatcher<T> {
        self.value.watch_changes()
    }

    /// The right to read and watch without the right to set. It does not keep the value open, and always has something to read.
    #[must_use]
    pub fn reader(&self) -> MemoryReader<T> {
        self.value.reader()
    }

    /// Borrows the current data. Lock-free. A borrow blocks nobody, however long it is held.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::borrow`].
    #[inline]
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        always(self.value.borrow())
    }

    /// A clone of the current data. Lock-free.
    #[inline]
    #[must_use]
    pub fn load(&self) -> T
    where
        T: Clone,
    {
        always(self.value.load())
    }

    /// Like [`set`](Self::set), but returns the data if the value is closed.
    ///
    /// # Errors
    ///
    /// As [`MemoryValue::try_set`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set`].
    #[inline]
    pub fn try_set(&self, value: T) -> Result<Version, SetError<T>> {
        self.value.try_set(value)
    }

    /// Sets the data unless it equals the current data, in one step. Returns whether it did. On a closed value it does not.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set_if_not_eq`].
    pub fn set_if_not_eq(&self, value: T) -> bool
    where
        T: PartialEq,
    {
        self.value.set_if_not_eq(value)
    }

    /// Changes a clone of the data and sets it, in one step: no other set comes between reading and writing. `f` runs again, on a
    /// fresh clone, if another set came first. Returns whether it set anything, which it does unless the value is closed.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::update`].
    pub fn update(&self, f: impl FnMut(&mut T)) -> bool
    where
        T: Clone,
    {
        self.value.update(f)
    }

    /// Like [`update`](Self::update), but sets only if `f` returns `true`. A rejected update costs a clone; with [`transition`](Self::transition) it does not.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::update_if`].
    pub fn update_if(&self, f: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        self.value.update_if(f)
    }

    /// Replaces the data by what `f` makes of it, and returns something, in one step. If `f` returns `None` for the data, nothing is
    /// set. `f` runs again if another set came first. See [`MemoryValue::transition`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::transition`].
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::StateValue;
    ///
    /// let next_id = StateValue::new(1);
    /// let (id, version) = next_id.transition(|id| (Some(id + 1), *id));
    /// assert_eq!((id, version), (1, Some(next_id.version())));
    /// ```
    pub fn transition<R>(&self, mut f: impl FnMut(&T) -> (Option<T>, R)) -> (R, Option<Version>) {
        self.value.transition(|current| f(always(current)))
    }

    /// Sets the data and returns what it replaced: moved out if nobody else reads it, else cloned. On a closed value it returns
    /// `value`, which was not set: it always returns what is no longer, or not, in the value.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set`]. If `Clone` panics, the new data is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = event_core::StateValue::new("idle");
    /// assert_eq!(state.replace("busy"), "idle");
    /// state.close();
    /// assert_eq!(state.replace("late"), "late");
    /// ```
    pub fn replace(&self, value: T) -> T
    where
        T: Clone,
    {
        match self.value.exchange(value) {
            Ok(replaced) => always(replaced).take_or_clone(),
            Err(value) => value,
        }
    }

    /// Sets the data and returns what it replaced, without a clone. See [`MemoryValue::swap`]. `None` means that the value is closed, and that `value` was dropped.
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::swap`].
    pub fn swap(&self, value: T) -> Option<Snapshot<T>> {
        self.value.swap(value)
    }

    /// Sets the data if `seen` is still the current version. See [`MemoryValue::compare_and_set`].
    ///
    /// # Errors
    ///
    /// As [`MemoryValue::compare_and_set`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set`].
    pub fn compare_and_set(&self, seen: Version, value: T) -> Result<Version, CasError<T>> {
        self.value.compare_and_set(seen, value)
    }

    /// Sets, and waits until every watcher has seen it. See [`MemoryValue::set_sync`].
    ///
    /// # Errors
    ///
    /// [`SetError::Closed`] with the data.
    ///
    /// # Cancel safety
    ///
    /// As [`MemoryValue::set_sync`].
    #[cfg(feature = "alloc")]
    pub fn set_sync(&self, value: T) -> SetSync<'_, T> {
        self.value.set_sync(value)
    }

    /// Closes the value, even if there are other handles. The data stays readable.
    pub fn close(&self) {
        self.value.close();
    }

    /// Whether the value is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.value.is_closed()
    }

    /// The version of the current data. Lock-free.
    #[must_use]
    pub fn version(&self) -> Version {
        self.value.version()
    }

    /// How many watchers there are. Zero does not mean that the value is closed.
    #[must_use]
    pub fn watcher_count(&self) -> usize {
        self.value.watcher_count()
    }

    /// How many [`MemoryReader`]s there are.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.value.reader_count()
    }

    /// How many handles there are, this one included.
    #[must_use]
    pub fn handle_count(&self) -> usize {
        self.value.handle_count()
    }

    /// Waits until there is a watcher.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn watched(&self) -> ValueState<'_, T> {
        self.value.watched()
    }

    /// Waits until there is no watcher.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn unwatched(&self) -> ValueState<'_, T> {
        self.value.unwatched()
    }

    /// Waits until there is no [`MemoryReader`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn unread(&self) -> ValueState<'_, T> {
        self.value.unread()
    }

    /// Waits until this is the only handle and there is neither a reader nor a watcher.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn abandoned(&self) -> ValueState<'_, T> {
        self.value.abandoned()
    }

    /// Waits until the value is closed, by a [`close`](Self::close) elsewhere: the handle that this borrows keeps it open.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn closed(&self) -> ValueState<'_, T> {
        self.value.closed()
    }

    /// Whether both are handles of the same value.
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        self.value.same_value(&other.value)
    }

    /// Makes room for watchers and borrows, so that later calls do not allocate. See [`MemoryValue::reserve`].
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::reserve`].
    pub fn reserve(&self, watchers: usize, readers: usize) {
        self.value.reserve(watchers, readers);
    }
}

impl<T: Clone> Watch for StateValue<T> {
    type Item = T;
    type Watcher = MemoryWatcher<T>;

    fn watch(&self) -> MemoryWatcher<T> {
        self.watch()
    }
}

impl<T: Clone> Value for StateValue<T> {
    fn set(&self, value: T) {
        self.set(value);
    }
}

/// Another handle to the same value.
impl<T> Clone for StateValue<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone() }
    }
}

#[cfg(feature = "alloc")]
impl<T> From<T> for StateValue<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// A value that holds the default.
#[cfg(feature = "alloc")]
impl<T: Default> Default for StateValue<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Shows everything but the data, which need not be `Debug`.
impl<T> fmt::Debug for StateValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateValue")
            .field("version", &self.version())
            .field("closed", &self.is_closed())
            .field("watchers", &self.watcher_count())
            .finish_non_exhaustive()
    }
}
