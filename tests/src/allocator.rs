//! An allocator that counts, for each thread apart from the others, so that tests may run side by side.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator, counting. A test binary that wants to count makes it its `#[global_allocator]`.
#[derive(Debug)]
pub struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// How often this thread has allocated memory or had it enlarged.
#[must_use]
pub fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// How many bytes this thread has allocated and not freed. What another thread frees counts there.
#[must_use]
pub fn live_bytes() -> i64 {
    LIVE_BYTES.get()
}

/// How often `f` allocates on this thread.
pub fn allocations_of<R>(f: impl FnOnce() -> R) -> u64 {
    let before = allocations();
    f();
    allocations() - before
}

fn count(allocations: u64, bytes: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    LIVE_BYTES.set(LIVE_BYTES.get() + bytes);
}

fn size(layout: Layout) -> i64 {
    i64::try_from(layout.size()).expect("a layout's size fits an isize")
}

// SAFETY: all is left to the system's allocator. The counters are constants at first and have no destructors, so that
// counting neither allocates nor fails, at no time in a thread's life.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, size(layout));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, size(layout));
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let new = i64::try_from(new_size).expect("the caller promised that it fits an isize");
        count(1, new - size(layout));
        // SAFETY: as the caller promised.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -size(layout));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }
}
