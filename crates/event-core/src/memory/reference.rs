//! Borrowed data of a memory value.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::shared::{Shared, SharedRef};
use crate::cell::{Pinned, Slot};
use crate::sync::Arc;
use crate::version::Version;

/// The data that was present when it was borrowed.
///
/// It stays as it is while newer data is set; it blocks neither producers nor other readers, and may be held for as long
/// as you like, across `.await` as well. What it costs is memory: this version is kept until the last `Ref` to it goes.
/// Whoever lets go last of a version that was replaced drops the data.
pub struct Ref<'a, T> {
    /// Its data is not `None`.
    pinned: Pinned<'a, T>,
    shared: SharedRef<'a, T>,
}

impl<'a, T> Ref<'a, T> {
    pub(super) fn new(pinned: Pinned<'a, T>, shared: SharedRef<'a, T>) -> Option<Self> {
        pinned.data().is_some().then_some(())?;
        Some(Self { pinned, shared })
    }

    /// Which version this is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.pinned.version()
    }

    /// The same data without the lifetime. Nothing is cloned: it keeps the memory of the value alive, though not open.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, Snapshot};
    ///
    /// struct NotClone(u32);
    ///
    /// let value = MemoryValue::with_value(NotClone(1));
    /// let snapshot: Snapshot<NotClone> = value.borrow().unwrap().detach();
    /// value.set(NotClone(2));
    /// drop(value);
    /// assert_eq!(snapshot.0, 1);
    /// ```
    #[must_use]
    pub fn detach(self) -> Snapshot<T> {
        let shared = self.shared.to_arc();
        Snapshot { slot: NonNull::from(self.pinned.into_slot()), shared }
    }
}

fn present<T>(data: Option<&T>) -> &T {
    data.expect("a reference is only made of data that is present")
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        present(self.pinned.data())
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("version", &self.version()).field("data", &**self).finish()
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Data of a memory value that lives as long as this does. Made by [`Ref::detach`].
///
/// Like a [`Ref`] it blocks nobody. It keeps the memory of the value, but does not keep the value open.
pub struct Snapshot<T> {
    /// A slot of `shared.cell`, pinned; its data is not `None`.
    slot: NonNull<Slot<T>>,
    shared: Arc<Shared<T>>,
}

// SAFETY: the slot is part of `shared`; together they are like a `Ref` that holds an `Arc`.
unsafe impl<T: Send + Sync> Send for Snapshot<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Snapshot<T> {}

impl<T> Snapshot<T> {
    fn pinned(&self) -> ManuallyDrop<Pinned<'_, T>> {
        // SAFETY: the slot lives as long as `shared`.
        let slot = unsafe { self.slot.as_ref() };
        // SAFETY: `slot` came from a pin of this cell, and the guard is not dropped but in `drop`.
        ManuallyDrop::new(unsafe { Pinned::from_slot(&self.shared.cell, slot) })
    }

    /// Which version this is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.pinned().version()
    }
}

impl<T> Deref for Snapshot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the slot lives as long as `shared`.
        let slot = unsafe { self.slot.as_ref() };
        // SAFETY: pinned until `self` is dropped.
        present(unsafe { slot.pinned_data() })
    }
}

impl<T> Drop for Snapshot<T> {
    fn drop(&mut self) {
        // The data's `Drop` may panic; `shared` is a field and goes in any case.
        drop(ManuallyDrop::into_inner(self.pinned()));
    }
}

impl<T: fmt::Debug> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version()).field("data", &**self).finish()
    }
}
