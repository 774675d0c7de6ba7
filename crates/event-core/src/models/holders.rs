//! Models of those who hold what the handles of a value share: the last one drops it, after everything that the others did.

use super::{Census, Citizen, Effort, explore, thread};
use crate::memory::MemoryValue;
use crate::sync::UnsafeCell;

/// Data that notices when it is dropped before everybody is done with it. A pin orders its reader with who replaces the data, but not
/// with who drops all of it.
struct Watched {
    looked_at: UnsafeCell<u32>,
    _citizen: Citizen,
}

impl Watched {
    fn new(census: &Census) -> Self {
        Self { looked_at: UnsafeCell::new(7), _citizen: census.citizen(1) }
    }

    fn look(&self) {
        // SAFETY: it is mutated when it is dropped only.
        self.looked_at.with(|number| assert_eq!(unsafe { *number }, 7));
    }
}

// SAFETY: as in `look`.
unsafe impl Sync for Watched {}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: `&mut self`.
        self.looked_at.with_mut(|number| unsafe { *number = 0 });
    }
}

fn a_reader_and_the_last_handle() {
    let census = Census::new();
    let value = MemoryValue::with_value(Watched::new(&census));
    let reader = value.reader();
    let other = thread::spawn(move || {
        reader.borrow().expect("there is data").look();
        drop(reader);
    });
    drop(value);
    other.join().unwrap();
    assert_eq!(census.alive(), 0);
}

#[test]
fn whoever_goes_last_drops_the_data_when_the_other_one_has_read_it() {
    explore(Effort { preemptions: 3, at_least: 20 }, a_reader_and_the_last_handle);
}

fn an_upgrade_and_the_last_handle() {
    let census = Census::new();
    let value = MemoryValue::with_value(Watched::new(&census));
    let weak = value.downgrade();
    let other = thread::spawn(move || {
        if let Some(value) = weak.upgrade() {
            value.borrow().expect("there is data").look();
        }
    });
    drop(value);
    other.join().unwrap();
    assert_eq!(census.alive(), 0);
}

#[test]
fn an_upgrade_is_in_time_or_finds_nothing() {
    explore(Effort { preemptions: 3, at_least: 30 }, an_upgrade_and_the_last_handle);
}

fn a_snapshot_that_is_alone_and_an_upgrade() {
    let census = Census::new();
    let value = MemoryValue::with_value(Watched::new(&census));
    let (weak, snapshot) = (value.downgrade(), value.borrow().expect("there is data").detach());
    let other = thread::spawn(move || {
        drop(value);
        assert!(weak.upgrade().is_none());
    });
    if let Ok(data) = snapshot.try_into_inner() {
        data.look();
        assert_eq!(census.alive(), 1);
    }
    other.join().unwrap();
    assert_eq!(census.alive(), 0);
}

#[test]
fn what_is_taken_out_of_a_dropped_value_is_taken_once() {
    explore(Effort { preemptions: 3, at_least: 30 }, a_snapshot_that_is_alone_and_an_upgrade);
}
