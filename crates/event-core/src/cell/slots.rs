//! The slots of a cell: a few inline, more in segments that never move.

use alloc::boxed::Box;
use core::ptr;

use super::slot::{Body, Head, Slot};
use super::word::MAX_SLOTS;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// One in force, one for a writer, one for a version that is still read: enough for most values, for ever.
pub(super) const INLINE: usize = 3;

#[repr(C)]
pub(super) struct Slots<T> {
    heads: [Head; INLINE],
    bodies: [Body<T>; INLINE],
    /// An append-only list. It is walked only for slots beyond the inline ones, and each segment is at least as large
    /// as all before it, so the walk is short.
    more: AtomicPtr<Segment<T>>,
}

struct Segment<T> {
    heads: Box<[Head]>,
    bodies: Box<[Body<T>]>,
    next: AtomicPtr<Segment<T>>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self {
            heads: [Head::new(1), Head::new(2), Head::new(3)],
            bodies: [Body::new(), Body::new(), Body::new()],
            more: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The slot with this 1-based index.
    ///
    /// # Safety
    ///
    /// There is such a slot: the index comes from a word that was in force, or from a slot.
    #[inline]
    pub(super) unsafe fn get(&self, index: usize) -> Slot<'_, T> {
        let place = index.wrapping_sub(1);
        if place < INLINE {
            self.inline(place)
        } else {
            // SAFETY: the caller vouches for it.
            unsafe { self.get_in_segment(index) }
        }
    }

    /// The slot with this 1-based index, if it is an inline one.
    #[inline]
    pub(super) fn inline_at(&self, index: usize) -> Option<Slot<'_, T>> {
        let place = index.wrapping_sub(1);
        (place < INLINE).then(|| self.inline(place))
    }

    #[inline]
    fn inline(&self, place: usize) -> Slot<'_, T> {
        Slot { head: &self.heads[place], body: &self.bodies[place] }
    }

    /// The slot at this 0-based place if that is inline, else the first one.
    #[inline]
    pub(super) fn inline_near(&self, place: usize) -> Slot<'_, T> {
        self.inline(if place < INLINE { place } else { 0 })
    }

    /// # Safety
    ///
    /// As for `get`. Where there is no panic, the callers need not keep anything on the stack for it.
    #[cold]
    #[inline(never)]
    unsafe fn get_in_segment(&self, index: usize) -> Slot<'_, T> {
        let slot = self.find(index);
        debug_assert!(slot.is_some(), "an index that a word or a slot gave out names an existing slot");
        // SAFETY: the caller vouches for it; slots are never removed.
        unsafe { slot.unwrap_unchecked() }
    }

    /// The slot with this 1-based index, if there is one already.
    pub(super) fn find(&self, index: usize) -> Option<Slot<'_, T>> {
        let mut place = index.checked_sub(1)?;
        if place < INLINE {
            return Some(self.inline(place));
        }
        place -= INLINE;
        for segment in self.segments() {
            match (segment.heads.get(place), segment.bodies.get(place)) {
                (Some(head), Some(body)) => return Some(Slot { head, body }),
                _ => place -= segment.heads.len(),
            }
        }
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Slot<'_, T>> {
        let inline = self.heads.iter().zip(&self.bodies);
        let more = self.segments().flat_map(|segment| segment.heads.iter().zip(&segment.bodies));
        inline.chain(more).map(|(head, body)| Slot { head, body })
    }

    fn segments(&self) -> impl Iterator<Item = &Segment<T>> {
        core::iter::successors(Self::follow(&self.more), |segment| Self::follow(&segment.next))
    }

    fn follow(link: &AtomicPtr<Segment<T>>) -> Option<&Segment<T>> {
        // Ordering: Acquire, partner: `append`. Weaker, the segment's contents might not be there yet.
        let segment = link.load(Ordering::Acquire);
        // SAFETY: a link is null or points to a segment that `append` published and that lives as long as `self`.
        unsafe { segment.as_ref() }
    }

    pub(super) fn len(&self) -> usize {
        INLINE + self.segments().map(|segment| segment.heads.len()).sum::<usize>()
    }

    /// Doubles the number of slots, or finds that another thread has just added some.
    ///
    /// # Panics
    ///
    /// When there are as many slots as a word can tell apart.
    pub(super) fn grow(&self) {
        let len = self.len();
        assert!(
            len < MAX_SLOTS,
            "a value can have at most {MAX_SLOTS} versions borrowed at the same time, counting those being set"
        );
        self.append(len, (len + 1).min(MAX_SLOTS - len));
    }

    /// Makes sure that there are at least `wanted` slots.
    pub(super) fn reserve(&self, wanted: usize) {
        assert!(wanted <= MAX_SLOTS, "a value can have at most {MAX_SLOTS} slots, but {wanted} were asked for");
        loop {
            let len = self.len();
            let Some(missing @ 1..) = wanted.checked_sub(len) else { return };
            self.append(len, missing);
        }
    }

    /// Adds `count` slots behind the `len` present ones, unless another thread did that first.
    fn append(&self, len: usize, count: usize) {
        // At most `MAX_SLOTS`, so the index fits.
        let heads = (len + 1..=len + count).map(|index| Head::new(index as u32)).collect();
        let bodies = (0..count).map(|_| Body::new()).collect();
        let segment = Box::into_raw(Box::new(Segment { heads, bodies, next: AtomicPtr::new(ptr::null_mut()) }));
        let mut counted = INLINE;
        let mut link = &self.more;
        while let Some(present) = Self::follow(link) {
            counted += present.heads.len();
            link = &present.next;
        }
        // Ordering: Release, partner: `follow`. Relaxed on failure: what is there is not looked at.
        let linked = counted == len
            && link.compare_exchange(ptr::null_mut(), segment, Ordering::Release, Ordering::Relaxed).is_ok();
        if !linked {
            // SAFETY: `segment` came from `Box::into_raw` above and was not linked, so nobody else knows it.
            drop(unsafe { Box::from_raw(segment) });
        }
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        // Ordering: Relaxed. `&mut self`: whoever gave it saw to it that everything happened before.
        let mut link = self.more.load(Ordering::Relaxed);
        while !link.is_null() {
            // SAFETY: segments come from `Box::into_raw` in `append`, are linked once, and nobody looks at them any more.
            let segment = unsafe { Box::from_raw(link) };
            // Ordering: Relaxed, as above.
            link = segment.next.load(Ordering::Relaxed);
        }
    }
}
