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

use core::mem;
use core::ptr::NonNull;

use super::owned::{Owned, Published};
use super::slot::{Body, Head, Slot};
use super::{Cell, Word};
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, is_kept};
use crate::version::Version;

/// What the only producer of a cell knows. It changes as little as can be with each publication: an exchange waits for the stores
/// before it.
pub(crate) struct Sole<T> {
    /// The slot in force, if there is one, at place `current`; at the other place one that this owns and fills next. There is
    /// none if the cell is closed.
    slots: [Option<Kept<T>>; 2],
    /// 0 or 1.
    current: usize,
    is_closed: bool,
    /// Whether the word may be [awaited](Word::is_awaited).
    may_be_awaited: bool,
}

/// A slot of the cell, without the lifetime.
struct Kept<T> {
    head: NonNull<Head>,
    body: NonNull<Body<T>>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kept<T> {}

// SAFETY: like `&Slot<T>`.
unsafe impl<T: Send + Sync> Send for Kept<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Kept<T> {}

impl<T> Kept<T> {
    fn of(slot: Slot<'_, T>) -> Self {
        Self { head: NonNull::from(slot.head), body: NonNull::from(slot.body) }
    }

    /// # Safety
    ///
    /// It is a slot of `cell`.
    #[inline]
    unsafe fn slot(self, _cell: &Cell<T>) -> Slot<'_, T> {
        // SAFETY: slots never move, and live as long as their cell.
        let head = unsafe { self.head.as_ref() };
        // SAFETY: as above.
        let body = unsafe { self.body.as_ref() };
        Slot { head, body }
    }

    /// Fills the slot and puts it in force as `version`, awaited if `mark` is. Returns the word that was in force before.
    ///
    /// # Safety
    ///
    /// It is a slot of `cell`, owned by the only producer, and has no data that needs to be dropped.
    #[inline]
    unsafe fn publish(self, cell: &Cell<T>, data: T, mark: Word, version: Version) -> Word {
        // SAFETY: the caller vouches for it.
        let slot = unsafe { self.slot(cell) };
        // SAFETY: owned.
        unsafe { slot.body.write(Some(data)) };
        // Ordering: Relaxed. The exchange below releases it.
        slot.body.version.store(version.raw(), Ordering::Relaxed);
        let word = mark.followed_by(version, slot.head.index as usize);
        if !is_kept(Handshake::TakeInWord) {
            // Ordering: as below. What a mutation test does instead, to see that it is wrong.
            let taken = cell.current.load(Ordering::SeqCst);
            cell.current.store(word.bits(), Ordering::SeqCst);
            return Word::from_bits(taken);
        }
        // Ordering: SeqCst, partners: the loads in `word`. As in `exchange_as`: first half of `PublishThenCount`, the Release
        // that makes data and version visible, and the Acquire that brings the wakers along, partner `arm`.
        Word::from_bits(cell.current.swap(word.bits(), Ordering::SeqCst))
    }
}

/// Every `cell` below is the one that it was made of.
impl<T> Sole<T> {
    /// For the only producer of `cell`: from here on nobody else publishes or closes, until this is [released](Self::release) or
    /// dropped. Everything that others have published or closed happened before.
    pub(crate) fn of(cell: &Cell<T>) -> Self {
        let word = cell.word();
        let current = cell.slots.find(word.slot()).map(Kept::of);
        Self { slots: [current, None], current: 0, is_closed: word.is_closed(), may_be_awaited: word.is_awaited() }
    }

    /// Gives back what it owns.
    ///
    /// # Safety
    ///
    /// `cell` is the one that this was made of.
    pub(crate) unsafe fn release(&mut self, cell: &Cell<T>) {
        if let Some(next) = self.slots[1 - self.current].take() {
            // SAFETY: a slot of this cell, see the caller.
            let slot = unsafe { next.slot(cell) };
            // It was owned, and is not kept any more.
            drop(Owned { cell, slot });
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The producer closes the cell.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release).
    pub(crate) unsafe fn close(&mut self, cell: &Cell<T>) {
        self.is_closed = true;
        // SAFETY: the caller vouches for it.
        unsafe { self.release(cell) };
    }

    /// The slot in force.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release).
    #[inline]
    unsafe fn in_force<'a>(&'a self, cell: &'a Cell<T>) -> Option<Slot<'a, T>> {
        // SAFETY: a slot of this cell, see the caller.
        self.slots[self.current & 1].map(|slot| unsafe { slot.slot(cell) })
    }

    /// The version in force.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release).
    #[inline]
    pub(crate) unsafe fn version(&self, cell: &Cell<T>) -> Version {
        // SAFETY: the caller vouches for it.
        let slot = unsafe { self.in_force(cell) };
        // Ordering: Relaxed. Only this producer writes it.
        slot.map_or(Version::INITIAL, |slot| Version::from_raw(slot.body.version.load(Ordering::Relaxed)))
    }

    /// The data in force; `None` after `clear`, and before anything was published.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release).
    #[inline]
    pub(crate) unsafe fn data<'a>(&'a self, cell: &'a Cell<T>) -> Option<&'a T> {
        // SAFETY: the caller vouches for it.
        let slot = unsafe { self.in_force(cell) }?;
        // SAFETY: it is in force, and stays so while `self` is borrowed: replacing it takes `&mut self`.
        unsafe { slot.body.data() }
    }

    /// Whether [`publish_at_once`](Self::publish_at_once) can be used, which is the rule. If so, the cell is open.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        let [first, second] = self.slots;
        first.is_some() && second.is_some() && !self.may_be_awaited
    }

    /// [`publish`](Self::publish), with everything unusual left out.
    ///
    /// # Safety
    ///
    /// 1. As for [`release`](Self::release).
    /// 2. It [is ready](Self::is_ready).
    #[inline]
    pub(crate) unsafe fn publish_at_once<'a>(&mut self, cell: &'a Cell<T>, data: T) -> SolePublished<'a, T> {
        let (from, to) = (self.current & 1, (self.current & 1) ^ 1);
        // SAFETY: both are there, see the caller.
        let replaced = unsafe { self.slots[from].unwrap_unchecked() };
        // SAFETY: as above.
        let next = unsafe { self.slots[to].unwrap_unchecked() };
        // SAFETY: slots of this cell, see the caller.
        let slot = unsafe { replaced.slot(cell) };
        // Ordering: Relaxed, as in `version`.
        let version = Version::from_raw(slot.body.version.load(Ordering::Relaxed)).next();
        // SAFETY: `next` is a slot of this cell, which is owned: the other place than that of the slot in force.
        let taken = unsafe { next.publish(cell, data, Word::INITIAL, version) };
        self.current = to;
        SolePublished { cell, version, taken, replaced: Some(replaced) }
    }

    /// Puts data in force, in the next slot or in one that was free. The cell is open. The duties of a publication are left to
    /// [`recycle`](Self::recycle). Hands the data back if there is no slot and can be no more.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release).
    pub(crate) unsafe fn publish<'a>(&mut self, cell: &'a Cell<T>, data: T) -> Result<SolePublished<'a, T>, T> {
        debug_assert!(!self.is_closed);
        let (from, to) = (self.current, 1 - self.current);
        let next = match self.slots[to] {
            Some(next) => next,
            None => {
                let Some(owned) = cell.claim_or_full() else { return Err(data) };
                let next = Kept::of(owned.slot);
                mem::forget(owned);
                next
            }
        };
        // SAFETY: the caller vouches for it.
        let version = unsafe { self.version(cell) }.next();
        let mark = if self.may_be_awaited { Word::INITIAL.awaited() } else { Word::INITIAL };
        // SAFETY: a slot of this cell, which was kept, or claimed above.
        let taken = unsafe { next.publish(cell, data, mark, version) };
        // Once the word was found not to be awaited, those that follow are not.
        self.may_be_awaited &= taken.is_awaited();
        (self.slots[to], self.current) = (Some(next), to);
        Ok(SolePublished { cell, version, taken, replaced: self.slots[from] })
    }

    /// Gives up what was replaced, and keeps its slot for the next publication if nobody reads it.
    #[inline]
    pub(crate) fn recycle(&mut self, published: SolePublished<'_, T>) -> Version {
        let SolePublished { cell, version, replaced, .. } = published;
        let Some(replaced) = replaced else { return version };
        // SAFETY: a slot of this cell.
        let slot = unsafe { replaced.slot(cell) };
        if Cell::is_read(slot) {
            return self.leave_to_readers(slot, cell, version);
        }
        if mem::needs_drop::<T>() {
            self.keep(None);
            // User code: the data's `Drop`. If it panics, the guard frees the slot.
            mem::forget(Owned { cell, slot }.emptied());
            self.keep(Some(replaced));
        }
        version
    }

    #[cold]
    #[inline(never)]
    fn leave_to_readers(&mut self, slot: Slot<'_, T>, cell: &Cell<T>, version: Version) -> Version {
        self.keep(None);
        cell.leave_to_readers(slot, self.by(), version)
    }

    /// The index of the slot in force, or 0.
    fn by(&self) -> u32 {
        // SAFETY: a slot of the cell, which is alive.
        self.slots[self.current & 1].map_or(0, |slot| unsafe { slot.head.as_ref() }.index)
    }

    #[inline]
    fn keep(&mut self, slot: Option<Kept<T>>) {
        self.slots[(self.current & 1) ^ 1] = slot;
    }

    /// [`recycle`](Self::recycle) of a publication that was [guarded](Self::guard) before.
    pub(crate) fn recycle_guarded(&mut self, guard: Published<'_, T>, published: SolePublished<'_, T>) -> Version {
        mem::forget(guard);
        self.keep(published.replaced);
        self.recycle(published)
    }

    /// [`recycle_guarded`](Self::recycle_guarded), with the data that was replaced: moved out if nobody reads it, else what `clone`
    /// makes of it.
    pub(crate) fn recycle_and(
        &mut self,
        guard: Published<'_, T>,
        published: SolePublished<'_, T>,
        clone: impl FnOnce(&T) -> T,
    ) -> Option<T> {
        let replaced = published.replaced?;
        // SAFETY: a slot of this cell.
        let slot = unsafe { replaced.slot(published.cell) };
        if Cell::is_read(slot) {
            // Nobody else may give it up before the guard says that it is replaced, so it stays while it is cloned.
            // SAFETY: it is not mutated before the guard goes.
            let clone = unsafe { slot.body.data() }.map(clone);
            drop(guard);
            return clone;
        }
        mem::forget(guard);
        // SAFETY: it was replaced, nobody reads it, and nobody will: it is owned.
        let data = unsafe { slot.body.take() };
        self.keep(Some(replaced));
        data
    }

    /// What was just published, of its [parts](SolePublished::into_parts).
    ///
    /// # Safety
    ///
    /// 1. As for [`release`](Self::release).
    /// 2. They are the parts of the last publication, which are taken up once.
    pub(crate) unsafe fn published<'a>(
        &self,
        cell: &'a Cell<T>,
        taken: Word,
        replaced: SoleReplaced<T>,
    ) -> SolePublished<'a, T> {
        // SAFETY: the caller vouches for it.
        let version = unsafe { self.version(cell) };
        SolePublished { cell, version, taken, replaced: replaced.0 }
    }

    /// A guard that gives up what was replaced. For while user code runs.
    pub(crate) fn guard<'a>(&mut self, published: &SolePublished<'a, T>) -> Published<'a, T> {
        self.keep(None);
        let SolePublished { cell, version, taken, .. } = *published;
        // SAFETY: the parts of a publication in this cell, whose duties are the guard's until it is forgotten.
        unsafe { Published::from_parts(cell, version, taken, self.by()) }
    }
}

/// What [`Sole::publish`] did. There are the duties of [`Published`], without a guard that does them.
#[must_use = "those whose bits were taken are to be woken, and the replaced slot is to be given up"]
pub(crate) struct SolePublished<'a, T> {
    cell: &'a Cell<T>,
    version: Version,
    /// The word that was replaced, with the armed bits.
    taken: Word,
    replaced: Option<Kept<T>>,
}

/// The slot that was replaced.
pub(crate) struct SoleReplaced<T>(Option<Kept<T>>);

impl<T> SolePublished<'_, T> {
    /// What cannot be found out again.
    #[inline]
    pub(crate) fn into_parts(self) -> (Word, SoleReplaced<T>) {
        (self.taken, SoleReplaced(self.replaced))
    }

    /// The bits of the waker list's root that were taken. The caller wakes those whom they stand for.
    #[inline]
    pub(crate) fn armed(&self) -> usize {
        self.taken.armed()
    }

    #[inline]
    pub(crate) fn version(&self) -> Version {
        self.version
    }
}
