//! A reader's hold on a slot.

use core::mem::{self, ManuallyDrop};

use super::Cell;
use super::slot::{MAX_READERS, Slot};
use crate::sync::atomic::Ordering;
use crate::version::Version;

/// A slot that is counted in to. Its data stays as it is.
pub(crate) struct Pinned<'a, T> {
    pub(super) cell: &'a Cell<T>,
    pub(super) slot: Slot<'a, T>,
}

impl<'a, T> Pinned<'a, T> {
    /// The data; `None` after `clear`.
    #[inline]
    pub(crate) fn data(&self) -> Option<&T> {
        // SAFETY: pinned until `self` goes.
        unsafe { self.slot.body.data() }
    }

    #[inline]
    pub(crate) fn version(&self) -> Version {
        // Ordering: Relaxed. Pinned: it was stored before the word was published that `pin` loaded, and does not change.
        Version::from_raw(self.slot.body.version.load(Ordering::Relaxed))
    }

    pub(crate) fn cell(&self) -> &'a Cell<T> {
        self.cell
    }

    /// Pins the same slot once more.
    pub(crate) fn again(&self) -> Self {
        // Ordering: Relaxed. The slot is pinned, so whoever wants to empty it waits for a count that we add to.
        let before = self.slot.head.readers.fetch_add(1, Ordering::Relaxed);
        let pinned = Self { cell: self.cell, slot: self.slot };
        if before >= MAX_READERS {
            drop(pinned);
            too_many_readers();
        }
        pinned
    }

    /// The slot's index, still pinned, without the guard.
    #[inline]
    pub(crate) fn into_index(self) -> usize {
        let index = self.slot.head.index as usize;
        mem::forget(self);
        index
    }

    /// Takes the guard up again.
    ///
    /// # Safety
    ///
    /// 1. `index` comes from [`into_index`](Self::into_index) of a pin of this `cell`.
    /// 2. The guard is taken up once.
    #[inline]
    pub(crate) unsafe fn from_index(cell: &'a Cell<T>, index: usize) -> Self {
        // SAFETY: the caller vouches that the index is that of a slot.
        Self { cell, slot: unsafe { cell.slots.get(index) } }
    }
}

impl<T> Drop for Pinned<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `pin` counted in to this slot of this cell, and this guard is the only one that counts out.
        unsafe { self.cell.unpin(self.slot) };
    }
}

impl<T> Pinned<'_, T> {
    /// Lets go, for somebody who may pin again at once: pauses if the slot was replaced meanwhile and is left to it.
    #[inline]
    pub(crate) fn leave(self) {
        let Self { cell, slot } = *ManuallyDrop::new(self);
        // SAFETY: pinned, and the guard was given up for this.
        if let Some(retired) = unsafe { cell.count_out(slot) } {
            cell.reclaim_and_pause(slot, retired);
        }
    }
}

/// A clone of the data. If the data has been replaced and its `Drop` panics when it is let go of, the clone is dropped.
#[inline]
pub(crate) fn cloned_and_unpinned<T: Clone>(pinned: Pinned<'_, T>) -> Option<T> {
    // User code, while the slot is pinned; the guard unpins it whatever happens.
    let clone = pinned.data().cloned();
    // User code as well. A return value that is there already would be leaked by a panic; a variable is not.
    drop(pinned);
    clone
}

/// [`cloned_and_unpinned`] for a reader that may come again at once.
#[inline]
pub(crate) fn loaded<T: Clone>(pinned: Pinned<'_, T>) -> Option<T> {
    // User code, both, as there.
    let clone = pinned.data().cloned();
    pinned.leave();
    clone
}

#[cold]
pub(super) fn too_many_readers() -> ! {
    panic!("a version of a value can be borrowed at most {MAX_READERS} times at once");
}
