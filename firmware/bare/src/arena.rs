//! The heap: an arena, of which nothing is given back.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 64 * 1024;

#[repr(align(4096))]
struct Memory(#[allow(dead_code, reason = "it is reached by its address")] [u8; SIZE]);

static mut MEMORY: Memory = Memory([0; SIZE]);

struct Arena {
    used: AtomicUsize,
}

#[global_allocator]
static ARENA: Arena = Arena { used: AtomicUsize::new(0) };

// SAFETY: parts of `MEMORY`, each given out once. The arena's alignment is as great as any that is asked for here.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let place = |used: usize| {
            let start = used.next_multiple_of(layout.align());
            start.checked_add(layout.size()).filter(|&end| end <= SIZE && layout.align() <= align_of::<Memory>())
        };
        let memory = (&raw mut MEMORY).cast::<u8>();
        // Ordering: Relaxed, both. Only the number matters; the memory was never used before.
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, place) {
            // SAFETY: `place` saw to it that it lies inside.
            Ok(used) => unsafe { memory.add(used.next_multiple_of(layout.align())) },
            Err(_) => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
