//! Models of the cell with readers that are counted at two places; whoever pins takes turns. See `cell::shards`.

use super::cell::{
    AtHome, end, pinned_across_two_sets_of, read, set, two_readers_leave_a_replaced_slot_of,
    two_writers_and_a_reader_of, writer_and_reader_of,
};
use super::{Census, Citizen, Effort, explore, thread};
use crate::cell::Cell;
use crate::memory::MemoryValue;
use crate::sync::Arc;

fn sharded() -> AtHome {
    AtHome(Cell::with_shards(2))
}

fn writer_and_reader() {
    writer_and_reader_of(sharded());
}

#[test]
fn a_writer_and_a_reader() {
    explore(Effort { preemptions: 5, at_least: 2_000 }, writer_and_reader);
}

#[test]
fn two_writers_with_a_reader() {
    explore(Effort { preemptions: 4, at_least: 2_000 }, || two_writers_and_a_reader_of(sharded()));
}

#[test]
fn a_reader_that_pins_across_two_sets() {
    explore(Effort { preemptions: 5, at_least: 4_000 }, || pinned_across_two_sets_of(sharded()));
}

/// At different shards: whoever comes last reclaims, and nobody does it twice.
fn two_readers_leave() {
    two_readers_leave_a_replaced_slot_of(sharded());
}

#[test]
fn two_readers_that_leave_a_replaced_slot() {
    explore(Effort { preemptions: 4, at_least: 10_000 }, two_readers_leave);
}

/// A slot is retired and reclaimed as well in its second life.
fn second_life() {
    let census = Census::new();
    let cell = Arc::new(sharded());
    (1..=3).for_each(|number| set(&cell, census.citizen(number)));
    let reader = thread::spawn({
        let cell = Arc::clone(&cell);
        move || {
            let pinned = cell.pin().expect("it was set");
            read(&cell, pinned.version().raw());
            assert!(pinned.data().expect("it is data").checked_number() >= 3);
        }
    });
    (4..=5).for_each(|number| set(&cell, census.citizen(number)));
    assert_eq!(read(&cell, 5), 5);
    reader.join().unwrap();
    end(cell, &census, 5);
}

#[test]
fn a_slot_in_its_second_life() {
    explore(Effort { preemptions: 4, at_least: 500 }, second_life);
}

/// The last reader of what was replaced moves it out, while another one leaves.
fn moved_out() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_reader_shards(2));
    value.set(census.citizen(1));
    let reader = thread::spawn({
        let value = Arc::clone(&value);
        move || _ = value.borrow().expect("there is data").checked_number()
    });
    let old = value.swap(census.citizen(2)).expect("there was data");
    if let Ok(old) = old.try_into_inner() {
        assert_eq!(old.checked_number(), 1);
    }
    reader.join().unwrap();
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn the_last_reader_moves_the_data_out() {
    explore(Effort { preemptions: 5, at_least: 50 }, moved_out);
}

/// What is kept for long counts at the main head, beside readers at the shards.
fn cached() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_reader_shards(2));
    value.set(census.citizen(1));
    let mut cached = value.cached();
    assert_eq!(cached.load().map(Citizen::checked_number), Some(1));
    let writer = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || _ = value.set(census.citizen(2))
    });
    let first = cached.load().expect("there is data").checked_number();
    drop(value.borrow());
    assert!(cached.load().expect("there is data").checked_number() >= first);
    writer.join().unwrap();
    assert_eq!(cached.load().map(Citizen::checked_number), Some(2));
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop((cached, value));
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_cached_reader_beside_a_reader() {
    explore(Effort { preemptions: 5, at_least: 200 }, cached);
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
    fn retire_then_count() {
        must_fail_without(Handshake::RetireThenCount, 3, two_readers_leave);
    }

    #[test]
    fn unpin_then_look() {
        must_fail_without(Handshake::UnpinThenLook, 3, two_readers_leave);
    }
}
