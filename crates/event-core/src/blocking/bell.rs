//! A bell for each who waits.

use core::task::Waker;

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Wake, WakeArc};

pub(super) struct Bell(WakeArc<Rung>);

/// Whether somebody has called the waker.
struct Rung(AtomicBool);

impl Bell {
    pub(super) fn new() -> Self {
        Self(WakeArc::new(Rung(AtomicBool::new(false))))
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::from(WakeArc::clone(&self.0))
    }

    /// The wake-ups until now are going to be looked after.
    pub(super) fn answer(&mut self) {
        // Ordering: Acquire, partner: `ring`. The poll sees what the wake-ups were about that this takes away. A store
        // might take one away unseen, which came after the load in `is_rung`: its data need not be visible to the poll.
        self.0.0.swap(false, Ordering::Acquire);
    }

    /// Whether there was a wake-up since.
    pub(super) fn is_rung(&self) -> bool {
        // Ordering: Relaxed. The swap acquires.
        self.0.0.load(Ordering::Relaxed)
    }
}

impl Rung {
    fn ring(&self) {
        // Ordering: Release, partner: the swap in `answer`. A swap as well, since a store would end the release
        // sequence of another waker that has rung before, and so hide its data.
        self.0.swap(true, Ordering::Release);
    }
}

#[cfg(not(feature = "portable-atomic"))]
impl Wake for Rung {
    fn wake(self: WakeArc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &WakeArc<Self>) {
        self.ring();
    }
}

/// The same, for a `Wake` that cannot have its own kind of `Arc` for `self`: only that of the standard library may.
#[cfg(feature = "portable-atomic")]
impl Wake for Rung {
    fn wake(this: WakeArc<Self>) {
        this.ring();
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        this.ring();
    }
}
