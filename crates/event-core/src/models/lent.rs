//! The models of the cell and of the waker list on storage that is lent, and those of a space: its first use, and when it is full.

use alloc::boxed::Box;
use core::ops::Deref;
use core::ptr::NonNull;
use core::task::Poll;

use super::cell::{
    pinned_across_two_sets_of, there_is_room_in, two_readers_leave_a_replaced_slot_of, two_writers_and_a_reader_of,
    writer_and_reader_of,
};
use super::{Bell, Census, Citizen, Effort, explore, on_lent_storage, thread, wakers};
use crate::cell::{Cell, LentSlots};
use crate::memory::{MemoryValue, SetError, Space};
use crate::sync::Arc;
use crate::traits::Watcher;
use crate::wakers::{LentNodes, WakerList};

/// Three nodes that have a bit in the root, and three that have none.
pub(super) struct SomeNodes(NonNull<LentNodes<3>>);

// SAFETY: like a box of them.
unsafe impl Send for SomeNodes {}
// SAFETY: as above.
unsafe impl Sync for SomeNodes {}

impl SomeNodes {
    /// With a list that has nothing else, and goes when they do.
    pub(super) fn with_list() -> (WakerList, Self) {
        let (list, nodes) = (WakerList::new(true), NonNull::from(Box::leak(Box::new(LentNodes::new()))));
        // SAFETY: they stay until `drop`.
        list.lend_more(unsafe { nodes.as_ref() });
        (list, Self(nodes))
    }
}

impl Drop for SomeNodes {
    fn drop(&mut self) {
        // SAFETY: from a box in `with_list`, and nobody uses the list any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// A cell on slots that are lent, until it goes.
struct Lent<const COUNT: usize> {
    cell: Cell<Citizen>,
    slots: NonNull<LentSlots<Citizen, COUNT>>,
}

// SAFETY: like a box of the slots.
unsafe impl<const COUNT: usize> Send for Lent<COUNT> {}
// SAFETY: as above.
unsafe impl<const COUNT: usize> Sync for Lent<COUNT> {}

impl<const COUNT: usize> Lent<COUNT> {
    fn new() -> Self {
        let (cell, slots) = (Cell::new(true), NonNull::from(Box::leak(Box::new(LentSlots::new()))));
        // SAFETY: they stay until `drop`.
        cell.lend(unsafe { slots.as_ref() });
        Self { cell, slots }
    }
}

impl<const COUNT: usize> Deref for Lent<COUNT> {
    type Target = Cell<Citizen>;

    fn deref(&self) -> &Cell<Citizen> {
        &self.cell
    }
}

impl<const COUNT: usize> Drop for Lent<COUNT> {
    fn drop(&mut self) {
        // SAFETY: from a box in `new`, and the cell, which goes next, does not look at them any more.
        drop(unsafe { Box::from_raw(self.slots.as_ptr()) });
    }
}

#[test]
fn a_writer_and_a_reader() {
    explore(Effort { preemptions: 4, at_least: 2_000 }, || writer_and_reader_of(Lent::<0>::new()));
}

#[test]
fn two_writers_with_a_reader() {
    explore(Effort { preemptions: 3, at_least: 2_000 }, || two_writers_and_a_reader_of(Lent::<1>::new()));
}

#[test]
fn a_reader_that_pins_across_two_sets() {
    explore(Effort { preemptions: 4, at_least: 2_000 }, || pinned_across_two_sets_of(Lent::<1>::new()));
}

#[test]
fn two_readers_that_leave_a_replaced_slot() {
    explore(Effort { preemptions: 3, at_least: 2_000 }, || two_readers_leave_a_replaced_slot_of(Lent::<1>::new()));
}

/// Each of two writers finds a slot, and the reader keeps one of five.
#[test]
fn two_writers_and_a_reader_for_which_there_is_room() {
    explore(Effort { preemptions: 1, at_least: 1_000 }, || there_is_room_in(Lent::<2>::new()));
}

#[test]
fn a_watcher_and_its_setters() {
    for model in [wakers::one_setter, wakers::two_setters, wakers::changing_wakers] {
        explore(Effort { preemptions: 3, at_least: 50 }, move || on_lent_storage(model));
    }
}

#[test]
fn a_watcher_that_goes_while_setters_wake() {
    explore(Effort { preemptions: 3, at_least: 1_000 }, || on_lent_storage(wakers::drop_while_a_setter_wakes));
}

#[test]
fn watchers_below_a_directory() {
    explore(Effort { preemptions: 3, at_least: 50 }, || on_lent_storage(wakers::watcher_in_a_directory));
    explore(Effort { preemptions: 2, at_least: 80 }, || on_lent_storage(wakers::neighbours_in_a_directory));
}

/// A space for one run of a model, and the value in it, which was not used yet.
struct InSpace<const BORROWS: usize> {
    value: MemoryValue<Citizen>,
    space: NonNull<Space<Citizen, 1, BORROWS>>,
}

// SAFETY: like a box of the space.
unsafe impl<const BORROWS: usize> Send for InSpace<BORROWS> {}
// SAFETY: as above.
unsafe impl<const BORROWS: usize> Sync for InSpace<BORROWS> {}

impl<const BORROWS: usize> InSpace<BORROWS> {
    fn new() -> Arc<Self> {
        let space = NonNull::from(Box::leak(Box::new(Space::new())));
        // SAFETY: it is leaked until `end`.
        let value = MemoryValue::in_space(unsafe { space.as_ref() });
        Arc::new(Self { value, space })
    }

    fn further_handle(&self) -> MemoryValue<Citizen> {
        // SAFETY: it is leaked until `end`.
        MemoryValue::in_space(unsafe { self.space.as_ref() })
    }

    /// # Safety
    ///
    /// Nothing else of the value is left.
    unsafe fn end(this: Arc<Self>) {
        let space = this.space;
        drop(this);
        // SAFETY: from a box in `new`, and nobody looks at it any more.
        drop(unsafe { Box::from_raw(space.as_ptr()) });
    }
}

/// Two use it for the first time, one by setting and one by watching: both find the same value, which has one handle.
fn first_use() {
    let census = Census::new();
    let home = InSpace::<0>::new();
    let setter = thread::spawn({
        let (home, data) = (Arc::clone(&home), census.citizen(1));
        move || _ = home.value.set(data)
    });
    let bell = Bell::new();
    let mut watcher = home.value.try_watch().unwrap();
    let mut polled = bell.poll(|cx| watcher.poll_get(cx));
    setter.join().unwrap();
    if polled.is_pending() {
        assert!(bell.rung() > 0, "a lost wake-up");
        polled = bell.poll(|cx| watcher.poll_get(cx));
    }
    assert!(matches!(polled, Poll::Ready(Ok(data)) if data.checked_number() == 1));
    assert_eq!((home.value.handle_count(), home.value.watcher_count()), (1, 1));
    assert!(home.value.try_watch().is_err(), "there is room for one watcher");
    drop(watcher);
    // SAFETY: the watcher has gone, and the other thread has ended.
    unsafe { InSpace::end(home) };
    assert_eq!((census.alive(), bell.wakers()), (0, 0));
}

#[test]
fn two_that_use_a_value_in_a_space_for_the_first_time() {
    explore(Effort { preemptions: 3, at_least: 200 }, first_use);
}

/// A further handle is used while the first one becomes the only producer: it is counted before, or refused.
fn further_handle_and_writer() {
    let home = InSpace::<0>::new();
    let census = Census::new();
    home.value.set(census.citizen(1));
    let first = home.value.clone();
    let other = thread::spawn({
        let further = home.further_handle();
        move || further.handle_count()
    });
    // Looking at it is not using it.
    assert_eq!(other.join().unwrap(), 1);
    let using = thread::spawn({
        let (further, data) = (home.further_handle(), census.citizen(2));
        move || {
            further.set(data);
            further.load().map(|data| data.checked_number())
        }
    });
    assert!(first.into_writer().is_err(), "there are others");
    assert_eq!(using.join().unwrap(), Some(2));
    assert_eq!(home.value.handle_count(), 1);
    // SAFETY: all others have gone.
    unsafe { InSpace::end(home) };
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_further_handle_to_the_value_in_a_space() {
    explore(Effort { preemptions: 3, at_least: 50 }, further_handle_and_writer);
}

/// One borrows, two set three slots: whoever finds none gets his data back, and nothing else is lost.
fn full() {
    let census = Census::new();
    let home = InSpace::<0>::new();
    home.value.set(census.citizen(1));
    let borrowed = home.value.borrow().unwrap();
    let setter = thread::spawn({
        let (home, data) = (Arc::clone(&home), census.citizen(2));
        move || home.value.try_set(data).is_ok()
    });
    let mine = home.value.try_set(census.citizen(3));
    let other = setter.join().unwrap();
    assert!(other || mine.is_ok(), "there is a slot for one");
    let newest = home.value.load().unwrap().checked_number();
    match mine {
        Ok(_) => assert!(newest == 3 || newest == 2 && other),
        Err(error) => {
            assert!(matches!(error, SetError::Full(data) if data.checked_number() == 3));
            assert_eq!(newest, 2);
        }
    }
    assert_eq!(borrowed.checked_number(), 1);
    drop(borrowed);
    assert_eq!(census.alive(), 1);
    assert!(home.value.try_set(census.citizen(4)).is_ok());
    // SAFETY: all others have gone.
    unsafe { InSpace::end(home) };
    assert_eq!(census.alive(), 0);
}

#[test]
fn two_sets_into_a_space_that_has_room_for_one() {
    explore(Effort { preemptions: 3, at_least: 100 }, full);
}
