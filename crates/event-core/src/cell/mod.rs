//! The versioned cell: the newest data, readable and replaceable by any number of threads without waiting.
//!
//! # Roles
//!
//! *Slots* hold data. One word, `current`, names the slot in force, with a tag taken from its version. A *writer*
//! claims a free slot, fills it and puts it in force. A *reader* pins the slot in force; while it is pinned its data
//! stays. Whoever is the last to have a claim on a replaced slot - the writer or a reader - empties and frees it.
//!
//! # Reader
//!
//! [`pin`](Cell::pin): load `current`; count in to that slot's `readers`; load `current` again. Same slot: it is
//! pinned. Another one: count out and go round. [`unpin`](Cell::unpin): count out; if nobody is left and the slot is
//! `RETIRED`, reclaim it.
//!
//! # Writer
//!
//! [`claim`](Cell::claim): change a slot from `FREE` to `OWNED`. Fill it. [`publish`](Cell::publish): change `current`
//! with a compare-and-swap. [`retire`](Cell::retire) the slot that was in force: if nobody reads it, empty and free it.
//! Else mark it `RETIRED`, look at `readers` once more, and if they have gone, reclaim it.
//!
//! # Those who wait
//!
//! The word also has the root of the [waker list](crate::wakers): who is to be woken by the next publication. A watcher sets its bit
//! with a compare-and-swap, [`arm`](Cell::arm), that fails if anything was published since the watcher looked; the
//! publication takes the bits with its own. So neither has to look again.
//!
//! # Collision
//!
//! *Reader and writer.* The reader counts, then looks at `current`; the writer changes `current`, then looks at the
//! count. All four are `SeqCst`, so one of the two sees the other: the reader goes round, or the writer leaves the
//! slot to the reader. The same holds between `RETIRED` and the last reader's leaving: one of the two sees that it has
//! to reclaim, and if both do, one wins the change from `RETIRED` to `OWNED`.
//!
//! *Writer and writer.* They fill different slots. The one whose compare-and-swap fails tries again, after the other. A writer that
//! is the only one, [`Sole`], knows what is in force without a look, and its exchange cannot fail.
//!
//! *Writer and watcher.* A watcher that is armed makes a writer's compare-and-swap fail as well. What the writer found is of the
//! same publication then ([`Word::is_of`]), and it tries again with that.
//!
//! # ABA and overflow
//!
//! `current` carries a tag, so a compare-and-swap fails unless it expects the very publication that is in force. The
//! tag has 38 bits (17 on 32-bit targets): a writer would have to sleep between two of its instructions for exactly a
//! multiple of that many publications to be deceived, and an `update`, which pins what it expects, never is. A watcher
//! that was armed compares the whole version afterwards. A reader
//! that finds "the same slot" may be looking at a later life of it: that is as good, it counted in before.
//! `RETIRED` carries the version, so a reclaimer that comes late, from an earlier life of the slot, fails; without
//! that the exhaustive search finds data dropped under a reader.
//!
//! # Reclamation
//!
//! `readers` was seen at 0 *after* the slot had gone out of force (fast path) or after it was seen `RETIRED` with this
//! very version: nobody reads it and nobody will, because to pin means to find it in force after counting in. A guard
//! frees the slot even if the data's `Drop` panics.
//!
//! # Progress
//!
//! Reading and writing are lock-free: a reader goes round only if a writer published, a writer only if another one
//! did or a watcher was armed. No step waits for somebody else's: a writer, or a load, that was overtaken [pauses](contention)
//! for a fixed time. If there is no free slot, a writer adds some, which allocates.

mod at_once;
mod contention;
mod owned;
mod pinned;
mod shards;
mod slot;
mod slots;
mod sole;
mod take;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle, feature = "portable-atomic"))))]
mod tests;
mod word;

pub(crate) use at_once::{Counted, PinnedAtOnce};
pub(crate) use contention::give_way;
pub(crate) use owned::{Owned, Published};
pub(crate) use pinned::{Pinned, cloned_and_unpinned, loaded};
pub(crate) use sole::{Sole, SolePublished, SoleReplaced};
pub(crate) use word::Word;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Handshake, first_look, handshake, is_kept};
use crate::version::Version;
use crate::wakers::{Root, clear_bit};
use contention::pause;
use pinned::too_many_readers;
use slot::{MAX_READERS, Slot, State};
pub(crate) use slots::LentSlots;
use slots::Slots;

/// In this order: on 64-bit targets the word, the hint and the heads of the inline slots are 64 bytes.
#[repr(C)]
pub(crate) struct Cell<T> {
    current: AtomicUsize,
    /// The 0-based place of a slot that is probably free. Only a hint: a wrong one costs a search.
    probably_free: AtomicUsize,
    slots: Slots<T>,
}

/// A scan can miss a slot that is freed behind it while another writer takes the one ahead of it. After `reserve` that must
/// not make the cell grow; and when there really is none, a few scans more are nothing beside the growth.
const SCANS_BEFORE_GROWTH: usize = 8;

impl<T> Cell<T> {
    const_unless_loom! {
        /// If its slots are lent, it never has more than those that it is [lent](Self::lend) in the beginning.
        pub(crate) fn new(is_lent: bool) -> Self {
            Self {
                current: AtomicUsize::new(Word::INITIAL.bits()),
                probably_free: AtomicUsize::new(0),
                slots: Slots::new(is_lent),
            }
        }
    }

    /// Lends it slots. May be done again.
    pub(crate) fn lend<const COUNT: usize>(&self, slots: &'static LentSlots<T, COUNT>) {
        slots.lend(&self.slots);
    }

    /// A cell whose readers count themselves in at `shards` places, at least 1 and at most 256.
    #[cfg(feature = "alloc")]
    pub(crate) fn with_shards(shards: usize) -> Self {
        let mut this = Self::new(false);
        this.slots = Slots::with_shards(shards.clamp(1, shards::MAX_SHARDS));
        this
    }

    /// What is in force now.
    #[inline]
    pub(crate) fn word(&self) -> Word {
        // Ordering: SeqCst, partner: `exchange_as` and `close`. Second half of `PinThenLook`, and of `ArmThenLook` for who waits for
        // the end; weaker, it could go to sleep on an outdated word.
        Word::from_bits(self.current.load(Ordering::SeqCst))
    }

    /// The version of what `word` put in force. If that has been replaced meanwhile, any version: that of a publication which
    /// may never come, greater or smaller. So a caller that has not pinned the slot asks [`Word::may_be_of`] first.
    #[inline]
    pub(crate) fn version_of(&self, word: Word) -> Version {
        match word.slot() {
            0 => Version::INITIAL,
            index => {
                // SAFETY: a word that was in force names an existing slot.
                let slot = unsafe { self.slots.get(index) };
                // Ordering: Relaxed. The version was stored before `word` was published, and `word` was loaded with at
                // least Acquire: this load reads that store or one of a later life of the slot.
                Version::from_raw(slot.body.version.load(Ordering::Relaxed))
            }
        }
    }

    /// The index of the slot in force, or 0, for somebody who has pinned a slot and asks whether that still is.
    ///
    /// Coherence makes it as new as what the caller knows to have happened. It is not part of the total order of `SeqCst`
    /// operations: of two threads that each publish in one cell and then ask about the other cell, neither may see the other.
    #[inline]
    pub(crate) fn slot_in_force(&self) -> usize {
        // Ordering: Relaxed. Nothing is read through the answer: the same slot as the one that is pinned is visible since it was
        // pinned, another one has to be pinned first. Stronger, a compiler cannot keep in registers what the caller compares.
        Word::from_bits(self.current.load(Ordering::Relaxed)).slot()
    }

    /// What is in force now, to be tried with an exchange or a pin.
    #[inline]
    pub(crate) fn first_look(&self) -> Word {
        // Ordering: SeqCst, partner: `exchange_as`, of other values as well: what limits.md says of the order between values. In a
        // watcher whose place is in a new directory, second half of `PlaceThenLook`; weaker, a setter could overlook the directory, and
        // the watcher what was set. As an Acquire it makes the version visible.
        Word::from_bits(first_look(&self.current, Ordering::SeqCst))
    }

    /// Pins the slot in force, unless nothing was ever published.
    #[inline]
    pub(crate) fn pin(&self) -> Option<Pinned<'_, T>> {
        self.pin_with_word().map(|(pinned, _)| pinned)
    }

    /// [`pin`](Self::pin), with the word that put the slot in force. While the slot is pinned, no other publication can have
    /// that word.
    #[inline]
    pub(crate) fn pin_with_word(&self) -> Option<(Pinned<'_, T>, Word)> {
        self.pin_from(self.first_look())
    }

    /// [`pin_with_word`](Self::pin_with_word), beginning with what was in force a moment ago.
    #[inline]
    pub(crate) fn pin_from(&self, word: Word) -> Option<(Pinned<'_, T>, Word)> {
        // SAFETY: a word that was in force names an existing slot.
        self.pin_by(word, |index| unsafe { self.slots.get_to_read(index) })
    }

    /// [`pin`](Self::pin) at the main head: the index of the slot is that in the word.
    pub(crate) fn pin_at_main(&self) -> Option<Pinned<'_, T>> {
        // SAFETY: as above.
        self.pin_by(self.first_look(), |index| unsafe { self.slots.get(index) }).map(|(pinned, _)| pinned)
    }

    #[inline]
    fn pin_by<'a>(&'a self, mut word: Word, get: impl Fn(usize) -> Slot<'a, T>) -> Option<(Pinned<'a, T>, Word)> {
        loop {
            if word.slot() == 0 {
                return None;
            }
            let slot = get(word.slot());
            // Ordering: SeqCst, partner: the load of `readers` in `is_read`. First half of `PinThenLook`; weaker, a
            // writer could overlook this reader and empty the slot under it.
            let before = slot.head.readers.fetch_add(1, Ordering::SeqCst);
            handshake(Handshake::PinThenLook);
            // Ordering: SeqCst, partner: the compare-and-swap in `exchange_as`. Second half of `PinThenLook`, and the
            // Acquire that makes the data visible.
            let again = self.word();
            if again.slot() == word.slot() && before < MAX_READERS {
                return Some((Pinned { cell: self, slot }, again));
            }
            // SAFETY: counted in above, and the data was not looked at.
            unsafe { self.unpin(slot) };
            if before >= MAX_READERS {
                too_many_readers();
            }
            word = again;
        }
    }

    /// Lets go of a slot.
    ///
    /// # Safety
    ///
    /// 1. `slot` belongs to this cell.
    /// 2. The caller has counted itself in to its `readers`, and counts itself out here only.
    /// 3. It does not look at the data afterwards.
    #[inline]
    unsafe fn unpin(&self, slot: Slot<'_, T>) {
        // SAFETY: the caller vouches for it.
        if let Some(retired) = unsafe { self.count_out(slot) } {
            self.reclaim(slot, retired);
        }
    }

    /// The first part of [`unpin`](Self::unpin): counts out. Gives the slot's state if it is left to the caller to reclaim it.
    ///
    /// # Safety
    ///
    /// As for `unpin`.
    #[inline]
    unsafe fn count_out(&self, slot: Slot<'_, T>) -> Option<State> {
        // Ordering: SeqCst, partner: the load of `readers` in `reclaim` (first half of `UnpinThenLook`) and, as a
        // Release, every load of `readers` that comes before the slot is emptied: our reads happen before that.
        if slot.head.readers.fetch_sub(1, Ordering::SeqCst) != 1 {
            return None;
        }
        handshake(Handshake::UnpinThenLook);
        // Ordering: SeqCst, partner: the store of RETIRED in `leave_to_readers`. Second half of `UnpinThenLook`; weaker,
        // both sides could believe that the other one reclaims, and the data would stay until the cell goes.
        let state = State::from_bits(slot.head.state.load(Ordering::SeqCst));
        state.is_retired().then_some(state)
    }

    /// Empties a slot that was seen in the state `retired`, if nobody reads it and nobody else does it.
    #[cold]
    #[inline(never)]
    fn reclaim(&self, slot: Slot<'_, T>, retired: State) {
        // In the callers, this is the second half of `RetireThenCount` or comes after it.
        if self.readers_of(slot) != 0 {
            return;
        }
        let slot = self.slots.main_of(slot).unwrap_or(slot);
        let owned = State::OWNED.bits();
        // Ordering: Relaxed, both. It only decides who reclaims. What was done in this life of the slot is known from the load that
        // found `retired`, an Acquire, and from the one above; the next life begins with the Release in `Owned::drop`. If it fails,
        // someone else reclaimed, and nothing is touched.
        if slot.head.state.compare_exchange(retired.bits(), owned, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.reset_shards(slot);
            drop(Owned { cell: self, slot });
        }
    }

    /// [`reclaim`](Self::reclaim) by a reader that was overtaken, and a pause.
    #[cold]
    #[inline(never)]
    fn reclaim_and_pause(&self, slot: Slot<'_, T>, retired: State) {
        self.reclaim(slot, retired);
        pause();
    }

    /// Takes a free slot; adds slots if there is none.
    ///
    /// # Panics
    ///
    /// If there can be no more.
    #[inline]
    pub(crate) fn claim(&self) -> Owned<'_, T> {
        self.claim_or_full().unwrap_or_else(|| no_slot_left())
    }

    /// [`claim`](Self::claim); `None` if there can be no more slots.
    #[inline]
    pub(crate) fn claim_or_full(&self) -> Option<Owned<'_, T>> {
        // Ordering: Relaxed. A hint.
        let near = self.slots.inline_near(self.probably_free.load(Ordering::Relaxed));
        let slot = if Self::try_claim(near) { near } else { self.claim_any()? };
        Some(Owned { cell: self, slot })
    }

    /// A slot that was free and is owned now. `None` if there can be no more slots.
    #[cold]
    #[inline(never)]
    fn claim_any(&self) -> Option<Slot<'_, T>> {
        // Ordering: Relaxed. A hint.
        let hint = self.slots.find(self.probably_free.load(Ordering::Relaxed) + 1);
        if let Some(slot) = hint.filter(|&slot| Self::try_claim(slot)) {
            return Some(slot);
        }
        loop {
            // Ordering: Relaxed, both. A slot that is freed behind a scan while another writer takes the one ahead: if that writer is an
            // interrupt handler, it has published before this goes on.
            let before = self.current.load(Ordering::Relaxed);
            for _ in 0..SCANS_BEFORE_GROWTH {
                if let Some(slot) = self.slots.iter().find(|&slot| Self::try_claim(slot)) {
                    // Ordering: Relaxed. A hint: after this slot there is often another free one.
                    self.probably_free.store(slot.head.index as usize, Ordering::Relaxed);
                    return Some(slot);
                }
            }
            if !self.slots.grow() && self.current.load(Ordering::Relaxed) == before {
                return None;
            }
        }
    }

    /// Changes a slot from free to owned, if it is free.
    #[inline]
    fn try_claim(slot: Slot<'_, T>) -> bool {
        let (free, owned) = (State::FREE.bits(), State::OWNED.bits());
        // Ordering: Acquire, partner: the store of FREE in `Owned::drop`. Weaker, our writes could pass the emptying of the
        // slot's earlier life. Relaxed on failure and for the glance that spares a full bus transaction.
        slot.head.state.load(Ordering::Relaxed) == free
            && slot.head.state.compare_exchange(free, owned, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Puts `owned` in force after whatever is in force now. Gives it back if the cell is closed.
    #[inline]
    pub(crate) fn publish<'a>(&'a self, owned: Owned<'a, T>) -> Result<Published<'a, T>, Owned<'a, T>> {
        self.publish_as(owned, |word| word)
    }

    /// [`publish`](Self::publish), and from here on the words are [awaited](Word::is_awaited).
    #[cfg(feature = "alloc")]
    pub(crate) fn publish_awaited<'a>(&'a self, owned: Owned<'a, T>) -> Result<Published<'a, T>, Owned<'a, T>> {
        self.publish_as(owned, Word::awaited)
    }

    #[inline]
    fn publish_as<'a>(
        &'a self,
        owned: Owned<'a, T>,
        mark: impl Fn(Word) -> Word,
    ) -> Result<Published<'a, T>, Owned<'a, T>> {
        let slot = owned.slot;
        let mut expected = self.first_look();
        while !expected.is_closed() {
            match self.exchange(expected, slot, &mark) {
                Ok(version) => return Ok(Published::new(version, owned, expected)),
                // A watcher was armed or a `set_sync` has ended, and that is all.
                Err(now) if now.is_of(expected) => expected = now,
                Err(_) => {
                    pause();
                    expected = self.first_look();
                }
            }
        }
        Err(owned)
    }

    /// [`publish`](Self::publish) of a slot whose first exchange has failed.
    pub(crate) fn publish_again<'a>(&'a self, owned: Owned<'a, T>) -> Result<Published<'a, T>, Owned<'a, T>> {
        // Ordering: Relaxed. Ours, while the slot is owned.
        let tried = owned.slot.body.version.load(Ordering::Relaxed);
        // Not if the exchange failed because a watcher was armed.
        if self.version_of(self.word()).next().raw() != tried {
            pause();
        }
        self.publish(owned)
    }

    /// From here on the words are not [awaited](Word::is_awaited).
    #[cfg(feature = "alloc")]
    pub(crate) fn stop_awaiting(&self) {
        // Ordering: Relaxed. Nothing is told by this: a watcher that still finds the bit asks whether it is awaited.
        self.current.fetch_and(!Word::AWAITED, Ordering::Relaxed);
    }

    /// Puts `owned` in force if the publication of `expected` is in force and open. Gives it back, with what was found,
    /// otherwise.
    ///
    /// The caller has pinned the slot that `expected` put in force, if any, so no other publication can have that word.
    #[inline]
    pub(crate) fn publish_over<'a>(
        &'a self,
        mut expected: Word,
        owned: Owned<'a, T>,
    ) -> Result<Published<'a, T>, (Word, Owned<'a, T>)> {
        while !expected.is_closed() {
            match self.exchange(expected, owned.slot, |word| word) {
                Ok(version) => return Ok(Published::new(version, owned, expected)),
                // A watcher was armed or a `set_sync` has ended, and that is all.
                Err(now) if now.is_of(expected) => expected = now,
                Err(now) => return Err((now, owned)),
            }
        }
        Err((expected, owned))
    }

    /// [`publish_over`](Self::publish_over) that takes no armed bits: they stay for the next publication. Nobody is to be woken.
    ///
    /// The exchange is one more read-modify-write between `arm` and the one that takes the bits, so the latter still acquires what
    /// came before the former.
    pub(crate) fn publish_quietly_over<'a>(
        &'a self,
        mut expected: Word,
        owned: Owned<'a, T>,
    ) -> Result<Published<'a, T>, (Word, Owned<'a, T>)> {
        while !expected.is_closed() {
            let armed = expected.armed();
            match self.exchange(expected, owned.slot, |word| word.arming(armed)) {
                Ok(version) => return Ok(Published::new(version, owned, expected.disarmed())),
                Err(now) if now.is_of(expected) => expected = now,
                Err(now) => return Err((now, owned)),
            }
        }
        Err((expected, owned))
    }

    /// Puts an owned slot in force if `expected`, which is open, is in force. Says what is, otherwise.
    #[inline]
    fn exchange(&self, expected: Word, slot: Slot<'_, T>, mark: impl Fn(Word) -> Word) -> Result<Version, Word> {
        let version = self.version_of(expected).next();
        self.exchange_as(expected, version, slot, mark).map(|()| version)
    }

    /// [`exchange`](Self::exchange), with the version that comes after that of `expected`.
    #[inline]
    fn exchange_as(
        &self,
        expected: Word,
        version: Version,
        slot: Slot<'_, T>,
        mark: impl Fn(Word) -> Word,
    ) -> Result<(), Word> {
        // Ordering: Relaxed. The compare-and-swap below releases it.
        slot.body.version.store(version.raw(), Ordering::Relaxed);
        let word = mark(expected.followed_by(version, slot.head.index as usize));
        // Ordering: SeqCst, partners: the loads in `word`. First half of `PublishThenCount`, and the Release that makes data and
        // version visible; an Acquire, partner: `arm`, which brings the wakers along. Acquire on failure, partner: itself: what
        // was found is of a publication, whose version is looked at. It is newer than what was expected, so nobody who published or
        // closed was overlooked, which is what SeqCst would be for.
        match self.current.compare_exchange(expected.bits(), word.bits(), Ordering::SeqCst, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(now) => Err(Word::from_bits(now)),
        }
    }

    /// Lets no publication succeed any more. Gives the word that this took the place of, with those who are to be woken;
    /// nothing if it was closed before.
    pub(crate) fn close(&self) -> Option<Word> {
        let mut word = self.first_look();
        while !word.is_closed() {
            // Ordering: SeqCst, partners: `arm`, which brings the wakers along, and the load in `word`: first half of
            // `PublishThenWake` for who waits for the end. Relaxed on failure: what was found is tried next, and nothing is read
            // through it.
            let closed = word.closed().bits();
            match self.current.compare_exchange(word.bits(), closed, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return Some(word),
                Err(now) => word = Word::from_bits(now),
            }
        }
        None
    }

    /// Sets bits of the waker list's root, if `word`, which is open, is in force. Whoever publishes next finds them. Says
    /// what is in force, otherwise.
    #[inline]
    pub(crate) fn arm(&self, word: Word, bits: usize) -> Result<(), Word> {
        let armed = word.arming(bits).bits();
        if !is_kept(Handshake::ArmInWord) {
            // Ordering: as below. What a mutation test does instead, to see that it is wrong.
            self.current.fetch_or(Word::armed_bits(bits), Ordering::AcqRel);
            return Ok(());
        }
        // Ordering: AcqRel, partners: `exchange_as` and `close`. Release: it brings the waker to whoever takes the bits. Acquire
        // on failure: the word found may be that of a publication, whose version is looked at.
        match self.current.compare_exchange(word.bits(), armed, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(now) => Err(Word::from_bits(now)),
        }
    }

    /// Gives up the slot that `replaced` had put in force, on behalf of the writer that replaced it with `by`, if nobody reads
    /// it. Gives it back, otherwise.
    #[inline]
    fn retire(&self, replaced: Word) -> Result<(), Slot<'_, T>> {
        if replaced.slot() == 0 {
            return Ok(());
        }
        // SAFETY: a word that was in force names an existing slot.
        let slot = unsafe { self.slots.get(replaced.slot()) };
        if Self::is_read(slot) {
            return Err(slot);
        }
        drop(Owned { cell: self, slot });
        Ok(())
    }

    /// Whether a slot that the caller has just replaced is read. If not, it never will be again.
    #[inline]
    fn is_read(slot: Slot<'_, T>) -> bool {
        handshake(Handshake::PublishThenCount);
        // Ordering: SeqCst, partner: the increment in `pin`. Second half of `PublishThenCount`. As an Acquire, partner of the
        // decrement in `unpin`.
        slot.head.readers.load(Ordering::SeqCst) != 0
    }

    /// Leaves the slot that was replaced by the one at `by`, with `version`, to its readers. Hands `version` back, so that this can
    /// be the last thing that a function does.
    #[cold]
    #[inline(never)]
    fn leave_to_readers(&self, slot: Slot<'_, T>, by: u32, version: Version) -> Version {
        // Ordering: Relaxed. We replaced this slot, so we know its version.
        let retired = State::retired(Version::from_raw(slot.body.version.load(Ordering::Relaxed)));
        // Ordering: Relaxed. A hint: this slot will not be free soon, perhaps the one after that in force is.
        self.probably_free.store(by as usize, Ordering::Relaxed);
        // Ordering: SeqCst, partner: the load of `state` in `count_out`. First half of `RetireThenCount`, and the Release that
        // lets the reclaimer, partners `reclaim_at` and `try_take` as well, know that the slot is out of force.
        slot.head.state.store(retired.bits(), Ordering::SeqCst);
        self.retire_shards(slot, retired);
        handshake(Handshake::RetireThenCount);
        self.reclaim(slot, retired);
        version
    }

    /// Makes sure that `readers` versions can be pinned, beside the one in force, while `writers` slots are being filled or are
    /// pinned by an edit, without any allocation. Says whether there is that much room.
    pub(crate) fn reserve(&self, readers: usize, writers: usize) -> bool {
        self.slots.reserve_usable(readers.saturating_add(writers).saturating_add(1))
    }
}

#[cold]
#[inline(never)]
pub(crate) fn no_slot_left() -> ! {
    panic!(
        "the `Space` of a value has no slot left for what is set: BORROWS has to be larger, or fewer replaced versions be borrowed at the \
         same time"
    )
}

#[cfg(test)]
impl<T> Cell<T> {
    /// How many slots there are.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }
}

/// The bits of those who wait for the next publication.
impl<T> Root for Cell<T> {
    fn disarm(&self, bit: usize) -> bool {
        clear_bit(&self.current, Word::armed_bits(bit))
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
impl<T> Cell<T> {
    /// Makes what is in force, which nobody reads, the publication of `version`.
    pub(crate) fn skip_to(&self, version: Version) {
        let word = self.word();
        // SAFETY: a word that was in force names an existing slot.
        let slot = unsafe { self.slots.get(word.slot()) };
        // Ordering: Relaxed, both. One thread.
        slot.body.version.store(version.raw(), Ordering::Relaxed);
        self.current.store(word.with_version(version).bits(), Ordering::Relaxed);
    }
}
