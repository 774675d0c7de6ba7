//! Readers counted at several places, for values that many threads read at the same time.
//!
//! # Roles
//!
//! Readers of a slot count themselves in and out at one place, so threads that read at the same time take its cache line from each
//! other. A slot with shards has further heads, the *shards*, each on cache lines of its own. A reader counts in at that of its thread,
//! and out where it counted in. Writers use the slot's *main* head, as always; readers that stay for long, those of
//! `CachedReader`, count in there as well.
//!
//! # Collision
//!
//! Each shard is to its readers what the head is to those of other slots: a reader counts in at its shard and then looks at the word,
//! a writer changes the word and then looks at every shard. `RETIRED` is stored in the main head and then in every shard, before the
//! counts are read: so the last reader to count out, wherever that is, finds `RETIRED` there, and then finds all counts at 0.
//!
//! The slot itself counts as one reader at the main head for as long as it is not retired. So no writer finds it unread, and all go the
//! way that leaves it to its readers, which is the only one that knows of shards. The ways of all other slots stay as they are.
//!
//! # ABA
//!
//! A `RETIRED` that a reader finds in a shard has the version, as ever. Whoever reclaims the slot resets the shards while it owns the
//! slot, so what it resets is of no later life.

use super::Cell;
use super::slot::{Head, Slot, State};
use super::word::MAX_SLOTS;
use crate::room::Room;
#[cfg(all(feature = "std", not(any(event_core_loom, event_core_shuttle))))]
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering;

/// An index of a slot in a shard has the shard's 1-based number from this bit on.
const SHIFT: u32 = 20;
const SLOT_MASK: usize = (1 << SHIFT) - 1;
const _: () = assert!(MAX_SLOTS <= SLOT_MASK);

/// The largest number of shards.
#[cfg(feature = "alloc")]
pub(super) const MAX_SHARDS: usize = 256;

/// The index of the slot, of an index that may be one in a shard.
pub(super) fn index_of_slot(index: usize) -> usize {
    index & SLOT_MASK
}

/// The 1-based number of the shard; 0: it is that of the slot itself.
pub(super) fn shard_of(index: usize) -> usize {
    index >> SHIFT
}

/// The index of the slot in this shard; 0: that of the slot itself.
pub(super) fn index_in_shard(index: usize, shard: usize) -> usize {
    index | shard << SHIFT
}

/// The shards of a segment: for each shard as many lines as the heads of the segment's slots need.
pub(super) struct Shards {
    lines: Room<Line>,
    lines_per_shard: usize,
}

const HEADS: usize = 8;

/// Two cache lines on most machines, since some fetch them in pairs.
#[repr(align(128))]
struct Line([Head; HEADS]);

impl Shards {
    /// No shards.
    pub(super) const fn none() -> Self {
        Self { lines: Room::empty(), lines_per_shard: 0 }
    }

    /// `shards` shards for the slots with these heads, which have no readers yet.
    #[cfg(feature = "alloc")]
    pub(super) fn new(shards: usize, heads: &[Head]) -> Self {
        let lines_per_shard = heads.len().div_ceil(HEADS);
        let line = |number: usize| {
            let (shard, from) = (number / lines_per_shard + 1, number % lines_per_shard * HEADS);
            Line(core::array::from_fn(|place| {
                // The last line of a shard may have more heads than there are slots, which nobody uses.
                let index = heads.get(from + place).map_or(0, |head| head.index as usize);
                Head::new(index_in_shard(index, shard) as u32)
            }))
        };
        if shards != 0 {
            for head in heads {
                // Ordering: Relaxed. Nobody else knows them. The slot's own count.
                head.readers.store(1, Ordering::Relaxed);
            }
        }
        Self { lines: Room::on_heap((0..shards * lines_per_shard).map(line).collect()), lines_per_shard }
    }

    /// The heads at this place of the segment, of all shards.
    #[inline]
    pub(super) fn heads(&self, place: usize) -> impl Iterator<Item = &Head> {
        let lines = self.lines.get().get(place / HEADS..).unwrap_or_default();
        lines.iter().step_by(self.lines_per_shard.max(1)).map(move |line| &line.0[place % HEADS])
    }

    /// The head at this place of the segment, in this 1-based shard.
    #[inline]
    pub(super) fn head(&self, shard: usize, place: usize) -> Option<&Head> {
        let line = self.lines.get().get((shard - 1) * self.lines_per_shard + place / HEADS)?;
        Some(&line.0[place % HEADS])
    }
}

impl<T> Cell<T> {
    /// How many count in to a slot, at all of its heads. One head after the other: a reader that may read the data was counted before
    /// the slot was replaced, and is counted at the same head until the end.
    #[inline]
    pub(super) fn readers_of(&self, slot: Slot<'_, T>) -> u32 {
        self.slots.heads_of(slot).fold(0, |sum: u32, head| {
            // Ordering: SeqCst, partner: the increment in `pin_by`, which came before the slot was replaced, and the decrement in
            // `count_out`: second half of `RetireThenCount`, or after it. As an Acquire, partner of the latter: all readers' reads
            // happen before the slot is emptied.
            sum.saturating_add(head.readers.load(Ordering::SeqCst))
        })
    }

    /// Leaves a slot, whose main head says `retired`, to the readers at its shards, if it has any.
    #[inline]
    pub(super) fn retire_shards(&self, slot: Slot<'_, T>, retired: State) {
        if self.slots.shard_count() == 0 {
            return;
        }
        for shard in self.slots.shards_of(slot) {
            // Ordering: SeqCst, partner: the load of `state` in `count_out`, as in `leave_to_readers`. After that of the main head: who
            // finds it here finds it there.
            shard.state.store(retired.bits(), Ordering::SeqCst);
        }
        // Ordering: SeqCst, partner: `readers_of`, of the last reader of a shard. The slot's own count: we count it out, then look at the
        // shards; that reader counts itself out there, then looks here. Weaker, each could find the other's count, and nobody would
        // reclaim the slot.
        slot.head.readers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Prepares the shards, if any, of a slot that was retired and is owned now, for its next life.
    #[inline]
    pub(super) fn reset_shards(&self, slot: Slot<'_, T>) {
        if self.slots.shard_count() == 0 {
            return;
        }
        for shard in self.slots.shards_of(slot) {
            // Ordering: Relaxed, here and below. The store of FREE in `Owned::drop` releases them.
            shard.state.store(State::FREE.bits(), Ordering::Relaxed);
        }
        // The slot's own count.
        slot.head.readers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Threads have numbers that follow each other.
#[cfg(all(feature = "std", not(any(event_core_loom, event_core_shuttle))))]
#[inline]
pub(super) fn number_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! {
        // Ordering: Relaxed. Only a number.
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    // While a thread ends, any number will do.
    NUMBER.try_with(|&number| number).unwrap_or(0)
}

/// Without `std` nobody knows the thread; but each has a stack of its own.
#[cfg(all(not(feature = "std"), not(any(event_core_loom, event_core_shuttle))))]
pub(super) fn number_of_this_thread() -> usize {
    let here = 0_u8;
    // The number of the 64 KiB that the stack is in, with its bits spread (Fibonacci hashing).
    ((&raw const here).addr() >> 16).wrapping_mul(0x9e37_79b9) >> 16
}

/// What a model has for the number of a thread: another one for every pin. It depends on nothing but the schedule.
#[cfg(any(event_core_loom, event_core_shuttle))]
pub(super) struct Turns(core::sync::atomic::AtomicUsize);

#[cfg(any(event_core_loom, event_core_shuttle))]
impl Turns {
    pub(super) const fn new() -> Self {
        Self(core::sync::atomic::AtomicUsize::new(0))
    }

    pub(super) fn next(&self) -> usize {
        // Ordering: Relaxed. Only a number.
        self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed)
    }
}
