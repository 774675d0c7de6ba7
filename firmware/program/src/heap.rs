//! The values are on the heap, which takes note of who uses it.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;

use embedded_alloc::LlffHeap;
use event_core::{MemoryValue, MemoryWatcher};
use portable_atomic::{AtomicU32, AtomicUsize, Ordering};
use semihosting::println;

use crate::{machine, report};

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

/// In the summary.
pub const NAME: &str = "";

/// A value for the program.
macro_rules! value {
    ($T:ty, $watchers:literal, $borrows:literal) => {
        event_core::MemoryValue::<$T>::new()
    };
}
pub(crate) use value;

/// With interrupts that come in the middle of whatever a watcher may do, this is room for all of them.
pub fn reserve<T>(value: &MemoryValue<T>) {
    if cfg!(feature = "break-alloc") {
        return;
    }
    value.reserve(8, 4);
}

/// Prints what a value takes.
pub fn measure() {
    println!("  a value: {} bytes, a watcher: {}", size_of::<MemoryValue<u32>>(), size_of::<MemoryWatcher<u32>>());
    let before = used().0;
    let print = |what| println!("  {what}: {} bytes of heap", used().0 - before);
    let value = MemoryValue::with_value(0_u32);
    print("a value in use");
    let watcher = value.watch();
    print("with a watcher");
    drop(watcher);
    value.reserve(8, 4);
    print("with room for 8 watchers and 4 borrows");
}

/// Prints what the program took.
pub fn report() {
    println!("  heap: {} bytes at most", used().1);
}

pub fn check() {
    report::check("nothing was allocated or freed in an interrupt", uses_in_interrupts() == 0);
}

/// How often memory was allocated or freed by an interrupt handler.
fn uses_in_interrupts() -> u32 {
    // Ordering: Relaxed, here and below. Numbers, on one processor.
    HEAP.in_interrupts.load(Ordering::Relaxed)
}

/// How many bytes are in use, and how many were at most.
fn used() -> (usize, usize) {
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
