//! The read side of a memory value as a handle of its own.

use core::fmt;

use super::error::Full;
use super::holder::Holder;
use super::reference::Ref;
use super::shared::SharedRef;
use super::watcher::MemoryWatcher;
use crate::traits::Watch;
use crate::version::Version;

/// The right to read and watch a [`MemoryValue`](crate::MemoryValue), without the right to set it.
///
/// It does not keep the value open. What was set last remains readable after the end.
///
/// # Examples
///
/// ```
/// let value = event_core::MemoryValue::with_value(1);
/// let reader = value.reader();
/// drop(value);
/// assert!(reader.is_closed());
/// assert_eq!(reader.load(), Some(1));
/// ```
#[doc(alias("Receiver", "StateFlow", "asStateFlow", "AnonReceiver"))]
pub struct MemoryReader<T> {
    shared: Holder<T>,
}

impl<T> MemoryReader<T> {
    pub(super) fn new(shared: Holder<T>) -> Self {
        shared.count_reader_in();
        Self { shared }
    }

    pub(super) fn shared(&self) -> SharedRef<'_, T> {
        SharedRef::of(&self.shared)
    }

    /// A new watcher. Its first get returns the current data, or waits for it.
    #[must_use]
    pub fn watch(&self) -> MemoryWatcher<T> {
        self.shared().watch()
    }

    /// Like [`watch`](Self::watch), for a value in a [`Space`](crate::Space), which may have no room for another watcher.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn try_watch(&self) -> Result<MemoryWatcher<T>, Full> {
        self.shared().try_watch(false)
    }

    /// A new watcher for which the current data counts as seen. Its first get waits for the next set.
    #[must_use]
    pub fn watch_changes(&self) -> MemoryWatcher<T> {
        self.shared().watch_changes()
    }

    /// Borrows the current data, if there is any. Lock-free. A borrow blocks nobody, however long it is held.
    #[must_use]
    pub fn borrow(&self) -> Option<Ref<'_, T>> {
        self.shared().borrow()
    }

    /// A clone of the current data, if there is any. Lock-free.
    #[must_use]
    pub fn load(&self) -> Option<T>
    where
        T: Clone,
    {
        self.shared.load()
    }

    /// The current version. Lock-free.
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared.version()
    }

    /// Whether there is data. Lock-free.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.shared.is_set()
    }

    /// Whether the value is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl<T: Clone> Watch for MemoryReader<T> {
    type Item = T;
    type Watcher = MemoryWatcher<T>;

    fn watch(&self) -> MemoryWatcher<T> {
        self.watch()
    }
}

impl<T> Clone for MemoryReader<T> {
    fn clone(&self) -> Self {
        Self::new(Holder::clone(&self.shared))
    }
}

impl<T> Drop for MemoryReader<T> {
    fn drop(&mut self) {
        // Wakers are user code; `shared` is a field and goes in any case.
        self.shared.count_reader_out();
    }
}

/// Shows everything but the data, which need not be `Debug`.
impl<T> fmt::Debug for MemoryReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReader")
            .field("version", &self.version())
            .field("set", &self.is_set())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
