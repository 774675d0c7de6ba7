//! Moving the data out of a slot, for its last reader.

use super::slot::State;
use super::{Owned, Pinned};
use crate::sync::atomic::Ordering;

impl<T> Pinned<'_, T> {
    /// Takes the data out if it was replaced and nobody else reads it. Hands the pin back otherwise.
    ///
    /// This is `Cell::reclaim` by a reader that still counts: nobody else reclaims meanwhile.
    pub(crate) fn try_take(self) -> Result<Option<T>, Self> {
        let head = self.slot.head;
        // Ordering: Acquire, partner: the store of RETIRED in `leave_to_readers`. From here on the slot is known to be out of
        // force, so a reader that is not counted yet will not look at the data. A state that is outdated costs nothing: the pin is
        // handed back, and `count_out` looks again.
        let state = State::from_bits(head.state.load(Ordering::Acquire));
        // Ordering: SeqCst, partner: the increment in `pin`, which came before the slot was replaced: as in `reclaim`. As an
        // Acquire, partner of the decrement in `unpin`: the reads of those who have counted out come before.
        if !state.is_retired() || self.cell.readers_of(self.slot) != 1 {
            return Err(self);
        }
        let slot = self.cell.slots.main_of(self.slot).unwrap_or(self.slot);
        let owned = State::OWNED.bits();
        // Ordering: Relaxed, as in `reclaim`. It does not fail while this pin counts.
        if slot.head.state.compare_exchange(state.bits(), owned, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Err(self);
        }
        let mut owned = Owned { cell: self.cell, slot };
        self.cell.reset_shards(slot);
        // The slot is OWNED, so counting out does not reclaim it.
        drop(self);
        Ok(owned.take())
    }

    /// Takes the data out, even if it is in force.
    ///
    /// # Safety
    ///
    /// Nobody else has access to the cell, or ever will.
    pub(crate) unsafe fn take_from_unshared(self) -> Option<T> {
        // SAFETY: the caller vouches that nobody else looks at the data.
        unsafe { self.slot.body.take() }
    }
}
