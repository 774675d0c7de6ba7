//! Data of a memory value that is kept without a lifetime.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr;

use super::holder::Holder;
use super::reference::{Ref, present};
use crate::cell::Pinned;
use crate::version::Version;

/// Data of a memory value that lives as long as this does. Made by [`Ref::detach`] and
/// [`MemoryValue::swap`](crate::MemoryValue::swap).
///
/// Like a [`Ref`] it blocks nobody. It keeps the memory of the value, but does not keep the value open. A clone shares the
/// data.
pub struct Snapshot<T> {
    /// A slot of `shared.cell`, pinned; its data is not `None`.
    index: usize,
    shared: Holder<T>,
}

impl<T> Snapshot<T> {
    /// `pinned` is a pin of `shared.cell`, and there is data.
    pub(super) fn new(pinned: Pinned<'_, T>, shared: Holder<T>) -> Self {
        Self { index: pinned.into_index(), shared }
    }

    #[inline]
    fn pinned(&self) -> ManuallyDrop<Pinned<'_, T>> {
        // SAFETY: the index comes from a pin of this cell, and the guard is not dropped but in `drop`.
        ManuallyDrop::new(unsafe { Pinned::from_index(&self.shared.cell, self.index) })
    }

    /// Which version this is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.pinned().version()
    }

    /// Moves the data out if nothing else can read it: it was replaced, or the value was dropped with everything that
    /// belongs to it. Lock-free.
    ///
    /// # Errors
    ///
    /// The snapshot itself, if the data is current or borrowed elsewhere. A reader that is about to notice that this version was
    /// replaced counts as a borrower.
    ///
    /// # Examples
    ///
    /// ```
    /// struct NotClone(u32);
    ///
    /// let value = event_core::MemoryValue::with_value(NotClone(1));
    /// let old = value.swap(NotClone(2)).unwrap();
    /// assert!(matches!(old.try_into_inner(), Ok(NotClone(1))));
    ///
    /// let current = value.borrow().unwrap().detach();
    /// let current = current.try_into_inner().unwrap_err();
    /// drop(value);
    /// assert!(matches!(current.try_into_inner(), Ok(NotClone(2))));
    /// # impl std::fmt::Debug for NotClone {
    /// #     fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) }
    /// # }
    /// ```
    pub fn try_into_inner(self) -> Result<T, Self> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, and not dropped.
        let shared = unsafe { ptr::read(&raw const this.shared) };
        let is_alone = shared.is_alone();
        // SAFETY: the index comes from a pin of this cell, whose guard was in `this`.
        let pinned = unsafe { Pinned::from_index(&shared.cell, this.index) };
        let taken = if is_alone {
            // SAFETY: `shared` is the only pointer to the cell, and goes at the end of this function.
            Ok(unsafe { pinned.take_from_unshared() })
        } else {
            pinned.try_take().map_err(Pinned::into_index)
        };
        match taken {
            Ok(data) => Ok(present(data)),
            Err(index) => Err(Self { index, shared }),
        }
    }
}

/// Shares the data.
impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        let shared = Holder::clone(&self.shared);
        Self { index: self.pinned().again().into_index(), shared }
    }
}

impl<T> Deref for Snapshot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let pinned = ptr::from_ref(present(self.pinned().data()));
        // SAFETY: pinned until `self` is dropped.
        unsafe { &*pinned }
    }
}

impl<T> Drop for Snapshot<T> {
    fn drop(&mut self) {
        // The data's `Drop` may panic; `shared` is a field and goes in any case.
        drop(ManuallyDrop::into_inner(self.pinned()));
    }
}

/// Shows the data.
impl<T: fmt::Debug> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> From<Ref<'_, T>> for Snapshot<T> {
    fn from(borrowed: Ref<'_, T>) -> Self {
        borrowed.detach()
    }
}
