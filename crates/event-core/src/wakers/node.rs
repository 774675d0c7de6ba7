//! One watcher's place: its waker, and who may look at it.

use core::task::Waker;

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU32, Ordering};

/// A place for a waker.
///
/// Setting the node's armed bit *issues a ticket*; whoever clears the bit has it. A setter that has a ticket may read
/// the waker until it *returns* the ticket. The owner may write the waker when its bit is clear and all tickets are
/// back.
///
/// | `returned` | means |
/// |---|---|
/// | equals `issued` | nobody but the owner looks at the waker |
/// | less than `issued` | the bit is set, or that many setters may be reading |
/// | with `ORPHAN` | the owner has gone; whoever returns the last ticket frees the node |
pub(super) struct Node {
    waker: UnsafeCell<Option<Waker>>,
    /// Tickets issued, in units of `TICKET`, modulo 2^32, and `LEAVING`. Only the owner writes it.
    issued: AtomicU32,
    /// Tickets returned, likewise, and `ORPHAN`.
    returned: AtomicU32,
}

// SAFETY: the rules above: the waker, which is `Send + Sync`, is mutated only by the owner while nobody else has a
// ticket, or by whoever frees the node.
unsafe impl Sync for Node {}

const ORPHAN: u32 = 1;
/// The owner is about to give the node back, or has done so, and there is no new owner yet.
const LEAVING: u32 = 1;
const TICKET: u32 = 2;

impl Node {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self { waker: UnsafeCell::new(None), issued: AtomicU32::new(0), returned: AtomicU32::new(0) }
        }
    }

    /// Whether the stored waker wakes the same task as `waker`.
    ///
    /// # Safety
    ///
    /// The caller is the node's owner.
    #[inline]
    pub(super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.with(|stored| {
            // SAFETY: only the owner writes, and the owner is here.
            let stored = unsafe { (*stored).as_ref() };
            stored.is_some_and(|stored| stored.will_wake(waker))
        })
    }

    /// Exchanges the waker. The caller drops the old one when it holds nothing any more.
    ///
    /// # Safety
    ///
    /// 1. The caller is the node's owner.
    /// 2. [`all_returned`](Self::all_returned) was true, and no ticket was issued since.
    pub(super) unsafe fn replace_waker(&self, waker: Option<Waker>) -> Option<Waker> {
        self.waker.with_mut(|stored| {
            // SAFETY: nobody else has a ticket, so nobody else looks.
            unsafe { core::ptr::replace(stored, waker) }
        })
    }

    /// Wakes the task.
    ///
    /// # Safety
    ///
    /// The caller has a ticket.
    #[inline]
    pub(super) unsafe fn wake(&self) {
        let waker = self.waker.with(|stored| {
            // SAFETY: the caller has a ticket, so nobody writes until it is returned.
            unsafe { (*stored).as_ref() }
        });
        if let Some(waker) = waker {
            // User code. It may panic, and it may poll or drop this very watcher: the ticket keeps the waker in place.
            waker.wake_by_ref();
        }
    }

    /// The owner set the bit.
    #[inline]
    pub(super) fn issue(&self) {
        // Ordering: Relaxed. Only the owner writes; a setter reads it after `ORPHAN`, which releases it.
        let issued = self.issued.load(Ordering::Relaxed);
        self.issued.store(issued.wrapping_add(TICKET), Ordering::Relaxed);
    }

    /// The owner cleared the bit itself.
    #[inline]
    pub(super) fn withdraw(&self) {
        // Ordering: Relaxed, as in `issue`.
        let issued = self.issued.load(Ordering::Relaxed);
        self.issued.store(issued.wrapping_sub(TICKET), Ordering::Relaxed);
    }

    /// Whether no setter has a ticket. To be asked by the owner, while the bit is clear.
    #[inline]
    pub(super) fn all_returned(&self) -> bool {
        // Ordering: Acquire, partner: `give_back`. The setters' reads of the waker happen before we write it.
        // Relaxed: our own.
        self.returned.load(Ordering::Acquire) == self.issued.load(Ordering::Relaxed) & !LEAVING
    }

    /// The owner goes. Says whether it has to free the node; else the last ticket does.
    #[inline]
    pub(super) fn orphan(&self) -> bool {
        // Ordering: AcqRel, partner: `give_back`. Release: whoever returns the last ticket sees `issued` and all that the
        // owner did. Acquire: if all are back, their reads happen before the node is freed. Relaxed: our own.
        self.returned.fetch_or(ORPHAN, Ordering::AcqRel) == self.issued.load(Ordering::Relaxed) & !LEAVING
    }

    /// A setter is done with the waker. Says whether it has to free the node.
    #[inline]
    pub(super) fn give_back(&self) -> bool {
        // Ordering: AcqRel, partners: `all_returned`, `orphan`, and other setters' `give_back`. Release: our read of the waker
        // happens before it is written. Acquire: if we are the last, everyone else's does as well.
        let before = self.returned.fetch_add(TICKET, Ordering::AcqRel);
        // Ordering: Relaxed. Ordered by the Acquire above; without `ORPHAN` it is not looked at.
        before & ORPHAN != 0 && before.wrapping_add(TICKET) & !ORPHAN == self.issued.load(Ordering::Relaxed) & !LEAVING
    }

    /// The node has a new owner, who may have found an orphan.
    #[inline]
    pub(super) fn adopt(&self) {
        // Ordering: Relaxed, all. Our own since the node was claimed, which acquired it; for `is_leaving` see `CountThenLook`.
        let issued = self.issued.load(Ordering::Relaxed) & !LEAVING;
        self.issued.store(issued, Ordering::Relaxed);
        self.returned.store(issued, Ordering::Relaxed);
    }

    /// The owner is about to give the node back.
    #[inline]
    pub(super) fn leave(&self) {
        // Ordering: Relaxed, both. Only the owner writes; for `is_leaving` see `CountThenLook`.
        let issued = self.issued.load(Ordering::Relaxed);
        self.issued.store(issued | LEAVING, Ordering::Relaxed);
    }

    /// Whether the last owner has gone or is about to go, and there is no new one yet.
    #[cfg(feature = "alloc")]
    pub(super) fn is_leaving(&self) -> bool {
        // Ordering: Relaxed. Nothing but the bit is looked at, and how recent it is the caller sees to.
        self.issued.load(Ordering::Relaxed) & LEAVING != 0
    }

    /// Hands out the waker of a node that is to be freed, to be dropped. An orphan remains one until it is
    /// [adopted](Self::adopt).
    ///
    /// # Safety
    ///
    /// The caller has to free the node, by the word of [`orphan`](Self::orphan) or [`give_back`](Self::give_back), or
    /// is its owner and [`all_returned`](Self::all_returned).
    #[inline]
    pub(super) unsafe fn clear(&self) -> Option<Waker> {
        // SAFETY: the owner has gone and all tickets are back.
        self.waker.with_mut(|stored| unsafe { core::ptr::replace(stored, None) })
    }
}
