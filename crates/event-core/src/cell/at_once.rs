//! The steps of the hot paths, each tried once, and with inline slots only.
//!
//! They are the steps of `Cell`, whose orderings they have. What they add is that nothing in them calls anything, so that a
//! caller which leaves the rest to the end of another function needs no stack: on most machines that is a third of the time.

use core::mem::{self, ManuallyDrop};

use super::owned::{Owned, Published};
use super::pinned::Pinned;
use super::slot::{MAX_READERS, Slot, State};
use super::{Cell, Word};
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, handshake};
use crate::version::Version;

/// A slot that was claimed, and what was in force before that.
pub(crate) struct Claimed<'a, T> {
    owned: Owned<'a, T>,
    expected: Word,
    /// The version to come if `expected` is still in force.
    version: Version,
}

impl<T> Cell<T> {
    /// [`claim`](Self::claim), if something is in force that is open.
    #[inline]
    pub(crate) fn claim_at_once(&self) -> Option<Claimed<'_, T>> {
        let expected = self.first_look();
        let in_force = self.slots.inline_at(expected.slot())?;
        if expected.is_closed() {
            return None;
        }
        // Ordering: Relaxed, as in `version_of`. Looked at before the slot is claimed: the claim is a barrier to what comes
        // after it.
        let version = Version::from_raw(in_force.body.version.load(Ordering::Relaxed)).next();
        // Ordering: Relaxed. A hint.
        let slot = self.slots.inline_near(self.probably_free.load(Ordering::Relaxed));
        let (free, owned) = (State::FREE.bits(), State::OWNED.bits());
        // Ordering: as in `try_claim`.
        slot.head.state.compare_exchange(free, owned, Ordering::Acquire, Ordering::Relaxed).ok()?;
        Some(Claimed { owned: Owned { cell: self, slot }, expected, version })
    }

    /// Whether `word`, which [may be](Word::may_be_of) of `version` and in which the caller has armed, put `version` in force. If
    /// it was replaced since, the answer may be wrong, and the caller is woken. Slots that are not inline are not looked at: false.
    #[inline]
    pub(crate) fn is_version_of(&self, word: Word, version: Version) -> bool {
        match self.slots.inline_at(word.slot()) {
            // Ordering: Relaxed, as in `version_of`.
            Some(slot) => slot.body.version.load(Ordering::Relaxed) == version.raw(),
            None => word.slot() == 0 && version == Version::INITIAL,
        }
    }

    /// [`is_version_of`](Self::is_version_of) for slots that are not inline.
    pub(crate) fn is_version_of_elsewhere(&self, word: Word, version: Version) -> bool {
        // Ordering: Relaxed, as in `version_of`.
        self.slots.find(word.slot()).is_some_and(|slot| slot.body.version.load(Ordering::Relaxed) == version.raw())
    }

    /// [`pin_from`](Self::pin_from), if the slot that `word` put in force still is.
    #[inline]
    pub(crate) fn pin_at_once(&self, word: Word) -> PinnedAtOnce<'_, T> {
        let Some(slot) = self.slots.inline_at(word.slot()) else { return PinnedAtOnce::Untried };
        // Ordering: as in `pin_by`.
        let before = slot.head.readers.fetch_add(1, Ordering::SeqCst);
        handshake(Handshake::PinThenLook);
        // Ordering: as in `pin_by`.
        let again = self.word();
        if again.slot() == word.slot() && before < MAX_READERS {
            PinnedAtOnce::Pinned(Pinned { cell: self, slot }, again)
        } else {
            PinnedAtOnce::Counted(Counted { cell: self, slot })
        }
    }
}

/// A pin whose usual way calls nothing.
impl<T> Cell<T> {
    /// [`pin_with_word`](Self::pin_with_word). What is not the rule is left to functions that return in registers, so that a caller
    /// which inlines this has all of the pin in registers.
    #[inline(always)]
    pub(crate) fn pin_now(&self) -> Option<(Pinned<'_, T>, Word)> {
        let (index, word) = match self.pin_at_once(self.first_look()) {
            PinnedAtOnce::Pinned(pinned, word) => return Some((pinned, word)),
            // SAFETY: the guard is given up for this.
            PinnedAtOnce::Counted(counted) => unsafe { self.pin_after_count(counted.into_index()) },
            PinnedAtOnce::Untried => self.pin_step_by_step(),
        };
        // SAFETY: it was pinned there, and the guard was given up for this.
        (index != 0).then(|| (unsafe { Pinned::from_index(self, index) }, word))
    }

    /// Without the guard: the index of the slot that was pinned, or 0.
    #[cold]
    #[inline(never)]
    fn pin_step_by_step(&self) -> (usize, Word) {
        self.pin_with_word().map_or((0, Word::INITIAL), |(pinned, word)| (pinned.into_index(), word))
    }

    /// [`pin_step_by_step`](Self::pin_step_by_step) after a slot was counted in to that is not in force any more.
    ///
    /// # Safety
    ///
    /// As for [`Counted::from_index`].
    #[cold]
    #[inline(never)]
    unsafe fn pin_after_count(&self, index: usize) -> (usize, Word) {
        // SAFETY: the caller vouches for it.
        drop(unsafe { Counted::from_index(self, index) });
        self.pin_step_by_step()
    }
}

impl<T> Cell<T> {
    /// Empties the slot at `index`, which is that of a slot, if it is left to whoever comes by.
    pub(crate) fn reclaim_at(&self, index: usize) {
        let Some(slot) = self.slots.find(index) else { return };
        // Ordering: Acquire, partner: `leave_to_readers`. `count_out`, after which this comes, has decided by a SeqCst load that the slot
        // was left to us; here it only has to be known that what is seen was put out of force before, of a later life of the slot as
        // well: a reader that `reclaim` does not count looks at `current` after that. Weaker, it might find the slot in force.
        let state = State::from_bits(slot.head.state.load(Ordering::Acquire));
        if state.is_retired() {
            self.reclaim(slot, state);
        }
    }
}

/// What [`Cell::pin_at_once`] did.
pub(crate) enum PinnedAtOnce<'a, T> {
    /// The slot is pinned; with the word that puts it in force.
    Pinned(Pinned<'a, T>, Word),
    /// The slot is counted in to, and was not in force any more.
    Counted(Counted<'a, T>),
    /// Nothing was done.
    Untried,
}

impl<'a, T> Claimed<'a, T> {
    #[inline]
    pub(crate) fn fill(&mut self, data: T) {
        self.owned.fill(data);
    }

    /// [`Cell::publish`], if what was in force when the slot was claimed still is.
    #[inline]
    pub(crate) fn publish(self) -> Result<Published<'a, T>, Owned<'a, T>> {
        let Self { owned, expected, version } = self;
        match owned.cell.exchange_as(expected, version, owned.slot, |word| word) {
            Ok(()) => Ok(Published::new(version, owned, expected)),
            Err(_) => Err(owned),
        }
    }
}

impl<T> Pinned<'_, T> {
    /// Lets go. If this was the last reader of a slot that was replaced, gives its index: the slot is to be
    /// [reclaimed](Cell::reclaim_at).
    #[inline]
    pub(crate) fn count_out(self) -> Option<usize> {
        let Self { cell, slot } = *ManuallyDrop::new(self);
        // SAFETY: pinned, and the guard was given up for this.
        unsafe { cell.count_out(slot) }.map(|_| slot.head.index as usize)
    }
}

/// A slot that is counted in to, and whose data is not looked at. Dropped: counted out.
pub(crate) struct Counted<'a, T> {
    cell: &'a Cell<T>,
    slot: Slot<'a, T>,
}

impl<'a, T> Counted<'a, T> {
    #[inline]
    pub(crate) fn of(pinned: Pinned<'a, T>) -> Self {
        let Pinned { cell, slot } = *ManuallyDrop::new(pinned);
        Self { cell, slot }
    }

    /// The slot's index, still counted in to, without the guard.
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
    /// As for [`Pinned::from_index`].
    pub(crate) unsafe fn from_index(cell: &'a Cell<T>, index: usize) -> Self {
        // SAFETY: the caller vouches that the index is that of a slot.
        Self { cell, slot: unsafe { cell.slots.get(index) } }
    }
}

impl<T> Drop for Counted<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `pin_at_once` counted in to this slot of this cell, and this guard is the only one that counts out.
        unsafe { self.cell.unpin(self.slot) };
    }
}
