//! V6, P1: parts of borrowed data, snapshots that are shared, and data that is moved out.

use alloc::rc::Rc;
use alloc::sync::Arc;

use event_core::{MappedRef, MemoryValue, Ref};

use crate::by_hand::panics;
use crate::census::{Census, Citizen};

/// A part stays while newer data is set, and keeps the whole version, no longer than it lives.
pub fn v6_a_part_keeps_its_version_until_it_goes() {
    struct Whole {
        name: String,
        citizen: Citizen,
    }
    let census = Census::new();
    let whole = |n: u64| Whole { name: format!("number {n}"), citizen: census.citizen(n) };
    let value = MemoryValue::with_value(whole(1));
    let version = value.version();
    let name: MappedRef<'_, str> = value.borrow().unwrap().map(|whole| whole.name.as_str());
    let citizen = value.borrow().unwrap().map(|whole| &whole.citizen);
    value.set(whole(2));
    assert_eq!((&*name, citizen.data(), name.version(), census.alive()), ("number 1", 1, version, 2));
    assert_eq!((format!("{name}"), format!("{name:?}")), ("number 1".into(), "\"number 1\"".into()));
    let digit = name.map(|name| &name.as_bytes()[7]);
    drop(citizen);
    assert_eq!((*digit, digit.version(), census.alive()), (b'1', version, 2));
    std::thread::scope(|scope| scope.spawn(move || drop(digit)).join().unwrap());
    assert_eq!(census.alive(), 1, "the last part has dropped the whole");
    let mut watcher = value.watch();
    let new = watcher.borrow_and_update().unwrap().map(|whole| &whole.citizen);
    assert_eq!(new.data(), 2);
}

/// Whatever is chosen, the data is borrowed no longer afterwards.
pub fn p1_a_panic_while_a_part_is_chosen_lets_go_of_the_data() {
    let census = Census::new();
    let value = MemoryValue::with_value((census.citizen(1), 0_u8));
    let borrowed = value.borrow().unwrap();
    let part = value.borrow().unwrap().map(|data| &data.0);
    value.set((census.citizen(2), 0));
    assert!(panics(|| borrowed.map(|_| -> &u8 { panic!("on purpose") })));
    assert_eq!(census.alive(), 2, "the other part is left");
    assert!(panics(|| part.map(|_| -> &u8 { panic!("on purpose") })));
    assert_eq!(census.alive(), 1);
}

/// A clone shares the data, and each of them keeps it.
pub fn v6_snapshots_share_their_data() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let snapshot = value.borrow().unwrap().detach();
    let copies: Vec<_> = (0..10).map(|_| snapshot.clone()).collect();
    value.set(census.citizen(2));
    assert!(copies.iter().all(|copy| (copy.data(), copy.version()) == (1, snapshot.version())));
    drop(snapshot);
    assert_eq!(census.alive(), 2);
    drop(value);
    assert_eq!(census.alive(), 2, "the value's memory is kept");
    let mut copies = copies;
    let last = copies.pop().unwrap().try_into_inner().expect_err("the others share it");
    drop(copies);
    let moved = last.try_into_inner().unwrap();
    assert_eq!((moved.data(), census.alive(), census.made()), (1, 1, 2));
    drop(moved);
    census.assert_each_was_dropped_once();
}

/// Only what nobody else can read.
pub fn v6_data_is_moved_out_only_if_nobody_else_can_read_it() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let current = value.borrow().unwrap().detach();
    let current = current.try_into_inner().expect_err("it is current");
    let weak = value.downgrade();
    let reader = value.reader();
    drop(value);
    let current = current.try_into_inner().expect_err("a reader can read it");
    drop(reader);
    // A weak handle cannot become another one any more.
    assert_eq!(current.try_into_inner().unwrap().data(), 1);
    assert!(weak.upgrade().is_none());
    census.assert_each_was_dropped_once();

    // One that was replaced, in a value that has gone.
    let value = MemoryValue::with_value(census.citizen(2));
    let replaced = value.swap(census.citizen(3)).unwrap();
    drop(value);
    assert_eq!(replaced.try_into_inner().unwrap().data(), 2);
    census.assert_each_was_dropped_once();

    // The slot is free again, many times over.
    let value = MemoryValue::with_value(census.citizen(4));
    for n in 5..100 {
        let old = value.swap(census.citizen(n)).unwrap();
        assert_eq!(old.try_into_inner().unwrap().data(), n - 1);
    }
    drop(value);
    census.assert_each_was_dropped_once();
}

/// Other guards print their data and nothing else.
pub fn guards_print_their_data() {
    let value = MemoryValue::with_value(vec![1, 2]);
    let borrowed = value.borrow().unwrap();
    assert_eq!(format!("{borrowed:?}"), "[1, 2]");
    assert_eq!(format!("{borrowed:#?}"), format!("{:#?}", [1, 2]));
    let snapshot = Ref::detach(borrowed);
    assert_eq!(format!("{snapshot:?}"), "[1, 2]");
    let text = MemoryValue::with_value("text");
    assert_eq!(format!("{:>6}", text.borrow().unwrap().detach()), "  text");
}

/// They need nothing of the data but what is done with it.
pub fn data_of_one_thread_can_be_borrowed_and_kept() {
    let value = MemoryValue::with_value(Rc::new(1));
    let snapshot = value.swap(Rc::new(2)).unwrap();
    let copy = snapshot.clone();
    assert_eq!((**snapshot, **copy), (1, 1));
    drop(copy);
    assert_eq!(Rc::strong_count(&snapshot.try_into_inner().unwrap()), 1);
}

/// Of two threads that try to move the same data out at the same time, one succeeds or neither does.
pub fn v6_two_threads_do_not_move_the_same_data_out() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(0)));
    for n in 1..300 {
        let old = value.swap(census.citizen(n)).unwrap();
        let copy = old.clone();
        let thread = std::thread::spawn(move || copy.try_into_inner().is_ok());
        let here = old.try_into_inner().is_ok();
        let there = thread.join().unwrap();
        assert!(!(here && there));
        assert_eq!(census.alive(), 1);
    }
}
