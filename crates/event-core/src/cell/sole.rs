//! Publishing by the only producer: one exchange, which cannot fail.
//!
//! # Roles
//!
//! While nobody else publishes or closes, what is in force is what this producer published last. So it knows the word but for
//! the bits that others change in it, and the version, without a look; it can read the data in force without a pin, since only
//! it could replace it; and the slot that it replaced is its own again, to be filled next, unless somebody reads it.
//!
//! # Collision
//!
//! *With readers and watchers.* As for any writer: [`publish`](Sole::publish) puts another slot in force and then reads the count
//! (`PublishThenCount`), and takes the armed bits with its exchange. The exchange is unconditional: a watcher's compare-and-swap
//! comes before it, and its bit is taken, or after it, and fails.
//!
//! *With `set_sync`.* Nobody starts one here, but watchers can end one that was forgotten earlier: they take the awaited bit back.
//! An exchange can put it in once more, since it does not look first. That is harmless: a watcher that finds the bit
//! asks whether it is awaited.
//!
//! # Progress
//!
//! Wait-free, but for what happens when somebody reads what is replaced: then a free slot is claimed, and if there is none some are
//! added, which allocates.

use core::mem::{self, ManuallyDrop};

use super::owned::{Owned, Published, Replaced};
use super::{Cell, Word};
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, is_kept};
use crate::version::Version;

/// What the only producer of a cell knows.
pub(crate) struct Sole {
    /// What it published last, or found at the beginning; closed if it closed it.
    word: Word,
    /// That of `word`.
    version: Version,
    /// The 1-based index of the slot that it owns and fills next; 0 if it has none.
    next: usize,
}

impl Sole {
    /// For the only producer of `cell`: from here on nobody else publishes or closes, until this is [released](Self::release) or
    /// dropped. Everything that others have published or closed happened before.
    pub(crate) fn of<T>(cell: &Cell<T>) -> Self {
        let word = cell.word();
        Self { word, version: cell.version_of(word), next: 0 }
    }

    /// Gives back what it owns.
    ///
    /// # Safety
    ///
    /// `cell` is the one that this was made of.
    pub(crate) unsafe fn release<T>(&mut self, cell: &Cell<T>) {
        if let Some(index) = self.take_next() {
            // SAFETY: the slot was owned, and taken out of `next`.
            drop(unsafe { Owned::from_index(cell, index) });
        }
    }

    fn take_next(&mut self) -> Option<usize> {
        Some(mem::take(&mut self.next)).filter(|&index| index != 0)
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.word.is_closed()
    }

    /// The producer closed the cell.
    pub(crate) fn closed(&mut self) {
        self.word = self.word.closed();
    }

    #[inline]
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// The data in force; `None` after `clear`, and before anything was published.
    ///
    /// # Safety
    ///
    /// `cell` is the one that this was made of.
    #[inline]
    pub(crate) unsafe fn current<'a, T>(&'a self, cell: &'a Cell<T>) -> Option<&'a T> {
        if self.word.slot() == 0 {
            return None;
        }
        // SAFETY: a word that was in force names an existing slot.
        let slot = unsafe { cell.slots.get(self.word.slot()) };
        // SAFETY: it is in force, and stays so while `self` is borrowed: replacing it takes `&mut self`.
        unsafe { slot.body.data() }
    }

    /// The slot to fill next, if the cell is open and a slot was kept that is an inline one.
    ///
    /// # Safety
    ///
    /// `cell` is the one that this was made of.
    #[inline]
    pub(crate) unsafe fn own_at_once<'a, T>(&mut self, cell: &'a Cell<T>) -> Option<Owned<'a, T>> {
        let slot = cell.slots.inline_at(self.next).filter(|_| !self.is_closed())?;
        self.next = 0;
        // It was owned, and is not in `next` any more.
        Some(Owned { cell, slot })
    }

    /// The slot to fill next.
    ///
    /// # Safety
    ///
    /// `cell` is the one that this was made of.
    pub(crate) unsafe fn own<'a, T>(&mut self, cell: &'a Cell<T>) -> Owned<'a, T> {
        match self.take_next() {
            // SAFETY: the slot was owned, and taken out of `next`.
            Some(index) => unsafe { Owned::from_index(cell, index) },
            None => cell.claim(),
        }
    }

    /// Puts `owned`, of an open cell, in force.
    ///
    /// # Safety
    ///
    /// `owned` is of the cell that this was made of, which is open.
    #[inline]
    pub(crate) unsafe fn publish<'a, T>(&mut self, owned: Owned<'a, T>) -> Published<'a, T> {
        debug_assert!(!self.is_closed());
        let version = self.version.next();
        // Ordering: Relaxed. The exchange below releases it.
        owned.slot.body.version.store(version.raw(), Ordering::Relaxed);
        let word = self.word.followed_by(version, owned.slot.head.index as usize);
        let current = &owned.cell.current;
        let replaced = if is_kept(Handshake::TakeInWord) {
            // Ordering: SeqCst, partners: the loads in `word`. As in `exchange_as`: first half of `PublishThenCount`, the Release
            // that makes data and version visible, and the Acquire that brings the wakers along, partner `arm`.
            current.swap(word.bits(), Ordering::SeqCst)
        } else {
            // What a mutation test does instead, to see that it is wrong.
            let replaced = current.load(Ordering::SeqCst);
            current.store(word.bits(), Ordering::SeqCst);
            replaced
        };
        let replaced = Word::from_bits(replaced);
        debug_assert!(replaced.is_of(self.word), "somebody else has published");
        // Once it was found not to be awaited any more, the next word is not.
        self.word = word.awaited_as_well_as(replaced);
        self.version = version;
        Published::new(version, owned, replaced)
    }

    /// Gives up what was replaced, and keeps its slot for the next publication if nobody reads it.
    #[inline]
    pub(crate) fn recycle<T>(&mut self, published: Published<'_, T>) -> Version {
        let Replaced { cell, word, by } = *ManuallyDrop::new(published.replaced);
        match cell.retire_owned(word) {
            Ok(None) => {}
            // User code: the data's `Drop`.
            Ok(Some(owned)) => self.next = owned.emptied().into_index(),
            Err(slot) => return cell.leave_to_readers(slot, by, published.version),
        }
        published.version
    }

    /// [`recycle`](Self::recycle), with the data that was replaced: moved out if nobody reads it, else what `clone` makes of it.
    pub(crate) fn recycle_and<T>(&mut self, published: Published<'_, T>, clone: impl FnOnce(&T) -> T) -> Option<T> {
        let Replaced { cell, word, by } = *ManuallyDrop::new(published.replaced);
        match cell.retire_owned(word) {
            Ok(None) => None,
            Ok(Some(mut owned)) => {
                let data = owned.take();
                self.next = owned.into_index();
                data
            }
            Err(slot) => {
                // Nobody else may give it up before this has said that it is replaced, so it stays while it is cloned. If that
                // panics, the guard says it.
                let duty = Replaced { cell, word, by };
                // SAFETY: it is not mutated before `duty` goes.
                let clone = unsafe { slot.body.data() }.map(clone);
                drop(duty);
                clone
            }
        }
    }
}
