//! The slots of a cell: a few inline, more in segments that never move. Those of a cell with [shards](super::shards) are all in
//! segments.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::ptr::{self, NonNull};

use super::shards::{self, Shards};
#[cfg(feature = "alloc")]
use super::slot::State;
use super::slot::{Body, Head, Slot};
use super::word::MAX_SLOTS;
use crate::room::Room;
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
    /// How many shards each slot has; 0: none.
    shards: usize,
    /// It never has more segments than one that is lent in the beginning.
    is_lent: bool,
    #[cfg(any(event_core_loom, event_core_shuttle))]
    turns: shards::Turns,
}

struct Segment<T> {
    heads: Room<Head>,
    bodies: Room<Body<T>>,
    shards: Shards,
    next: AtomicPtr<Segment<T>>,
}

impl<T> Slots<T> {
    const_unless_loom! {
        pub(super) fn new(is_lent: bool) -> Self {
            Self {
                heads: [Head::new(1), Head::new(2), Head::new(3)],
                bodies: [Body::new(), Body::new(), Body::new()],
                more: AtomicPtr::new(ptr::null_mut()),
                shards: 0,
                is_lent,
                #[cfg(any(event_core_loom, event_core_shuttle))]
                turns: shards::Turns::new(),
            }
        }
    }

    /// Slots whose readers count themselves in at `shards` places, 1 or more.
    #[cfg(feature = "alloc")]
    pub(super) fn with_shards(shards: usize) -> Self {
        let mut this = Self::new(false);
        this.shards = shards;
        for head in &this.heads {
            // Ordering: Relaxed. Nobody else knows them. Owned for ever: nobody claims an inline slot.
            head.state.store(State::OWNED.bits(), Ordering::Relaxed);
        }
        this.grow();
        this
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
            unsafe { self.get_in_segment_apart(index) }
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

    /// Apart, so that the way of inline slots keeps nothing on the stack for it.
    ///
    /// # Safety
    ///
    /// As for `get`.
    #[cold]
    #[inline(never)]
    unsafe fn get_in_segment_apart(&self, index: usize) -> Slot<'_, T> {
        // SAFETY: the caller vouches for it.
        unsafe { self.get_in_segment(index) }
    }

    /// # Safety
    ///
    /// As for `get`. Where there is no panic, the callers need not keep anything on the stack for it.
    #[inline]
    unsafe fn get_in_segment(&self, index: usize) -> Slot<'_, T> {
        let slot = self.find(index);
        debug_assert!(slot.is_some(), "an index that a word or a slot gave out names an existing slot");
        // SAFETY: the caller vouches for it; slots are never removed.
        unsafe { slot.unwrap_unchecked() }
    }

    /// The slot with this 1-based index, for somebody who counts in to it: with the head of the shard of this thread.
    ///
    /// # Safety
    ///
    /// As for [`get`](Self::get).
    #[inline]
    pub(super) unsafe fn get_to_read(&self, index: usize) -> Slot<'_, T> {
        let place = index.wrapping_sub(1);
        if place < INLINE {
            self.inline(place)
        } else {
            // SAFETY: the caller vouches for it.
            unsafe { self.get_to_read_in_segment(index) }
        }
    }

    /// # Safety
    ///
    /// As for `get`.
    #[inline(never)]
    unsafe fn get_to_read_in_segment(&self, index: usize) -> Slot<'_, T> {
        // SAFETY: the caller vouches for the slot, and a slot has every shard below their number.
        unsafe { self.get_in_segment(shards::index_in_shard(index, self.shard_to_read())) }
    }

    /// The 1-based shard at which this thread counts itself in; 0 if there are none.
    #[inline]
    pub(super) fn shard_to_read(&self) -> usize {
        if self.shards == 0 {
            return 0;
        }
        #[cfg(not(any(event_core_loom, event_core_shuttle)))]
        let number = shards::number_of_this_thread();
        #[cfg(any(event_core_loom, event_core_shuttle))]
        let number = self.turns.next();
        number % self.shards + 1
    }

    /// The slot with the head that writers use, of one with the head of any shard. `None` without shards: there is no other.
    pub(super) fn main_of(&self, slot: Slot<'_, T>) -> Option<Slot<'_, T>> {
        if self.shards == 0 { None } else { self.find(shards::index_of_slot(slot.head.index as usize)) }
    }

    /// All heads of a slot.
    pub(super) fn heads_of<'a>(&'a self, slot: Slot<'a, T>) -> impl Iterator<Item = &'a Head> {
        core::iter::once(self.main_of(slot).unwrap_or(slot).head).chain(self.shards_of(slot))
    }

    /// The heads of a slot's shards.
    pub(super) fn shards_of(&self, slot: Slot<'_, T>) -> impl Iterator<Item = &Head> {
        let index = shards::index_of_slot(slot.head.index as usize);
        self.segment_of(index).into_iter().flat_map(|(segment, place)| segment.shards.heads(place))
    }

    /// The slot with this 1-based index, if there is one already. The index may be one [in a shard](shards::index_in_shard).
    pub(super) fn find(&self, index: usize) -> Option<Slot<'_, T>> {
        let (index, shard) = (shards::index_of_slot(index), shards::shard_of(index));
        let place = index.checked_sub(1)?;
        if place < INLINE {
            return Some(self.inline(place));
        }
        let (segment, place) = self.segment_of(index)?;
        let body = segment.bodies.get().get(place)?;
        let head = if shard == 0 { segment.heads.get().get(place) } else { segment.shards.head(shard, place) };
        Some(Slot { head: head?, body })
    }

    /// The segment that has the slot with this 1-based index, which is not inline, and the slot's place there.
    #[inline]
    fn segment_of(&self, index: usize) -> Option<(&Segment<T>, usize)> {
        let mut place = index.checked_sub(INLINE + 1)?;
        for segment in self.segments() {
            if place < segment.heads.len() {
                return Some((segment, place));
            }
            place -= segment.heads.len();
        }
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Slot<'_, T>> {
        let inline = self.heads.iter().zip(&self.bodies);
        let more = self.segments().flat_map(|segment| segment.heads.get().iter().zip(segment.bodies.get()));
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

    /// Doubles the number of slots, or finds that another thread has just added some. False if there can be no more, which are lent.
    ///
    /// # Panics
    ///
    /// When there are as many slots as a word can tell apart.
    pub(super) fn grow(&self) -> bool {
        #[cfg(feature = "alloc")]
        if !self.is_lent {
            let len = self.len();
            assert!(
                len < MAX_SLOTS,
                "a value can have at most {MAX_SLOTS} versions borrowed at the same time, counting those being set"
            );
            self.append(len, (len + 1).min(MAX_SLOTS - len));
        }
        !self.is_lent
    }

    /// How many shards each slot has.
    pub(super) fn shard_count(&self) -> usize {
        self.shards
    }

    /// Makes sure that there are at least `wanted` slots that can be claimed. Says whether there are.
    pub(super) fn reserve_usable(&self, wanted: usize) -> bool {
        self.reserve(if self.shards == 0 { wanted } else { wanted.saturating_add(INLINE) })
    }

    /// Makes sure that there are at least `wanted` slots. Says whether there are.
    fn reserve(&self, wanted: usize) -> bool {
        assert!(wanted <= MAX_SLOTS, "a value can have at most {MAX_SLOTS} slots, but {wanted} were asked for");
        #[cfg(feature = "alloc")]
        if !self.is_lent {
            self.reserve_on_heap(wanted);
        }
        wanted <= self.len()
    }

    #[cfg(feature = "alloc")]
    fn reserve_on_heap(&self, wanted: usize) {
        loop {
            let len = self.len();
            let Some(missing @ 1..) = wanted.checked_sub(len) else { return };
            self.append(len, missing);
        }
    }

    /// Adds `count` slots behind the `len` present ones, unless another thread did that first.
    #[cfg(feature = "alloc")]
    fn append(&self, len: usize, count: usize) {
        // At most `MAX_SLOTS`, so the index fits.
        let heads: Box<[Head]> = (len + 1..=len + count).map(|index| Head::new(index as u32)).collect();
        let bodies = Room::on_heap((0..count).map(|_| Body::new()).collect());
        let shards = Shards::new(self.shards, &heads);
        let (heads, next) = (Room::on_heap(heads), AtomicPtr::new(ptr::null_mut()));
        let segment = NonNull::from(Box::leak(Box::new(Segment { heads, bodies, shards, next })));
        let mut counted = INLINE;
        let mut link = &self.more;
        while let Some(present) = Self::follow(link) {
            counted += present.heads.len();
            link = &present.next;
        }
        if counted != len || !Self::link(link, segment) {
            // SAFETY: `segment` came from a box, above, and was not linked, so nobody else knows it.
            drop(unsafe { Box::from_raw(segment.as_ptr()) });
        }
    }

    /// Puts a segment at a link, unless somebody else was faster. Says whether it did.
    fn link(link: &AtomicPtr<Segment<T>>, segment: NonNull<Segment<T>>) -> bool {
        // Ordering: Release, partner: `follow`. Relaxed on failure: what is there is not looked at.
        link.compare_exchange(ptr::null_mut(), segment.as_ptr(), Ordering::Release, Ordering::Relaxed).is_ok()
    }
}

#[cfg(feature = "alloc")]
impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        if self.is_lent {
            return;
        }
        // Ordering: Relaxed. `&mut self`: whoever gave it saw to it that everything happened before.
        let mut link = self.more.load(Ordering::Relaxed);
        while !link.is_null() {
            // SAFETY: segments come from boxes in `append`, are linked once, and nobody looks at them any more.
            let segment = unsafe { Box::from_raw(link) };
            // Ordering: Relaxed, as above.
            link = segment.next.load(Ordering::Relaxed);
        }
    }
}

/// Room for `COUNT` slots beside the inline ones.
pub(crate) struct LentSlots<T, const COUNT: usize> {
    heads: [Head; COUNT],
    bodies: [Body<T>; COUNT],
    segment: Segment<T>,
}

impl<T, const COUNT: usize> LentSlots<T, COUNT> {
    const_unless_loom! {
        pub(crate) fn new() -> Self {
            let mut heads = array_of![Head::new(0); COUNT];
            let mut place = 0;
            while place < COUNT {
                // At most `MAX_SLOTS`, so the index fits.
                heads[place].index = (INLINE + 1 + place) as u32;
                place += 1;
            }
            Self {
                heads,
                bodies: array_of![Body::new(); COUNT],
                segment: Segment {
                    heads: Room::for_lent(COUNT),
                    bodies: Room::for_lent(COUNT),
                    shards: Shards::none(),
                    next: AtomicPtr::new(ptr::null_mut()),
                },
            }
        }
    }

    /// Lends it to slots that have nothing else. May be done again.
    pub(super) fn lend(&'static self, slots: &Slots<T>) {
        if COUNT != 0 {
            self.segment.heads.lend(&self.heads);
            self.segment.bodies.lend(&self.bodies);
            Slots::link(&slots.more, NonNull::from(&self.segment));
        }
    }
}
