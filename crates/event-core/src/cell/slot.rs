//! One place for one version of the data.

use core::mem;

use crate::sync::{
    UnsafeCell,
    atomic::{AtomicU32, AtomicUsize},
};
use crate::version::Version;

/// A place for data, with what is needed to share it and to hand it on.
///
/// Head and body are apart, so that the heads of the inline slots and the cell's word share one cache line, which is what
/// threads that set at the same time fight for.
///
/// Who may touch the data:
///
/// | state | mutably | by shared reference |
/// |---|---|---|
/// | `FREE` | nobody | nobody |
/// | `OWNED`, before it is published | the writer that claimed it | nobody |
/// | `OWNED`, in force | nobody | whoever pinned it |
/// | `OWNED`, replaced, `readers` seen at 0 | the writer that replaced it | nobody |
/// | `OWNED`, reclaimed | who changed it from `RETIRED` | nobody |
/// | `RETIRED` | nobody | whoever pinned it while it was in force |
pub(super) struct Slot<'a, T> {
    pub(super) head: &'a Head,
    pub(super) body: &'a Body<T>,
}

impl<T> Clone for Slot<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<'_, T> {}

/// What the protocol works on.
#[repr(C)]
pub(super) struct Head {
    /// A `State`.
    pub(super) state: AtomicUsize,
    /// How many pinned this slot, plus those who counted themselves in only to find that it is not in force.
    pub(super) readers: AtomicU32,
    /// The 1-based index under which `Word` names this slot.
    pub(super) index: u32,
}

/// What a reader is after.
#[repr(C)]
pub(super) struct Body<T> {
    /// The full version of the data. Only the slot's owner writes it, before it is published, perhaps several times. What it
    /// writes comes after a version that was current when the owner read the word, which may have been long before it
    /// claimed the slot: so it may be smaller than the version of an earlier life of the slot. A reader that has not pinned the
    /// slot therefore learns nothing from it that the word's tag does not say as well.
    pub(super) version: AtomicUsize,
    /// `None` after `clear`. While the slot is free, `None` or something whose `Drop` does nothing.
    data: UnsafeCell<Option<T>>,
}

// SAFETY: the table above: shared references are given out while nobody may mutate (`T: Sync`), and the thread that
// empties a slot may be another one than that which filled it (`T: Send`).
unsafe impl<T: Send + Sync> Sync for Body<T> {}

/// More borrows than this of one version can only be leaked ones. Half of the counter's range, so that threads which
/// pass the limit at the same time cannot wrap it before they have counted themselves out again.
pub(super) const MAX_READERS: u32 = u32::MAX / 2;

impl Head {
    const_unless_loom! {
        pub(super) fn new(index: u32) -> Self {
            Self { state: AtomicUsize::new(State::FREE.bits()), readers: AtomicU32::new(0), index }
        }
    }
}

impl<T> Body<T> {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self { version: AtomicUsize::new(Version::INITIAL.raw()), data: UnsafeCell::new(None) }
        }
    }

    /// The data; `None` after `clear`.
    ///
    /// # Safety
    ///
    /// For as long as `&self` says, the slot is pinned, or it is owned and the owner does not mutate.
    #[inline]
    pub(super) unsafe fn data(&self) -> Option<&T> {
        // SAFETY: the caller vouches that nobody mutates.
        self.data.with(|data| unsafe { (*data).as_ref() })
    }

    /// The data, to be changed.
    ///
    /// # Safety
    ///
    /// The slot is owned by the caller, who uses nothing else of the data for as long as the result lives.
    #[expect(clippy::mut_from_ref, reason = "the caller owns the slot")]
    #[inline]
    pub(super) unsafe fn data_mut(&self) -> Option<&mut T> {
        // SAFETY: the caller is the only one with access.
        self.data.with_mut(|data| unsafe { (*data).as_mut() })
    }

    /// Puts data where nothing is that needs to be dropped.
    ///
    /// # Safety
    ///
    /// The slot is owned by the caller.
    #[inline]
    pub(super) unsafe fn write(&self, data: Option<T>) {
        // SAFETY: the caller is the only one with access. Nothing is leaked by not dropping what was there.
        self.data.with_mut(|place| unsafe { place.write(data) });
    }

    /// Takes the data out, leaving `None`.
    ///
    /// # Safety
    ///
    /// The slot is owned by the caller.
    #[inline]
    pub(super) unsafe fn take(&self) -> Option<T> {
        // SAFETY: the caller is the only one with access.
        self.data.with_mut(|place| unsafe { (*place).take() })
    }

    /// Drops the data, unless its `Drop` does nothing. If it panics, the data counts as dropped.
    ///
    /// # Safety
    ///
    /// The slot is owned by the caller.
    #[inline]
    pub(super) unsafe fn empty(&self) {
        if mem::needs_drop::<T>() {
            self.data.with_mut(|place| {
                // SAFETY: the caller is the only one with access. The assignment leaves `None` even if `Drop` panics.
                unsafe { *place = None }
            });
        }
    }
}

/// What a slot is used for: `FREE`, `OWNED`, or `RETIRED` with the version it holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(usize);

impl State {
    /// Holds nothing; whoever changes it to `OWNED` may fill it.
    pub(super) const FREE: Self = Self(0);
    /// Being filled, in force, or being emptied.
    pub(super) const OWNED: Self = Self(1);
    const RETIRED: usize = 2;

    /// Replaced while it was read; its last reader empties it. The version makes the state of this life of the slot
    /// differ from that of any other: someone who comes late with the state of an earlier life fails to change it.
    pub(super) const fn retired(version: Version) -> Self {
        Self(version.raw() << 2 | Self::RETIRED)
    }

    pub(super) const fn is_retired(self) -> bool {
        self.0 & 3 == Self::RETIRED
    }

    pub(super) const fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> usize {
        self.0
    }
}
