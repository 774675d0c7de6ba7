//! Reads that cost one load while nothing has changed.

use core::fmt;
use core::mem::{self, ManuallyDrop};
use core::ptr::NonNull;

use super::holder::Holder;
use super::reader::MemoryReader;
use super::shared::Shared;
use super::value::MemoryValue;
use super::watcher::MemoryWatcher;
use super::writer::MemoryWriter;
use crate::cell::Pinned;
use crate::sync::{Handshake, is_kept};
use crate::version::Version;

/// Reads a value that seldom changes: a configuration, a routing table.
///
/// It keeps what it read last. As long as that is current, [`load`](Self::load) is one atomic load and a comparison: it writes to
/// no memory that another thread reads or writes, so any number of threads, each with its own `CachedReader`, read without
/// slowing each other down. It allocates nothing. When the value has changed, it drops what it
/// kept and keeps the new data instead.
///
/// The price is memory: a `CachedReader` that is not used keeps one version alive, even if that was replaced long ago, until its next
/// [`load`](Self::load) or [`release`](Self::release). Like a [`Ref`](crate::Ref) it blocks nobody.
///
/// It is made by `cached` of [`MemoryValue`](MemoryValue::cached), [`MemoryReader`](MemoryReader::cached),
/// [`MemoryWatcher`](MemoryWatcher::cached) and [`MemoryWriter`](MemoryWriter::cached). It neither counts as a watcher nor
/// keeps the value open; what was set last remains readable. A clone keeps the same data; from then on the two are independent.
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
///
/// let routes = MemoryValue::with_value(vec!["a"]);
/// let mut cached = routes.cached();
/// assert_eq!(cached.load().unwrap(), &["a"]);
/// routes.set(vec!["a", "b"]);
/// assert_eq!(cached.load().unwrap(), &["a", "b"]);
/// ```
#[doc(alias("Cache", "arc_swap", "Guard"))]
pub struct CachedReader<T> {
    /// The 1-based index of a slot of `shared.cell` that is pinned; 0: none is.
    index: usize,
    /// The data of that slot, if it has any.
    data: Option<NonNull<T>>,
    shared: Holder<T>,
}

// SAFETY: `data` points into what `shared` owns, and is only read. So this is like an `Holder<T>` and a `&T`.
unsafe impl<T: Send + Sync> Send for CachedReader<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for CachedReader<T> {}

impl<T> CachedReader<T> {
    pub(super) fn new(shared: Holder<T>) -> Self {
        shared.count_cached_reader_in();
        Self { index: 0, data: None, shared }
    }

    /// The current data, if there is any. Lock-free. If the value has not changed since the last call, this is wait-free and one
    /// atomic load.
    ///
    /// It returns everything that was set before this call, as seen from this thread, and never older data than the last call.
    /// Other reads, such as [`MemoryValue::borrow`], promise more in one case: two threads that each set one value and then read
    /// the other's by a `CachedReader` may both read what was current before.
    ///
    /// # Panics
    ///
    /// When the value has changed, this may be the last reader of what was kept, and drop it. Then a panic of its `Drop` passes
    /// through, and the new data is kept. When one version is borrowed more than 2^31 times.
    #[doc(alias("get", "borrow", "read"))]
    #[inline]
    pub fn load(&mut self) -> Option<&T> {
        // A slot that is pinned is not used again: the same slot means the same publication, whatever else is in the word.
        if self.shared.cell.slot_in_force() != self.index {
            // By value, so that in a loop the compiler can keep both in registers.
            let (index, data) = Self::keep_current(&self.shared);
            self.data = data;
            // Last: the data's `Drop` is user code.
            Self::let_go(&self.shared, mem::replace(&mut self.index, index));
        }
        self.peek()
    }

    /// What the last [`load`](Self::load) returned, without reading the value. `None` before the first `load`, and
    /// after [`release`](Self::release).
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        // SAFETY: the data of a slot that is pinned for as long as `index` and `data` say so, which only `&mut self` changes.
        self.data.map(|data| unsafe { data.as_ref() })
    }

    /// Whether [`load`](Self::load) would return other data than [`peek`](Self::peek). One atomic load.
    #[inline]
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.shared.cell.slot_in_force() != self.index
    }

    /// The version of what [`peek`](Self::peek) returns; [`Version::INITIAL`] if nothing is kept.
    #[must_use]
    pub fn version(&self) -> Version {
        self.pinned().map_or(Version::INITIAL, |pinned| pinned.version())
    }

    /// Whether the value is closed. What was set last is still returned by [`load`](Self::load).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Gives back what the last [`load`](Self::load) returned: for a reader that will not read for a long time.
    ///
    /// # Panics
    ///
    /// A panic of the data's `Drop` passes through, if this drops it.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut cached = value.cached();
    /// assert_eq!(cached.load(), Some(&1));
    /// cached.release();
    /// assert_eq!(cached.peek(), None);
    /// assert_eq!(cached.load(), Some(&1));
    /// ```
    pub fn release(&mut self) {
        self.data = None;
        Self::let_go(&self.shared, mem::take(&mut self.index));
    }

    #[cold]
    #[inline(never)]
    fn let_go(shared: &Shared<T>, index: usize) {
        if index != 0 && is_kept(Handshake::KeepPinned) {
            // SAFETY: the index of the pin that `keep_current` or `clone` took, and the caller has forgotten it.
            drop(unsafe { Pinned::from_index(&shared.cell, index) });
        }
    }

    /// Pins what is current now.
    #[cold]
    #[inline(never)]
    fn keep_current(shared: &Shared<T>) -> (usize, Option<NonNull<T>>) {
        let Some(pinned) = shared.cell.pin_at_main() else { return (0, None) };
        let data = pinned.data().map(NonNull::from);
        let index = pinned.into_index();
        if !is_kept(Handshake::KeepPinned) {
            // SAFETY: the pin that was just taken. What a mutation test does, to see that it is wrong.
            drop(unsafe { Pinned::from_index(&shared.cell, index) });
        }
        (index, data)
    }

    /// The pin that is kept. Not to be dropped.
    fn pinned(&self) -> Option<ManuallyDrop<Pinned<'_, T>>> {
        // SAFETY: the index comes from a pin of this cell, and the guard is not dropped.
        (self.index != 0).then(|| ManuallyDrop::new(unsafe { Pinned::from_index(&self.shared.cell, self.index) }))
    }
}

impl<T> MemoryValue<T> {
    /// A reader for data that seldom changes: as long as it is unchanged, reading it is one atomic load. See [`CachedReader`].
    #[must_use]
    pub fn cached(&self) -> CachedReader<T> {
        CachedReader::new(self.shared().to_holder())
    }
}

impl<T> MemoryReader<T> {
    /// A reader for data that seldom changes: as long as it is unchanged, reading it is one atomic load. See [`CachedReader`].
    #[must_use]
    pub fn cached(&self) -> CachedReader<T> {
        CachedReader::new(self.shared().to_holder())
    }
}

impl<T> MemoryWatcher<T> {
    /// A reader of the same value, for data that seldom changes. Reading by it marks nothing as seen here. See [`CachedReader`].
    #[must_use]
    pub fn cached(&self) -> CachedReader<T> {
        CachedReader::new(self.shared().to_holder())
    }
}

impl<T> MemoryWriter<T> {
    /// A reader for data that seldom changes: as long as it is unchanged, reading it is one atomic load. See [`CachedReader`].
    #[must_use]
    pub fn cached(&self) -> CachedReader<T> {
        CachedReader::new(self.shared().to_holder())
    }
}

/// Keeps the same data.
impl<T> Clone for CachedReader<T> {
    fn clone(&self) -> Self {
        let mut clone = Self::new(Holder::clone(&self.shared));
        if let Some(pinned) = self.pinned() {
            clone.index = pinned.again().into_index();
            clone.data = self.data;
        }
        clone
    }
}

impl<T> Drop for CachedReader<T> {
    fn drop(&mut self) {
        struct CountOut<'a, T>(&'a Shared<T>);
        impl<T> Drop for CountOut<'_, T> {
            fn drop(&mut self) {
                self.0.count_cached_reader_out();
            }
        }
        // The data's `Drop` and wakers are user code: each of the two is done whatever the other does.
        let shared = Holder::clone(&self.shared);
        let _count_out = CountOut(&shared);
        self.release();
    }
}

/// Shows everything but the data, which need not be `Debug`.
impl<T> fmt::Debug for CachedReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedReader")
            .field("version", &self.version())
            .field("changed", &self.has_changed())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
