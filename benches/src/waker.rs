//! The waker of the rows that poll by hand: real, counted like any task's, and as cheap as that
//! allows.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Waker;

/// Counts how often it was woken. Cloning and dropping its wakers counts references, as with the
/// task of any executor.
#[derive(Debug, Default)]
pub struct CountingWaker {
    wakes: AtomicU64,
}

impl CountingWaker {
    /// A counter, and the waker that it counts.
    #[must_use]
    pub fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&counter));
        (counter, waker)
    }

    /// How often it was woken.
    pub fn wakes(&self) -> u64 {
        // Ordering: the rows that use this have one thread.
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A load and a store instead of one addition: it is cheaper, and there is one thread.
        // Ordering: for the same reason.
        self.wakes.store(self.wakes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}
