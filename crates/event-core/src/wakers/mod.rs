//! The waker list: who wants to be woken at the next change.
//!
//! # Roles
//!
//! Every watcher *owns* a *node*, which stores a waker. Bits say which nodes are *armed*: in the root word for the first
//! few nodes, in a leaf's word for the others, whose directory and, above it, the root then say where to look. A
//! *setter*, having published, takes the bits and wakes. Wakes are hints; the version decides.
//!
//! # Watcher path
//!
//! [`arm`](WakerList::arm): see that the node stores the right waker; set the armed bit; see that the bits above it are
//! set, each level after the one below; then (the caller) look at the version once more. If the stored waker already
//! wakes the task, which is the rule, this costs one atomic read-modify-write.
//!
//! # Setter path
//!
//! [`wake_all`](WakerList::wake_all): if the root is 0, done, with one load. Else take the root, each directory's
//! summary, each named leaf's word, level by level from the top, by swapping with 0, and wake every node whose bit was
//! in it.
//!
//! # Collision
//!
//! *Arm and publish.* The watcher arms, then looks at the version; the setter publishes, then looks at the root. Both
//! sides are `SeqCst`: the watcher sees the new version, or the setter sees the bit.
//!
//! *Climb and descend.* The watcher sets a bit, then sees to the level above; the setter takes the word above, then the one
//! below. Both use read-modify-writes on the lower word: either the setter's comes later and takes the bit, or the
//! watcher's comes later, has acquired what the setter did before, and finds the bit above cleared. A watcher that finds
//! a bit above set relies on the setter that will take it; so that this cannot be one which has been interrupted half-way
//! down, the watcher looks at every level up to the root, each time.
//!
//! *Changing a waker while setters read it.* Whoever takes an armed bit has a *ticket* to read that node's waker,
//! and returns it. If a ticket is out when another waker has to be stored, the watcher moves to another node and leaves
//! the old one to the last ticket. So nobody waits, and a watcher polled by an interrupt handler makes progress though
//! the setter that it interrupted is half-way through waking it. Re-arming with the same waker needs no such thing:
//! several setters may read one node at once.
//!
//! *Drop.* [`release`](WakerList::release) clears the bit. If all tickets are back, the node is free at once; else the last
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
//! Arming is wait-free but for the claim of another node, which may allocate. Waking is wait-free apart from what the
//! wakers themselves do. A list without armed nodes costs a setter one load, however many nodes there are.

mod node;
mod sweep;
mod tree;

use core::mem;
use core::ptr::{self, NonNull};
use core::task::Waker;

use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Handshake, first_look, handshake};
use tree::{Leaf, Tree};

pub(crate) use tree::FIRST_NODES;

pub(crate) struct WakerList {
    /// The low `FIRST_NODES` bits: those nodes are armed. `BELOW`: a node in a directory may be.
    root: AtomicUsize,
    /// A leaf that probably has a node without an owner. Only a hint.
    vacant: AtomicPtr<Leaf>,
    tree: Tree,
}

/// The bit of the root that stands for all directories.
const BELOW: usize = 1 << FIRST_NODES;

/// The right to a node: the address of its leaf, with the node's number in the low bits.
pub(crate) struct Place(NonNull<Leaf>);

// SAFETY: a `Place` is an owner's key to a node, which is `Sync`; it does not matter which thread uses it.
unsafe impl Send for Place {}
// SAFETY: a shared reference to a `Place` gives access to nothing.
unsafe impl Sync for Place {}

const NUMBER_MASK: usize = mem::align_of::<Leaf>() - 1;
const _: () = assert!(usize::BITS as usize <= mem::align_of::<Leaf>(), "a node's number fits the alignment of a leaf");

impl Place {
    fn new(leaf: &Leaf, number: usize) -> Self {
        debug_assert!(number <= NUMBER_MASK);
        Self(NonNull::from(leaf).map_addr(|address| address | number))
    }

    fn number(&self) -> usize {
        number(self.0)
    }

    fn leaf_ptr(&self) -> *const Leaf {
        leaf_ptr(self.0)
    }

    /// Which place this is, without the right to it.
    pub(crate) fn id(&self) -> PlaceId {
        PlaceId(self.0)
    }
}

/// The name of a node, whoever owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceId(NonNull<Leaf>);

// SAFETY: a `PlaceId` gives access to nothing by itself.
unsafe impl Send for PlaceId {}
// SAFETY: as above.
unsafe impl Sync for PlaceId {}

fn number(place: NonNull<Leaf>) -> usize {
    place.addr().get() & NUMBER_MASK
}

fn leaf_ptr(place: NonNull<Leaf>) -> *const Leaf {
    place.as_ptr().map_addr(|address| address & !NUMBER_MASK)
}

/// Whoever keeps a record of places.
pub(crate) trait Record {
    /// An owner has taken the place `to`, and is about to give back `from`.
    fn moved(&self, from: PlaceId, to: PlaceId);

    /// A place was given back. It may have another owner by now.
    fn gone(&self, place: PlaceId);
}

/// Nobody does.
impl Record for () {
    fn moved(&self, _: PlaceId, _: PlaceId) {}
    fn gone(&self, _: PlaceId) {}
}

impl WakerList {
    pub(crate) fn new() -> Self {
        Self { root: AtomicUsize::new(0), vacant: AtomicPtr::new(ptr::null_mut()), tree: Tree::new() }
    }

    /// Takes a node without an owner; adds some if there is none.
    pub(crate) fn claim(&self) -> Place {
        // Ordering: Acquire, partner: the stores of `vacant`. Weaker, the leaf's contents might not be there yet.
        let hint = self.vacant.load(Ordering::Acquire);
        // SAFETY: null, or a leaf of this list, which stays as long as the list.
        let hint = unsafe { hint.as_ref() };
        if let Some(place) = hint.and_then(Self::claim_in) {
            return place;
        }
        loop {
            for leaf in self.tree.leaves() {
                if let Some(place) = Self::claim_in(leaf) {
                    self.note_vacant(leaf);
                    return place;
                }
            }
            self.tree.grow();
        }
    }

    fn claim_in(leaf: &Leaf) -> Option<Place> {
        leaf.claim().map(|number| Place::new(leaf, number))
    }

    fn note_vacant(&self, leaf: &Leaf) {
        // Ordering: Release, partner: `claim`. We know the leaf; who finds it here shall know it as well.
        self.vacant.store(ptr::from_ref(leaf).cast_mut(), Ordering::Release);
    }

    /// Makes sure that there are at least `nodes` nodes, owned ones included.
    pub(crate) fn reserve(&self, nodes: usize) {
        while self.tree.len() < nodes {
            self.tree.grow();
        }
    }

    /// The places that have an owner: of those that come or go meanwhile, any.
    pub(crate) fn owned_places(&self) -> impl Iterator<Item = PlaceId> {
        self.tree.leaves().flat_map(|leaf| leaf.owned().map(|number| Place::new(leaf, number).id()))
    }

    /// Whether a place has an owner.
    ///
    /// # Safety
    ///
    /// It is a place of this list.
    pub(crate) unsafe fn is_owned(&self, place: PlaceId) -> bool {
        // SAFETY: the caller vouches for it, and the leaf stays as long as the list.
        let leaf = unsafe { &*leaf_ptr(place.0) };
        leaf.is_owned(number(place.0))
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    /// Sees to it that the next [`wake_all`](Self::wake_all) wakes `waker`. The caller looks at the version afterwards.
    ///
    /// Clones `waker` if it is not the one of last time. That, and the drop of the old one, is user code.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    #[inline]
    pub(crate) unsafe fn arm(&self, place: &mut Place, waker: &Waker, record: &impl Record) {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        // SAFETY: `place` is the right to this node.
        if unsafe { leaf.node(number).will_wake(waker) } {
            self.set_armed(leaf, number);
        } else {
            // SAFETY: the caller vouches for the place.
            unsafe { self.arm_with_another_waker(place, waker, record) };
        }
    }

    #[cold]
    unsafe fn arm_with_another_waker(&self, place: &mut Place, waker: &Waker, record: &impl Record) {
        // User code, before anything is changed.
        let waker = waker.clone();
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        self.disarm(leaf, number);
        if !leaf.node(number).all_returned() {
            let left = mem::replace(place, self.claim());
            let id = left.id();
            record.moved(id, place.id());
            // SAFETY: it was this list's place.
            unsafe { self.release(left) };
            record.gone(id);
        }
        // SAFETY: the place is of this list, before or since.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        // SAFETY: ours, disarmed or never armed, and all tickets are back.
        let old = unsafe { leaf.node(number).replace_waker(Some(waker)) };
        self.set_armed(leaf, number);
        // User code, after everything is done.
        drop(old);
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
        let (leaf, number) = unsafe { self.leaf_of(&place) };
        self.disarm(leaf, number);
        let node = leaf.node(number);
        if node.all_returned() || node.orphan() {
            // SAFETY: the owner goes here, and all tickets are back.
            unsafe { self.free(leaf, number) };
        }
    }

    /// Frees a node and drops its waker.
    ///
    /// # Safety
    ///
    /// As for `Node::clear`.
    unsafe fn free(&self, leaf: &Leaf, number: usize) {
        // SAFETY: the caller vouches for it.
        let waker = unsafe { leaf.node(number).clear() };
        leaf.free(number);
        self.note_vacant(leaf);
        // User code, when the node is no longer ours.
        drop(waker);
    }

    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    #[inline]
    unsafe fn leaf_of(&self, place: &Place) -> (&Leaf, usize) {
        // SAFETY: the leaf stays as long as the list.
        (unsafe { &*place.leaf_ptr() }, place.number())
    }

    /// The word with the armed bits of a leaf.
    #[inline]
    fn armed_word<'a>(&'a self, leaf: &'a Leaf) -> &'a AtomicUsize {
        if leaf.above().is_none() { &self.root } else { &leaf.armed }
    }

    #[inline]
    fn set_armed(&self, leaf: &Leaf, number: usize) {
        if set_bit(self.armed_word(leaf), 1 << number) {
            // Only the owner sets this bit, so it was still clear.
            leaf.node(number).issue();
        }
        if let Some((directory, leaf_bit)) = leaf.above() {
            set_bit(&directory.summary, leaf_bit);
            set_bit(&self.root, BELOW);
        }
        handshake(Handshake::ArmThenLook);
    }

    fn disarm(&self, leaf: &Leaf, number: usize) {
        let (word, bit) = (self.armed_word(leaf), 1 << number);
        // Ordering: Relaxed, both. Only we set this bit, so "clear" is not outdated; and if we are the one to clear it, the
        // right to the waker comes back to us from ourselves.
        if first_look(word, Ordering::Relaxed) & bit != 0 && word.fetch_and(!bit, Ordering::Relaxed) & bit != 0 {
            leaf.node(number).withdraw();
        }
    }

    /// Whether nobody has to be woken by the caller, who published before.
    #[inline]
    pub(crate) fn nobody_waits(&self) -> bool {
        handshake(Handshake::PublishThenWake);
        // Ordering: SeqCst, partner: `set_bit`. Second half of `PublishThenWake`; weaker, a watcher that armed before it looked
        // at the version could be overlooked.
        self.root.load(Ordering::SeqCst) == 0
    }

    /// Wakes everyone who was armed before this call, and disarms them. The caller published before.
    ///
    /// A waker that panics does not keep the others from being woken.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if !self.nobody_waits() {
            self.sweep();
        }
    }

    /// The rest of [`wake_all`](Self::wake_all) when somebody waits.
    #[inline(never)]
    pub(crate) fn sweep(&self) {
        sweep::sweep(self);
    }
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
