//! Tests of the cell that need a look inside: which way is taken, and what happens at limits that nobody reaches.

use alloc::vec;
use alloc::vec::Vec;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
#[cfg(feature = "std")]
use std::thread;

use super::shards::{index_in_shard, index_of_slot, shard_of};
use super::slot::MAX_READERS;
use super::slots::INLINE;
use super::word::MAX_SLOTS;
use super::{Cell, Pinned, PinnedAtOnce};
use crate::sync::atomic::Ordering;
use crate::version::Version;

fn set(cell: &Cell<u64>, data: u64) {
    let mut owned = cell.claim();
    owned.fill(data);
    let Ok(published) = cell.publish(owned) else { panic!("it is open") };
    published.retire();
}

/// Without it nothing fails, but every get goes step by step.
#[test]
fn what_is_in_force_is_pinned_at_once() {
    let cell = Cell::new(false);
    set(&cell, 1);
    let before = cell.word();
    let PinnedAtOnce::Pinned(pinned, word) = cell.pin_at_once(before) else { panic!("nothing is in the way") };
    assert!((pinned.data(), word.slot()) == (Some(&1), before.slot()));
    drop(pinned);
    set(&cell, 2);
    assert!(matches!(cell.pin_at_once(before), PinnedAtOnce::Counted(_)), "it was replaced");
}

#[test]
fn a_slot_with_as_many_readers_as_may_be_is_not_pinned_again() {
    let cell = Cell::new(false);
    set(&cell, 1);
    let pinned = cell.pin().expect("it was set");
    let readers = &pinned.slot.head.readers;
    let attempts: [fn(&Cell<u64>) -> bool; 2] = [
        |cell| matches!(cell.pin_at_once(cell.word()), PinnedAtOnce::Counted(_)),
        |cell| catch_unwind(AssertUnwindSafe(|| cell.pin().is_some())).is_err(),
    ];
    for refused in attempts {
        readers.store(MAX_READERS, Ordering::Relaxed);
        assert!(refused(&cell));
        assert_eq!(readers.load(Ordering::Relaxed), MAX_READERS, "who was refused is counted out again");
        readers.store(MAX_READERS - 1, Ordering::Relaxed);
        assert!(!refused(&cell), "one more may read");
    }
    readers.store(MAX_READERS, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pinned.again()))).is_err());
    readers.store(1, Ordering::Relaxed);
    assert_eq!(pinned.data(), Some(&1));
}

/// Without it nothing fails, but shards have counts in common.
#[test]
fn every_shard_of_every_slot_has_a_head_of_its_own() {
    let cell = Cell::<u64>::with_shards(5);
    cell.slots.reserve_usable(100);
    let mut heads = Vec::new();
    for index in INLINE + 1..=cell.slots.len() {
        for shard in 0..=5 {
            let in_shard = index_in_shard(index, shard);
            assert_eq!((index_of_slot(in_shard), shard_of(in_shard)), (index, shard));
            let slot = cell.slots.find(in_shard).expect("there are as many");
            assert_eq!(slot.head.index as usize, in_shard);
            heads.push(&raw const *slot.head);
            // Whichever of them one comes from.
            let all: Vec<_> = cell.slots.heads_of(slot).map(|head| head.index as usize).collect();
            assert_eq!(all, [0, 1, 2, 3, 4, 5].map(|shard| index_in_shard(index, shard)));
        }
    }
    let count = heads.len();
    heads.sort_unstable();
    heads.dedup();
    assert_eq!(heads.len(), count);
}

#[test]
fn as_many_slots_can_be_claimed_as_were_reserved() {
    for cell in [Cell::<u64>::new(false), Cell::with_shards(2)] {
        cell.slots.reserve_usable(20);
        let len = cell.slots.len();
        let owned: Vec<_> = (0..20).map(|_| cell.claim()).collect();
        assert_eq!(cell.slots.len(), len, "it had to grow");
        drop(owned);
    }
    let cell = Cell::<u64>::new(false);
    cell.slots.reserve_usable(20);
    assert_eq!(cell.slots.len(), 20, "and no more, where all of them can be claimed");
}

/// Likewise. (Without `std`, threads that follow each other have the same stack, and so the same shard.)
#[cfg(feature = "std")]
#[test]
fn threads_count_in_to_all_shards_and_at_no_other_place() {
    let cell = Cell::<u64>::with_shards(3);
    let mut used = [0; 4];
    for _ in 0..12 {
        let shard = thread::scope(|scope| scope.spawn(|| cell.slots.shard_to_read()).join());
        used[shard.expect("it does not panic")] += 1;
    }
    // Other tests' threads have numbers, too.
    assert!(used[0] == 0 && used[1..].iter().filter(|&&times| times > 0).count() >= 2, "{used:?}");
}

/// Without it nothing fails, but watchers go on saying what they have seen.
#[test]
fn what_was_awaited_is_not_awaited_for_ever() {
    let cell = Cell::new(false);
    let mut owned = cell.claim();
    owned.fill(1);
    let Ok(published) = cell.publish_awaited(owned) else { panic!("it is open") };
    published.retire();
    assert!(cell.word().is_awaited());
    cell.stop_awaiting();
    assert!(!cell.word().is_awaited());
    assert_eq!(cell.pin().as_ref().and_then(Pinned::data), Some(&1));
}

/// A slot that is claimed may hold what an earlier life has left, where that needs no `Drop`.
#[test]
fn a_cleared_slot_holds_nothing() {
    let cell = Cell::new(false);
    // Every slot that there is has had data.
    for data in 0..8 {
        set(&cell, data);
    }
    let mut owned = cell.claim();
    owned.clear();
    assert_eq!(owned.data(), None);
}

/// Else a value with many borrowed versions would walk along many segments.
#[test]
fn a_cell_without_a_free_slot_doubles() {
    let cell = Cell::new(false);
    set(&cell, 0);
    let mut pins = Vec::new();
    let mut counts = vec![cell.slot_count()];
    for data in 1..10 {
        pins.push(cell.pin());
        set(&cell, data);
        if cell.slot_count() != *counts.last().expect("it begins with one") {
            counts.push(cell.slot_count());
        }
    }
    assert_eq!(counts, [3, 7, 15]);
}

#[test]
fn a_cell_does_not_grow_beyond_what_a_word_can_name() {
    let cell = Cell::<u64>::new(false);
    cell.reserve(MAX_SLOTS - 4, 1);
    assert_eq!(cell.slot_count(), MAX_SLOTS - 2);
    cell.slots.grow();
    assert_eq!(cell.slot_count(), MAX_SLOTS);
}

/// Without it nothing fails, but every set goes step by step.
#[test]
fn a_slot_is_claimed_at_once() {
    let cell = Cell::new(false);
    assert!(cell.claim_at_once().is_none(), "nothing is in force");
    // The second set finds a free slot by a search, and leaves the first one's.
    set(&cell, 1);
    set(&cell, 2);
    assert!(cell.claim_at_once().is_some());
}

#[test]
fn a_cell_that_was_never_set_has_no_other_version() {
    let cell = Cell::<u64>::new(false);
    assert!(cell.is_version_of(cell.word(), Version::INITIAL));
    assert!(!cell.is_version_of(cell.word(), Version::INITIAL.next()));
}
