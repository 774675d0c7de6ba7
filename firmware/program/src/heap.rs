//! The heap, which takes note of who uses it.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;

use embedded_alloc::LlffHeap;
use portable_atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::machine;

/// Of the 16 KiB that the smallest machine has.
const SIZE: usize = 8 * 1024;

static mut MEMORY: MaybeUninit<[u8; SIZE]> = MaybeUninit::uninit();

struct Heap {
    inner: LlffHeap,
    in_interrupts: AtomicU32,
    used: AtomicUsize,
    most_used: AtomicUsize,
}

#[global_allocator]
static HEAP: Heap = Heap {
    inner: LlffHeap::empty(),
    in_interrupts: AtomicU32::new(0),
    used: AtomicUsize::new(0),
    most_used: AtomicUsize::new(0),
};

/// Called once, before anything is allocated.
pub fn start() {
    let memory = (&raw mut MEMORY).expose_provenance();
    // SAFETY: called once, and nobody else uses `MEMORY`.
    unsafe { HEAP.inner.init(memory, SIZE) };
}

/// How often memory was allocated or freed by an interrupt handler.
pub fn uses_in_interrupts() -> u32 {
    // Ordering: Relaxed, here and below. Numbers, on one processor.
    HEAP.in_interrupts.load(Ordering::Relaxed)
}

/// How many bytes are in use, and how many were at most.
pub fn used() -> (usize, usize) {
    (HEAP.used.load(Ordering::Relaxed), HEAP.most_used.load(Ordering::Relaxed))
}

impl Heap {
    fn note_use(&self) {
        if machine::in_interrupt() {
            self.in_interrupts.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: `inner` does it all.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note_use();
        let used = self.used.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.most_used.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller vouches for what `inner` demands.
        unsafe { self.inner.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.note_use();
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller vouches for what `inner` demands.
        unsafe { self.inner.dealloc(pointer, layout) };
    }
}
