//! Faults on purpose: `ci/sanitizers.sh` runs these to see that its sanitizers find them, and that they find nothing in the twins.
//!
//! `planted race | no-race | leak | no-leak | use-after-drop | past-the-end`

use core::cell::UnsafeCell;
use core::hint::{black_box, spin_loop};
use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use event_core::MemoryValue;

/// Data that one thread writes and another one reads, if it happens to be later.
struct Unguarded(UnsafeCell<u64>);

// SAFETY: not so in `race`, which is what it is for. In `no-race` a value orders the two accesses.
unsafe impl Sync for Unguarded {}

impl Unguarded {
    fn write(&self) {
        // SAFETY: as above.
        unsafe { *self.0.get() = 1 };
    }

    fn read(&self) -> u64 {
        // SAFETY: as above.
        unsafe { *self.0.get() }
    }
}

/// The flag says that the data is there, but orders nothing.
fn race() {
    let (data, written) = (Unguarded(UnsafeCell::new(0)), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.write();
            written.store(true, Ordering::Relaxed);
        });
        while !written.load(Ordering::Relaxed) {
            spin_loop();
        }
        black_box(data.read());
    });
}

/// The same, but a value says that the data is there: a read that returns what was set comes after what the setter did before.
fn no_race() {
    let (data, written) = (Unguarded(UnsafeCell::new(0)), MemoryValue::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            data.write();
            written.set(true);
        });
        while !written.is_set() {
            spin_loop();
        }
        black_box(data.read());
    });
}

fn main() {
    let value = MemoryValue::with_value(Box::new(1_u64));
    match std::env::args().nth(1).as_deref() {
        Some("race") => race(),
        Some("no-race") => no_race(),
        // With it goes the memory of the value.
        Some("leak") => mem::forget(value.borrow().map(|data| data.detach())),
        Some("no-leak") => drop(value.borrow().map(|data| data.detach())),
        Some("use-after-drop") => {
            let borrowed = value.borrow().expect("it was set");
            let data = &raw const **borrowed;
            drop(borrowed);
            value.set(Box::new(2));
            // SAFETY: none, on purpose: the set has dropped it.
            black_box(unsafe { *data });
        }
        Some("past-the-end") => {
            let numbers = black_box([1, 2, 3]);
            // SAFETY: none, on purpose: there are three.
            black_box(unsafe { numbers.get_unchecked(black_box(3)) });
        }
        _ => panic!("planted race | no-race | leak | no-leak | use-after-drop | past-the-end"),
    }
}
