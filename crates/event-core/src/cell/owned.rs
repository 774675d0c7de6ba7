//! A writer's hold on a slot, and what is left to do when it has been put in force.

use core::mem::{self, ManuallyDrop};

use super::shards;
use super::slot::{Head, Slot, State};
use super::{Cell, Pinned, Word};
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, handshake};
use crate::version::Version;

/// A slot that one writer has to itself, not in force. Dropped: emptied and freed.
pub(crate) struct Owned<'a, T> {
    pub(super) cell: &'a Cell<T>,
    pub(super) slot: Slot<'a, T>,
}

impl<'a, T> Owned<'a, T> {
    /// Takes the guard up again.
    ///
    /// # Safety
    ///
    /// 1. `index` comes from [`into_index`](Self::into_index) of an owned slot of this `cell`.
    /// 2. The guard is taken up once.
    #[inline]
    pub(crate) unsafe fn from_index(cell: &'a Cell<T>, index: usize) -> Self {
        // SAFETY: the caller vouches that the index is that of a slot.
        Self { cell, slot: unsafe { cell.slots.get(index) } }
    }

    /// Makes it "no data".
    pub(crate) fn clear(&mut self) {
        // SAFETY: owned.
        unsafe { self.slot.body.write(None) };
    }

    /// Puts `data` where nothing was before.
    #[inline]
    pub(crate) fn fill(&mut self, data: T) {
        // SAFETY: owned.
        unsafe { self.slot.body.write(Some(data)) };
    }

    #[inline]
    pub(crate) fn data_mut(&mut self) -> Option<&mut T> {
        // SAFETY: owned, and `&mut self` keeps everything else away.
        unsafe { self.slot.body.data_mut() }
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        // SAFETY: owned.
        unsafe { self.slot.body.take() }
    }

    /// The slot's index, still owned, without the guard.
    #[inline]
    pub(crate) fn into_index(self) -> usize {
        let index = self.slot.head.index as usize;
        mem::forget(self);
        index
    }

    /// Drops the data, if any. If its `Drop` panics, the slot is freed.
    #[inline]
    pub(crate) fn emptied(self) -> Self {
        let this = ManuallyDrop::new(self);
        let free = Free { cell: this.cell, head: this.slot.head };
        // SAFETY: owned.
        unsafe { this.slot.body.empty() };
        mem::forget(free);
        ManuallyDrop::into_inner(this)
    }

    pub(crate) fn data(&self) -> Option<&T> {
        // SAFETY: owned, and `&self` keeps `fill` and `take` away.
        unsafe { self.slot.body.data() }
    }
}

impl<T> Drop for Owned<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // The data's `Drop` may panic: the slot is free again all the same, and assigning leaves it `None`.
        let _free = Free { cell: self.cell, head: self.slot.head };
        // SAFETY: owned.
        unsafe { self.slot.body.empty() };
    }
}

/// Dropped: frees a slot that is owned and empty.
struct Free<'a, T> {
    cell: &'a Cell<T>,
    head: &'a Head,
}

impl<T> Drop for Free<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Ordering: Release, partner: `try_claim`. Whoever claims the slot finds it empty.
        self.head.state.store(State::FREE.bits(), Ordering::Release);
        // Ordering: Relaxed. A hint.
        self.cell.probably_free.store(self.head.index as usize - 1, Ordering::Relaxed);
    }
}

/// What [`Cell::publish`] did.
#[must_use = "those whose bits were taken are to be woken, and the replaced slot is to be given up"]
pub(crate) struct Published<'a, T> {
    pub(crate) version: Version,
    pub(crate) replaced: Replaced<'a, T>,
}

impl<'a, T> Published<'a, T> {
    /// `owned` was put in force over `replaced`: from here on it belongs to whoever replaces it.
    #[inline]
    pub(super) fn new(version: Version, owned: Owned<'a, T>, replaced: Word) -> Self {
        let (cell, by) = (owned.cell, owned.slot.head.index);
        mem::forget(owned);
        Self { version, replaced: Replaced { cell, word: replaced, by } }
    }

    /// The bits of the waker list's root that were taken. The caller wakes those whom they stand for.
    #[inline]
    pub(crate) fn armed(&self) -> usize {
        self.replaced.word.armed()
    }

    /// Gives up what was replaced.
    #[inline]
    pub(crate) fn retire(self) -> Version {
        let Replaced { cell, word, by } = *ManuallyDrop::new(self.replaced);
        match cell.retire(word) {
            Ok(()) => self.version,
            Err(slot) => cell.leave_to_readers(slot, by, self.version),
        }
    }

    /// Without the duties.
    #[inline]
    pub(crate) fn into_parts(self) -> (Version, Word, u32) {
        let Replaced { word, by, .. } = *ManuallyDrop::new(self.replaced);
        (self.version, word, by)
    }

    /// Takes the duties up again.
    ///
    /// # Safety
    ///
    /// 1. The parts come from [`into_parts`](Self::into_parts) of what was published in this `cell`.
    /// 2. The duties are taken up once.
    #[inline]
    pub(crate) unsafe fn from_parts(cell: &'a Cell<T>, version: Version, replaced: Word, by: u32) -> Self {
        Self { version, replaced: Replaced { cell, word: replaced, by } }
    }
}

/// The duty to give up the slot that was in force before. Dropped: done.
pub(crate) struct Replaced<'a, T> {
    cell: &'a Cell<T>,
    word: Word,
    by: u32,
}

impl<'a, T> Replaced<'a, T> {
    /// Takes the data out if nobody but `pinned`, which is the pin of the replaced slot, reads it.
    pub(crate) fn take(self, pinned: Pinned<'a, T>) -> Result<Option<T>, Pinned<'a, T>> {
        debug_assert!(shards::index_of_slot(pinned.slot.head.index as usize) == self.word.slot());
        handshake(Handshake::PublishThenCount);
        // We are 1: nobody else reads it or ever will. A slot with shards counts itself as well.
        if self.cell.readers_of(pinned.slot) != 1 {
            return Err(pinned);
        }
        let mut owned = Owned { cell: self.cell, slot: pinned.slot };
        mem::forget(self);
        // The slot is still OWNED, so counting out does not reclaim it.
        drop(pinned);
        Ok(owned.take())
    }
}

impl<T> Drop for Replaced<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Err(slot) = self.cell.retire(self.word) {
            self.cell.leave_to_readers(slot, self.by, Version::INITIAL);
        }
    }
}
