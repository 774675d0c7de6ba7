//! Models of the versioned cell.

use core::ops::Deref;

use super::{Census, Citizen, Effort, explore, thread};
use crate::cell::Cell;
use crate::sync::Arc;

/// A cell with what its slots are in.
pub(super) trait Home: Deref<Target = Cell<Citizen>> + Send + Sync + 'static {}
impl<H: Deref<Target = Cell<Citizen>> + Send + Sync + 'static> Home for H {}

/// A cell that keeps its slots itself.
pub(super) struct AtHome(pub(super) Cell<Citizen>);

impl Deref for AtHome {
    type Target = Cell<Citizen>;

    fn deref(&self) -> &Cell<Citizen> {
        &self.0
    }
}

pub(super) fn at_home() -> AtHome {
    AtHome(Cell::new(false))
}

pub(super) fn set(cell: &Cell<Citizen>, data: Citizen) {
    let mut owned = cell.claim();
    owned.fill(data);
    assert!(cell.publish(owned).is_ok(), "nobody closes this cell");
}

/// Reads; versions and numbers must not go back, and data goes with its version.
pub(super) fn read(cell: &Cell<Citizen>, before: usize) -> usize {
    let Some(pinned) = cell.pin() else {
        assert_eq!(before, 0, "data that was there is there no more");
        return 0;
    };
    let version = pinned.version().raw();
    assert!(version >= before, "version {version} after version {before}");
    assert!(pinned.data().is_some_and(|data| data.number < 100));
    version
}

/// After everyone has gone: only what is in force is alive, and then nothing.
pub(super) fn end(cell: Arc<impl Home>, census: &Census, versions: usize) {
    assert_eq!(read(&cell, 0), versions, "every set has its own version");
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop(cell);
    assert_eq!(census.alive(), 0);
}

fn writer_and_reader() {
    writer_and_reader_of(at_home());
}

pub(super) fn writer_and_reader_of(cell: impl Home) {
    let census = Census::new();
    let cell = Arc::new(cell);
    set(&cell, census.citizen(1));
    let reader = thread::spawn({
        let cell = Arc::clone(&cell);
        move || {
            let first = read(&cell, 1);
            read(&cell, first);
        }
    });
    set(&cell, census.citizen(2));
    set(&cell, census.citizen(3));
    reader.join().unwrap();
    end(cell, &census, 3);
}

#[test]
fn a_writer_and_a_reader() {
    explore(Effort { preemptions: 6, at_least: 20_000 }, writer_and_reader);
}

fn two_writers_and_a_reader() {
    two_writers_and_a_reader_of(at_home());
}

pub(super) fn two_writers_and_a_reader_of(cell: impl Home) {
    let census = Census::new();
    let cell = Arc::new(cell);
    let writers = [1, 2].map(|number| {
        let (cell, census) = (Arc::clone(&cell), census.clone());
        thread::spawn(move || set(&cell, census.citizen(number)))
    });
    let first = read(&cell, 0);
    read(&cell, first);
    for writer in writers {
        writer.join().unwrap();
    }
    end(cell, &census, 2);
}

#[test]
fn two_writers_with_a_reader() {
    explore(Effort { preemptions: 5, at_least: 20_000 }, two_writers_and_a_reader);
}

fn pinned_across_two_sets() {
    pinned_across_two_sets_of(at_home());
}

pub(super) fn pinned_across_two_sets_of(cell: impl Home) {
    let census = Census::new();
    let cell = Arc::new(cell);
    set(&cell, census.citizen(1));
    let reader = thread::spawn({
        let cell = Arc::clone(&cell);
        move || {
            let pinned = cell.pin().expect("it was set");
            let number = pinned.data().expect("it is data").number;
            let later = read(&cell, pinned.version().raw());
            assert_eq!(pinned.data().expect("it is data").number, number, "pinned data changed");
            drop(pinned);
            read(&cell, later);
        }
    });
    set(&cell, census.citizen(2));
    set(&cell, census.citizen(3));
    reader.join().unwrap();
    end(cell, &census, 3);
}

#[test]
fn a_reader_that_pins_across_two_sets() {
    explore(Effort { preemptions: 5, at_least: 10_000 }, pinned_across_two_sets);
}

fn two_readers_leave_a_replaced_slot() {
    two_readers_leave_a_replaced_slot_of(at_home());
}

pub(super) fn two_readers_leave_a_replaced_slot_of(cell: impl Home) {
    let census = Census::new();
    let cell = Arc::new(cell);
    set(&cell, census.citizen(1));
    let reader = thread::spawn({
        let cell = Arc::clone(&cell);
        move || {
            read(&cell, 1);
        }
    });
    let writer = thread::spawn({
        let (cell, census) = (Arc::clone(&cell), census.clone());
        move || set(&cell, census.citizen(2))
    });
    read(&cell, 1);
    reader.join().unwrap();
    writer.join().unwrap();
    end(cell, &census, 2);
}

#[test]
fn two_readers_that_leave_a_replaced_slot() {
    explore(Effort { preemptions: 5, at_least: 40_000 }, two_readers_leave_a_replaced_slot);
}

fn growth() {
    let census = Census::new();
    let cell = Arc::new(at_home());
    set(&cell, census.citizen(1));
    let first = cell.pin();
    set(&cell, census.citizen(2));
    let second = cell.pin();
    // Of the three inline slots one is free and two threads want one each.
    let writer = thread::spawn({
        let (cell, census) = (Arc::clone(&cell), census.clone());
        move || set(&cell, census.citizen(3))
    });
    set(&cell, census.citizen(4));
    read(&cell, 3);
    writer.join().unwrap();
    assert_eq!(first.as_ref().and_then(|pinned| pinned.data()).map(|data| data.number), Some(1));
    assert_eq!(second.as_ref().and_then(|pinned| pinned.data()).map(|data| data.number), Some(2));
    drop((first, second));
    end(cell, &census, 4);
}

#[test]
fn two_writers_that_need_more_slots() {
    explore(Effort { preemptions: 5, at_least: 15_000 }, growth);
}

/// A reader holds one of three slots. Somebody has to add some. Too much for loom.
#[cfg(not(event_core_loom))]
fn three_writers_with_growth() {
    let census = Census::new();
    let cell = Arc::new(at_home());
    set(&cell, census.citizen(1));
    let held = cell.pin();
    let writers = [2, 3].map(|number| {
        let (cell, census) = (Arc::clone(&cell), census.clone());
        thread::spawn(move || set(&cell, census.citizen(number)))
    });
    set(&cell, census.citizen(4));
    assert!(read(&cell, 2) >= 2, "it has set itself");
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(held.as_ref().and_then(|held| held.data()).map(|data| data.number), Some(1));
    drop(held);
    end(cell, &census, 4);
}

#[cfg(not(event_core_loom))]
#[test]
fn three_writers_that_need_more_slots() {
    explore(Effort { preemptions: 0, at_least: 0 }, three_writers_with_growth);
}

/// There is room for two writers and a reader, so nobody adds slots.
fn room_was_made() {
    let cell = at_home();
    cell.reserve(1, 2);
    there_is_room_in(cell);
}

/// For two writers and a reader.
pub(super) fn there_is_room_in(cell: impl Home) {
    let census = Census::new();
    let cell = Arc::new(cell);
    let before = cell.slot_count();
    set(&cell, census.citizen(1));
    let writer = thread::spawn({
        let (cell, census) = (Arc::clone(&cell), census.clone());
        move || [2, 3].into_iter().for_each(|number| set(&cell, census.citizen(number)))
    });
    let reader = thread::spawn({
        let cell = Arc::clone(&cell);
        move || _ = read(&cell, 1)
    });
    [4, 5].into_iter().for_each(|number| set(&cell, census.citizen(number)));
    writer.join().unwrap();
    reader.join().unwrap();
    assert_eq!(cell.slot_count(), before, "slots were added though there was room");
    end(cell, &census, 5);
}

#[test]
fn two_writers_and_a_reader_for_which_there_is_room() {
    explore(Effort { preemptions: 1, at_least: 5_000 }, room_was_made);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail_without;
    use super::*;
    use crate::sync::Handshake;

    #[test]
    fn pin_then_look() {
        must_fail_without(Handshake::PinThenLook, 3, writer_and_reader);
    }

    #[test]
    fn publish_then_count() {
        must_fail_without(Handshake::PublishThenCount, 3, writer_and_reader);
    }

    #[test]
    fn retire_then_count() {
        must_fail_without(Handshake::RetireThenCount, 3, writer_and_reader);
    }

    #[test]
    fn unpin_then_look() {
        must_fail_without(Handshake::UnpinThenLook, 3, writer_and_reader);
    }
}
