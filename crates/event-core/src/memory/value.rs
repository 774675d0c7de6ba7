//! The value itself: making, setting, closing and sharing it.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use super::error::Full;
use super::error::SetError;
use super::holder::Holder;
use super::reader::MemoryReader;
use super::reference::Ref;
use super::shared::{Shared, SharedRef};
use super::space::Lent;
use super::watcher::MemoryWatcher;
#[cfg(feature = "alloc")]
use crate::cell::Cell;
use crate::cell::no_slot_left;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::traits::{Value, Watch};
use crate::version::Version;

/// A piece of state that producers set and any number of consumers watch. The newest data wins.
///
/// A clone is another handle to the same value. When the last handle is dropped, or [`close`](Self::close) is called, the value is
/// closed: each watcher still returns the newest data, if it has not yet, and then
/// [`GetError::Closed`](crate::GetError::Closed).
///
/// Methods that are called *lock-free* never wait for another thread, whatever that thread is doing, and some thread always makes
/// progress. Only asynchronous methods and those whose name begins with `blocking_` wait. The first use of a value allocates, and
/// so do more watchers or borrows than there is room for: see [`reserve`](Self::reserve).
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
///
/// static TEMPERATURE: MemoryValue<f32> = MemoryValue::new();
///
/// # futures_lite::future::block_on(async {
/// let mut watcher = TEMPERATURE.watch();
/// TEMPERATURE.set(20.5);
/// TEMPERATURE.set(21.0);
/// assert_eq!(watcher.get().await.unwrap(), 21.0);
/// # });
/// ```
#[doc(alias(
    "Sender",
    "channel",
    "Observable",
    "SharedObservable",
    "MutableStateFlow",
    "MutableSharedFlow",
    "BehaviorSubject",
    "Subject",
    "Watchable"
))]
pub struct MemoryValue<T> {
    /// Until it is first used, an address that is [marked](UNUSED): 0, or that of the space for it. Then from `Holder::into_raw`, with one
    /// count of it and of `handles`.
    shared: AtomicPtr<Shared<T>>,
    /// This is a `Holder` for what concerns `Send`, `Sync` and dropping.
    marker: PhantomData<Holder<T>>,
}

/// What marks the address of a handle that was never used. What is shared has an even address.
const UNUSED: usize = 1;

impl<T> MemoryValue<T> {
    const_unless_loom! {
        /// A value without data. It can be a `static`. It allocates when it is first used, or by [`reserve`](Self::reserve).
        #[cfg(feature = "alloc")]
        #[doc(alias("channel"))]
        #[must_use]
        pub fn new() -> Self {
            Self { shared: AtomicPtr::new(ptr::without_provenance_mut(UNUSED)), marker: PhantomData }
        }
    }

    const_unless_loom! {
        /// In this space, when it is first used.
        pub(super) fn unused_in(space: NonNull<Lent<T>>) -> Self {
            let marked = space.as_ptr().cast::<u8>().wrapping_add(UNUSED).cast();
            Self { shared: AtomicPtr::new(marked), marker: PhantomData }
        }
    }

    /// A value that holds `value`.
    #[cfg(feature = "alloc")]
    #[doc(alias("channel", "new_with"))]
    #[must_use]
    pub fn with_value(value: T) -> Self {
        let this = Self::new();
        this.set(value);
        this
    }

    /// A value without data, for many threads that read it at the same time through one handle.
    ///
    /// Readers are counted, and threads that count at the same place slow each other down. This value counts at `shards` places, from 1
    /// to 256 (other numbers are rounded to these), and each thread uses one of them. So [`load`](Self::load) and
    /// [`borrow`](Self::borrow) take the same time for any number of threads, if there are at least as many shards. Everything else is
    /// as for other values.
    ///
    /// Producers pay for this: a set reads and writes each shard, so with 8 shards it takes 9 times as long on one thread, and 20 times
    /// if two threads set; and a single thread takes 1.7 times as long to read. A value in use is larger by 128 bytes per shard. Use it for
    /// data that is read far more often than it is set. A thread that can keep something between two reads uses a
    /// [`CachedReader`](crate::CachedReader) instead.
    ///
    /// Without the feature `std`, threads are told apart by their stacks, so two of them may share a shard.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::MemoryValue;
    ///
    /// static CONFIG: std::sync::LazyLock<MemoryValue<String>> = std::sync::LazyLock::new(|| {
    ///     let threads = std::thread::available_parallelism().map_or(8, Into::into);
    ///     let value = MemoryValue::with_reader_shards(threads);
    ///     value.set("initial".into());
    ///     value
    /// });
    /// assert_eq!(&*CONFIG.borrow().unwrap(), "initial");
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("arc_swap", "striped", "sharded"))]
    #[must_use]
    pub fn with_reader_shards(shards: usize) -> Self {
        Self::from_counted(Holder::new(Shared::with_cell(Cell::with_shards(shards))))
    }

    /// What the handles share; made if need be.
    #[inline]
    pub(super) fn shared(&self) -> SharedRef<'_, T> {
        match self.shared_if_used() {
            Some(shared) => shared,
            None => self.init(),
        }
    }

    /// What the handles share, if this one has needed it.
    #[inline]
    pub(super) fn shared_if_used(&self) -> Option<SharedRef<'_, T>> {
        // Ordering: Acquire, partner: `init`. Weaker, the contents might not be there yet.
        let shared = self.shared.load(Ordering::Acquire);
        if shared.addr() & UNUSED != 0 {
            return None;
        }
        // SAFETY: it is not marked, so it is from `Holder::into_raw`.
        let shared = unsafe { NonNull::new_unchecked(shared) };
        // SAFETY: as above, and this handle has a count.
        Some(unsafe { SharedRef::new(shared) })
    }

    #[cold]
    #[inline(never)]
    fn init(&self) -> SharedRef<'_, T> {
        // Ordering: Acquire, partner: below. Another thread may have done it.
        let unused = self.shared.load(Ordering::Acquire);
        let mut used = unused;
        if unused.addr() & UNUSED != 0 {
            let made = Self::first_holder(unused).into_raw();
            // Ordering: Release, partner: `shared_if_used`. Acquire on failure: what another thread made is used.
            used = match self.shared.compare_exchange(unused, made.as_ptr(), Ordering::Release, Ordering::Acquire) {
                Ok(_) => made.as_ptr(),
                Err(present) => {
                    // SAFETY: from `Holder::into_raw` above, and nobody else has seen it.
                    let shared = unsafe { Holder::from_raw(made) };
                    // If it was made for this, it goes; if it is in a space, the handle is counted already.
                    if shared.is_lent() {
                        shared.count_handle_out();
                    }
                    present
                }
            };
        }
        // SAFETY: it is not marked any more, so it is from `Holder::into_raw`.
        let used = unsafe { NonNull::new_unchecked(used) };
        // SAFETY: as above, and this handle has a count.
        unsafe { SharedRef::new(used) }
    }

    /// What is shared by the first handle that is used, or by this further one of a space.
    fn first_holder(unused: *mut Shared<T>) -> Holder<T> {
        match NonNull::new(unused.cast::<u8>().wrapping_sub(UNUSED).cast()) {
            // SAFETY: marked by `unused_in`.
            Some(space) => unsafe { Lent::open(space) },
            #[cfg(feature = "alloc")]
            None => Holder::new(Shared::new()),
            #[cfg(not(feature = "alloc"))]
            None => unreachable!("without a heap, values are made of spaces"),
        }
    }

    /// What the handles share, without this handle, which was counted out.
    pub(super) fn into_counted(self) -> Holder<T> {
        let shared = self.shared().pointer();
        mem::forget(self);
        // SAFETY: from `Holder::into_raw`, and this handle's count was given up for this.
        unsafe { Holder::from_raw(shared) }
    }

    /// A further handle to what is shared, which must be open-handed: at least one handle exists.
    pub(super) fn from_counted(shared: Holder<T>) -> Self {
        Self { shared: AtomicPtr::new(shared.into_raw().as_ptr()), marker: PhantomData }
    }

    /// Replaces the data and wakes all watchers, even if the new data equals the old. Returns the new version.
    ///
    /// On a closed value this drops `value` and returns the current version; see [`try_set`](Self::try_set).
    ///
    /// Lock-free. This method calls the wakers of the waiting watchers and drops the old data, unless it is borrowed; then the last
    /// borrower drops it.
    ///
    /// # Panics
    ///
    /// When more than about a million different versions (five hundred on 32-bit targets) are borrowed; when the value is in a
    /// [`Space`](crate::Space) that is full. Nothing is set then. A panic of a waker or of the old data's `Drop` passes through; the new data
    /// is set and all watchers are woken all the same.
    #[doc(alias("send", "send_replace", "emit", "tryEmit", "store"))]
    #[inline]
    pub fn set(&self, value: T) -> Version {
        // As `try_set`. Each step is tried once, and what is not the rule is left to another function's end: see `at_once`.
        let Some(shared) = self.shared_if_used() else { return self.set_step_by_step(value) };
        let shared = shared.get();
        let Some(mut claimed) = shared.cell.claim_at_once() else { return self.set_step_by_step(value) };
        claimed.fill(value);
        match claimed.publish() {
            Ok(published) => shared.announce(published),
            // SAFETY: an owned slot of this value, whose guard is given up here.
            Err(owned) => unsafe { shared.publish_step_by_step(owned.into_index()) },
        }
    }

    #[cold]
    #[inline(never)]
    fn set_step_by_step(&self, value: T) -> Version {
        match self.try_set(value) {
            Ok(version) => version,
            Err(SetError::Closed(_)) => self.version(),
            Err(SetError::Full(_)) => no_slot_left(),
        }
    }

    /// Like [`set`](Self::set), but returns the data if it is not set.
    ///
    /// # Errors
    ///
    /// [`SetError::Closed`] with the data if the value is closed; [`SetError::Full`] if it is in a [`Space`](crate::Space) that is full.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set), but not because a space is full.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// value.close();
    /// assert_eq!(value.try_set(2).unwrap_err().into_inner(), 2);
    /// assert_eq!(value.load(), Some(1));
    /// ```
    #[doc(alias("send", "tryEmit"))]
    #[inline]
    pub fn try_set(&self, value: T) -> Result<Version, SetError<T>> {
        let shared = self.shared().get();
        let Some(mut owned) = shared.cell.claim_or_full() else { return Err(SetError::Full(value)) };
        owned.fill(value);
        match shared.cell.publish(owned) {
            Ok(published) => Ok(shared.announce(published)),
            Err(mut owned) => Err(SetError::Closed(owned.take().expect("it was filled above"))),
        }
    }

    /// A new watcher. Its first get returns the current data, or waits for it.
    ///
    /// Lock-free. It allocates if there is no room for another watcher, see [`reserve`](Self::reserve).
    ///
    /// # Panics
    ///
    /// When the value is in a [`Space`](crate::Space) that has no room for another watcher: see [`try_watch`](Self::try_watch).
    #[doc(alias("subscribe", "subscribe_reset", "receiver", "anon_receiver", "dyn_receiver", "collect", "stateIn"))]
    #[inline]
    #[must_use]
    pub fn watch(&self) -> MemoryWatcher<T> {
        self.shared().watch()
    }

    /// Like [`watch`](Self::watch), for a value in a [`Space`](crate::Space), which may have no room for another watcher. Values on the heap
    /// always have.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn try_watch(&self) -> Result<MemoryWatcher<T>, Full> {
        self.shared().try_watch(false)
    }

    /// A new watcher for which the current data counts as seen. Its first get waits for the next set.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch_changes();
    /// assert!(watcher.try_get().unwrap_err().is_backlog_done());
    /// ```
    #[doc(alias("subscribe", "stream_updates_only"))]
    #[must_use]
    pub fn watch_changes(&self) -> MemoryWatcher<T> {
        self.shared().watch_changes()
    }

    /// The right to read and watch without the right to set. It does not keep the value open.
    #[doc(alias("asStateFlow", "subscribe"))]
    #[must_use]
    pub fn reader(&self) -> MemoryReader<T> {
        MemoryReader::new(self.shared().to_holder())
    }

    /// Borrows the current data, if there is any. Lock-free. A borrow blocks nobody, however long it is held.
    ///
    /// # Panics
    ///
    /// When one version is borrowed more than 2^31 times at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let before = value.borrow().unwrap();
    /// value.set(2);
    /// assert_eq!(*before, 1);
    /// assert_eq!(*value.borrow().unwrap(), 2);
    /// ```
    #[doc(alias("read", "try_read", "get"))]
    #[inline]
    #[must_use]
    pub fn borrow(&self) -> Option<Ref<'_, T>> {
        self.shared_if_used()?.borrow()
    }

    /// A clone of the current data, if there is any. Lock-free.
    #[doc(alias("get", "try_get", "value"))]
    #[inline]
    #[must_use]
    pub fn load(&self) -> Option<T>
    where
        T: Clone,
    {
        self.shared_if_used()?.get().load()
    }

    /// The current version; [`Version::INITIAL`] as long as nothing was ever set. "No data" after a [`clear`](Self::clear) is a version,
    /// too. Lock-free.
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared_if_used().map_or(Version::INITIAL, |shared| shared.get().version())
    }

    /// Whether there is data. Lock-free.
    #[doc(alias("contains_value", "is_some"))]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.shared_if_used().is_some_and(|shared| shared.get().is_set())
    }

    /// Closes the value, even if there are other handles. Watchers return the newest data, if they have not yet, and then
    /// [`GetError::Closed`](crate::GetError::Closed). Lock-free. Calling it again does nothing.
    #[doc(alias("complete"))]
    pub fn close(&self) {
        self.shared().get().close();
    }

    /// Whether the value is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared_if_used().is_some_and(|shared| shared.get().is_closed())
    }

    /// Whether both are handles of the same value.
    #[doc(alias("same_channel"))]
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        ptr::eq(self, other) || self.shared().same(other.shared())
    }

    /// Makes room, so that later calls do not allocate: for `watchers` watchers at the same time, those that exist included, and for
    /// `readers` borrows of different versions at the same time. (A get that is cloning is a borrow.) Up to four sets or edits,
    /// such as `update`, may be in progress at the same time, as when interrupt handlers interrupt each other.
    ///
    /// A watcher that is dropped, or polled with another waker than before, while a set is about to wake it leaves its slot in the
    /// waker list to that set and needs another one. There is room for all watchers to do that during one set.
    ///
    /// # Panics
    ///
    /// If more than about a million readers (five hundred on 32-bit targets) are asked for, or more than the value's
    /// [`Space`](crate::Space) has room for: there, this only checks.
    pub fn reserve(&self, watchers: usize, readers: usize) {
        self.shared().get().reserve(watchers, readers);
    }
}

impl<T> Watch for MemoryValue<T>
where
    T: Clone,
{
    type Item = T;
    type Watcher = MemoryWatcher<T>;

    fn watch(&self) -> MemoryWatcher<T> {
        self.watch()
    }
}

impl<T: Clone> Value for MemoryValue<T> {
    fn set(&self, value: T) {
        self.set(value);
    }
}

/// Another handle to the same value.
impl<T> Clone for MemoryValue<T> {
    fn clone(&self) -> Self {
        let shared = self.shared();
        // First the count that ends the process when it overflows.
        let holder = shared.to_holder();
        // Ordering: Relaxed. This handle exists, so the count is not 0 and cannot become it meanwhile.
        shared.get().handles.fetch_add(1, Ordering::Relaxed);
        Self::from_counted(holder)
    }
}

impl<T> Drop for MemoryValue<T> {
    /// Closes the value if this is the last handle.
    fn drop(&mut self) {
        let Some(shared) = self.shared_if_used() else { return };
        // SAFETY: from `Holder::into_raw`, and this handle's count goes here. It goes at the end of the scope, even if a waker
        // panics.
        let shared = unsafe { Holder::from_raw(shared.pointer()) };
        shared.count_handle_out();
    }
}

#[cfg(feature = "alloc")]
impl<T> From<T> for MemoryValue<T> {
    fn from(value: T) -> Self {
        Self::with_value(value)
    }
}

/// No data.
#[cfg(feature = "alloc")]
impl<T> Default for MemoryValue<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows everything but the data, which need not be `Debug`.
impl<T> fmt::Debug for MemoryValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryValue")
            .field("version", &self.version())
            .field("set", &self.is_set())
            .field("closed", &self.is_closed())
            .field("watchers", &self.watcher_count())
            .finish_non_exhaustive()
    }
}
