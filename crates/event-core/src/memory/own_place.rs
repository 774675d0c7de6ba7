//! A watcher's place in the waker list of its value.

use core::task::Waker;

use super::shared::SharedRef;
use crate::cell::Word;
use crate::sync::{Handshake, is_kept};
use crate::version::Version;
use crate::wakers::{BELOW, Place, PlaceId};

/// A place, borrowed together with the value whose waker list it is of. Two pointers, which fit two registers.
pub(super) struct OwnPlace<'a, T> {
    shared: SharedRef<'a, T>,
    place: &'a mut Place,
}

impl<'a, T> OwnPlace<'a, T> {
    /// # Safety
    ///
    /// `place` was claimed from `shared.wakers`.
    #[inline]
    pub(super) unsafe fn new(shared: SharedRef<'a, T>, place: &'a mut Place) -> Self {
        Self { shared, place }
    }

    #[inline]
    pub(super) fn shared(&self) -> SharedRef<'a, T> {
        self.shared
    }

    #[inline]
    pub(super) fn id(&self) -> PlaceId {
        self.place.id()
    }

    /// The watcher here has looked at `version`, which came with `word`.
    #[inline]
    pub(super) fn saw(&self, version: Version, word: Word) {
        if word.is_awaited() {
            self.shared.get().watcher_saw(self.place.id(), version);
        }
    }

    /// Sees to it that the next publication, or the close, wakes `waker`, if what `word` put in force, and did not close, is
    /// in force. Says what is, otherwise.
    ///
    /// Clones `waker` if it is not the one of last time. That, and the drop of the old one, is user code.
    pub(super) fn arm(&mut self, waker: &Waker, word: Word) -> Result<(), Word> {
        let shared = self.shared.get();
        // SAFETY: `new` was told that the place is from these wakers.
        let (prepared, root_changed) = unsafe { shared.wakers.prepare(self.place, waker, &shared.cell, shared) };
        // What was loaded before says nothing about the bits that were set or cleared since.
        let mut now = if prepared.bit() == BELOW || root_changed { shared.cell.first_look() } else { word };
        while now.is_of(word) {
            if now.armed() & prepared.bit() != 0 {
                return Ok(());
            }
            match shared.cell.arm(now, prepared.bit()) {
                Ok(()) => {
                    prepared.was_set();
                    return Ok(());
                }
                Err(found) => now = found,
            }
        }
        Err(now)
    }

    /// [`arm`](Self::arm), tried once, for a place that has a bit of its own in the root; false for others.
    #[inline]
    pub(super) fn arm_at_once(&self, waker: &Waker, word: Word) -> bool {
        let shared = self.shared.get();
        // SAFETY: `new` was told that the place is from these wakers.
        let Some(prepared) = (unsafe { shared.wakers.prepare_at_once(self.place, waker) }) else { return false };
        if word.armed() & prepared.bit() == 0 {
            if shared.cell.arm(word, prepared.bit()).is_err() {
                return false;
            }
            prepared.was_set();
        }
        true
    }

    /// [`arm`](Self::arm), tried once, for a place that has none.
    #[inline]
    pub(super) fn arm_below_at_once(&self, waker: &Waker, word: Word) -> bool {
        let shared = self.shared.get();
        // SAFETY: `new` was told that the place is from these wakers.
        if !unsafe { shared.wakers.prepare_below_at_once(self.place, waker) } {
            return false;
        }
        // Whoever publishes after this look finds the bits below the root.
        let now = if is_kept(Handshake::LeadThenLook) { shared.cell.first_look() } else { word };
        now.is_of(word) && (now.armed() & BELOW != 0 || shared.cell.arm(now, BELOW).is_ok())
    }

    /// Whether the place has no bit of its own in the root.
    #[inline]
    pub(super) fn is_below(&self) -> bool {
        // SAFETY: `new` was told that the place is from these wakers.
        unsafe { self.shared.get().wakers.is_below(self.place) }
    }
}
