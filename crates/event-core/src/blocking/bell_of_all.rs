//! Without a heap: one bell for all who wait. A watcher keeps the last waker after the wait, so a bell has to live for ever. Who hears it
//! looks, whoever was meant.

use core::ptr;
use core::task::{RawWaker, RawWakerVTable, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering};

/// How often it was rung, modulo 2^32 on small machines: as many rings between two looks do not exist.
static RINGS: AtomicUsize = AtomicUsize::new(0);

/// What one who waits has heard.
pub(super) struct Bell(usize);

impl Bell {
    pub(super) fn new() -> Self {
        Self(0)
    }

    pub(super) fn waker(&self) -> Waker {
        // SAFETY: the functions of `RING` do nothing with the pointer, may be called anywhere, and have nothing to count.
        unsafe { Waker::from_raw(RING_ALL) }
    }

    /// The wake-ups until now are going to be looked after.
    pub(super) fn answer(&mut self) {
        // Ordering: Acquire, partner: `ring`. The poll sees what the wake-ups were about.
        self.0 = RINGS.load(Ordering::Acquire);
    }

    /// Whether there was a wake-up since.
    pub(super) fn is_rung(&self) -> bool {
        // Ordering: Relaxed. The load in `answer` acquires.
        RINGS.load(Ordering::Relaxed) != self.0
    }
}

const RING_ALL: RawWaker = RawWaker::new(ptr::null(), &RING);

static RING: RawWakerVTable = RawWakerVTable::new(|_| RING_ALL, ring, ring, |_| {});

fn ring(_: *const ()) {
    // Ordering: Release, partner: `answer`. As a read-modify-write it continues the release sequence of those who have rung before.
    RINGS.fetch_add(1, Ordering::Release);
}
