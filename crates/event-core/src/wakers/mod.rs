//! The waker list: who wants to be woken at the next change.
//!
//! # Roles
//!
//! Every watcher *owns* a *node*, which stores a waker. Bits say which nodes are *armed*: in the *root* for the first few nodes,
//! in a leaf's word for the others, whose directory and, above it, the root then say where to look. A *setter*, having
//! published, takes the bits and wakes. Wakes are hints; the version decides.
//!
//! The root is a few bits of a word. For the watchers of a value, that is the cell's word, which says what is in force; the
//! nodes are [`Nodes`]. Those who wait for something else have a [`WakerList`], which has a root of its own.
//!
//! # Watcher path
//!
//! [`prepare`](Nodes::prepare): see that the node stores the right waker; for a node that has no bit in the root, set its bit in the
//! leaf, and see that the directory's bit is set, in this order. Then the root's bit, by an exchange with the word that was
//! looked at: it fails if anything was published since. For those who have no bit of their own there, that look comes after
//! the levels below are done. If the stored waker already wakes the task, which is the rule, this costs one atomic
//! read-modify-write; and none if the bit is set already.
//!
//! # Setter path
//!
//! The exchange that publishes takes the bits of the root: no bits, done. Else [`wake`](Nodes::wake): take each directory's
//! summary, each named leaf's word, level by level, by swapping with 0, and wake every node whose bit was taken.
//!
//! # Collision
//!
//! *Arm and publish.* Both exchange one word. The watcher's bit is in the word that the setter replaces, or the watcher finds that
//! its exchange fails. With a root of its own there are two words instead: the one who waits sets the bit, then looks
//! whether it still has to wait; the other one changes that, then looks at the root. Both sides are `SeqCst`, so one sees the
//! other.
//!
//! *Climb and descend.* The watcher sets a bit, then sees to the level above; the setter takes the word above, then the one
//! below. Both use read-modify-writes on the lower word: either the setter's comes later and takes the bit, or the
//! watcher's comes later, has acquired what the setter did before, and finds the bit above cleared, or the new version. A watcher
//! that finds a bit above set relies on the setter that will take it; so that this cannot be one which has been
//! interrupted half-way down, the watcher looks at every level up to the root, each time.
//!
//! *Link and descend.* A watcher adds a directory, then finds that the bits above are set, by another watcher, and that nothing was
//! published; the setter publishes, then looks which directories there are. They exchange no word. So both the link and the look
//! at it are `SeqCst`, like the publication and the look at that: the setter finds the directory, or the watcher finds
//! what was published. Leaves need no such thing: their watchers set a bit in the directory, of which no other leaf's watcher
//! makes use.
//!
//! *Changing a waker while setters read it.* Whoever takes an armed bit has a *ticket* to read that node's waker,
//! and returns it. If a ticket is out when another waker has to be stored, the watcher moves to another node and leaves
//! the old one to the last ticket. So nobody waits, and a watcher polled by an interrupt handler makes progress though
//! the setter that it interrupted is half-way through waking it. Re-arming with the same waker needs no such thing:
//! several setters may read one node at once.
//!
//! *Drop.* [`release`](Nodes::release) clears the bit. If all tickets are back, the node is free at once; else the last
//! ticket frees it. Exactly one of the two does, since both are decided by one word.
//!
//! # ABA and overflow
//!
//! Tickets are counted modulo 2^31. Two counts that agree differ by a multiple of 2^31 or not at all, and as many
//! setters in flight do not exist. A bit that a setter took is that setter's, whoever owns the node later: the node is
//! not given to anyone while a ticket is out.
//!
//! # Reclamation
//!
//! Leaves and directories are added and stay until the list goes. Nodes are used again.
//!
//! # Progress
//!
//! Arming is lock-free: an exchange with the cell's word fails only if somebody published, or was armed. It may claim another
//! node, which may allocate. Waking is wait-free apart from what the wakers themselves do. Without armed nodes a setter has
//! nothing to do, however many nodes there are.

mod node;
mod nodes;
mod sweep;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle, feature = "portable-atomic"))))]
mod tests;
mod tree;

use core::task::Waker;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Handshake, first_look, handshake};

pub(crate) use nodes::{Nodes, Place, PlaceId, Record, Root, clear_bit};
#[cfg(all(test, feature = "alloc"))]
pub(crate) use tree::FIRST_BELOW;
pub(crate) use tree::{FIRST_NODES, LentFirst, LentNodes};

/// A waker list with a root of its own, for those who wait for something else than the next version.
pub(crate) struct WakerList {
    root: AtomicUsize,
    nodes: Nodes,
}

/// The bit of the root that stands for all directories.
pub(crate) const BELOW: usize = 1 << FIRST_NODES;

/// All bits of the root.
pub(crate) const ROOT_MASK: usize = 2 * BELOW - 1;

impl Root for AtomicUsize {
    fn disarm(&self, bit: usize) -> bool {
        clear_bit(self, bit)
    }
}

impl WakerList {
    const_unless_loom! {
        pub(crate) fn new(is_lent: bool) -> Self {
            Self { root: AtomicUsize::new(0), nodes: Nodes::new(is_lent) }
        }
    }

    /// Lends it nodes, for ever. May be done again.
    pub(crate) fn lend(&self, nodes: &'static LentFirst) {
        nodes.lend(&self.nodes.tree);
    }

    /// Takes a node without an owner; adds some if there is none.
    ///
    /// # Panics
    ///
    /// If there can be no more.
    pub(crate) fn claim(&self) -> Place {
        self.nodes.try_claim().unwrap_or_else(|| too_many_wait())
    }

    /// Lends it nodes of which some have no bit in the root.
    #[cfg(test)]
    pub(crate) fn lend_more<const MORE: usize>(&self, nodes: &'static LentNodes<MORE>) {
        self.nodes.lend(nodes);
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Sees to it that the next [`wake_all`](Self::wake_all) wakes `waker`. The caller looks afterwards whether it still has to
    /// wait.
    ///
    /// Clones `waker` if it is not the one of last time. That, and the drop of the old one, is user code.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    pub(crate) unsafe fn arm(&self, place: &mut Place, waker: &Waker) {
        // SAFETY: the caller vouches for the place.
        let (prepared, _) = unsafe { self.nodes.prepare(place, waker, &self.root, &()) };
        if set_bit(&self.root, prepared.bit()) {
            prepared.was_set();
        }
        handshake(Handshake::ArmThenLook);
    }

    /// Gives a node back. Free at once, or when the setter that is about to wake it is through.
    ///
    /// Drops the stored waker, which is user code.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    pub(crate) unsafe fn release(&self, place: Place) {
        // SAFETY: the caller vouches for the place.
        unsafe { self.nodes.release(place, &self.root) };
    }

    /// Wakes everyone who was armed before this call, and disarms them. The caller has changed what they wait for before.
    ///
    /// A waker that panics does not keep the others from being woken.
    #[inline]
    pub(crate) fn wake_all(&self) {
        handshake(Handshake::PublishThenWake);
        // Ordering: SeqCst, partner: `set_bit`. Second half of `PublishThenWake`; weaker, one that armed before it looked
        // could be overlooked.
        if self.root.load(Ordering::SeqCst) != 0 {
            // Ordering: Acquire, partner: `set_bit`. It brings along the wakers of the first nodes and what was linked below. Nothing is
            // above this word; who finds a word further down taken, with the Release of that, finds this one taken as well.
            self.nodes.wake(self.root.swap(0, Ordering::Acquire), ());
        }
    }
}

#[cold]
#[inline(never)]
fn too_many_wait() -> ! {
    panic!(
        "a value in a `Space` has room for {FIRST_NODES} futures that wait for its end, or for watchers or readers to come or go"
    )
}

/// Sets a bit unless it is set. Says whether it was seen clear; by now somebody else may have set it.
#[inline]
fn set_bit(word: &AtomicUsize, bit: usize) -> bool {
    // Ordering: SeqCst, both, partners: the swaps in `sweep`. On the root, first half of `ArmThenLook`. On every level the
    // `fetch_or`, as a Release, brings the waker to whoever takes the bit and, as an Acquire, lets us see the level above as
    // the setter left it that took this word before. (Its result is not used: where the machine has an `or` that
    // returns nothing, that is the faster one.)
    let clear = first_look(word, Ordering::SeqCst) & bit == 0;
    if clear {
        word.fetch_or(bit, Ordering::SeqCst);
    }
    clear
}
