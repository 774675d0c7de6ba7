//! The nodes of a waker list, and the levels of armed bits below the root. Where the root is, its owner knows.

use core::mem;
use core::ptr::{self, NonNull};
use core::task::Waker;

use super::node::Node;
use super::tree::{Leaf, LentNodes, Tree};
use super::{BELOW, set_bit, sweep};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::first_look;

pub(crate) struct Nodes {
    /// A leaf that probably has a node without an owner. Only a hint.
    vacant: AtomicPtr<Leaf>,
    pub(super) tree: Tree,
}

/// The word with the bits above all others. The low `FIRST_NODES` bits of it: those nodes are armed. `BELOW`: a node in a
/// directory may be.
pub(crate) trait Root {
    /// Clears one of the `FIRST_NODES` bits, on behalf of the node's owner. Says whether it was set.
    fn disarm(&self, bit: usize) -> bool;
}

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
    /// An owner has taken the place `to`, and gives back `from` next: until this [leaves](Nodes::leave_place) it, it has both.
    fn moved(&self, from: PlaceId, to: PlaceId);
}

/// Nobody does.
impl Record for () {
    fn moved(&self, _: PlaceId, _: PlaceId) {}
}

impl Nodes {
    const_unless_loom! {
        /// Without nodes. If they are lent, it never has more than those that it is [lent](Self::lend) in the beginning.
        pub(crate) fn new(is_lent: bool) -> Self {
            Self { vacant: AtomicPtr::new(ptr::null_mut()), tree: Tree::new(is_lent) }
        }
    }

    /// Lends it nodes. May be done again.
    pub(crate) fn lend<const MORE: usize>(&self, nodes: &'static LentNodes<MORE>) {
        nodes.lend(&self.tree);
    }

    /// Takes a node without an owner; adds some if there is none. `None` if there can be no more.
    #[inline]
    pub(crate) fn try_claim(&self) -> Option<Place> {
        // Ordering: Acquire, partner: the stores of `vacant`. Weaker, the leaf's contents might not be there yet.
        let hint = self.vacant.load(Ordering::Acquire);
        // SAFETY: null, or a leaf of this list, which stays as long as the list.
        let hint = unsafe { hint.as_ref() };
        if let Some(place) = hint.and_then(Self::claim_in) {
            return Some(place);
        }
        self.search_and_claim()
    }

    #[cold]
    #[inline(never)]
    fn search_and_claim(&self) -> Option<Place> {
        loop {
            for leaf in self.tree.leaves() {
                if let Some(place) = Self::claim_in(leaf) {
                    self.note_vacant(leaf);
                    return Some(place);
                }
            }
            if !self.tree.grow() {
                return None;
            }
        }
    }

    #[inline]
    fn claim_in(leaf: &Leaf) -> Option<Place> {
        leaf.claim().map(|number| Place::new(leaf, number))
    }

    #[inline]
    fn note_vacant(&self, leaf: &Leaf) {
        // Ordering: Release, partner: `claim`. We know the leaf; who finds it here shall know it as well.
        self.vacant.store(ptr::from_ref(leaf).cast_mut(), Ordering::Release);
    }

    /// Makes sure that there are at least `nodes` nodes, owned ones included. Says whether there are.
    pub(crate) fn reserve(&self, nodes: usize) -> bool {
        while self.tree.len() < nodes {
            if !self.tree.grow() {
                return false;
            }
        }
        true
    }

    /// Marks the places that have an owner who does not [leave](Self::leave), and no other: of those that come or go
    /// meanwhile, any. Says how many they are.
    ///
    /// Marks are for one keeper, under a lock of its own.
    #[cfg(feature = "alloc")]
    pub(crate) fn mark_owned(&self) -> usize {
        self.tree.leaves().map(Leaf::mark_owned).sum()
    }

    /// Marks a place, or takes its mark away. Says whether it was marked.
    ///
    /// # Safety
    ///
    /// It is a place of this list.
    #[cfg(feature = "alloc")]
    pub(crate) unsafe fn set_mark(&self, place: PlaceId, mark: bool) -> bool {
        // SAFETY: the caller vouches for it, and the leaf stays as long as the list.
        let leaf = unsafe { &*leaf_ptr(place.0) };
        leaf.set_mark(number(place.0), mark)
    }

    /// The owner of the place is about to [release](Self::release) it: from here on it is not [marked](Self::mark_owned).
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    #[inline]
    pub(crate) unsafe fn leave(&self, place: &Place) {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        leaf.node(number).leave();
    }

    /// [`leave`](Self::leave), by name.
    ///
    /// # Safety
    ///
    /// It is a place of this list, and the caller acts for its owner.
    pub(crate) unsafe fn leave_place(&self, place: PlaceId) {
        // SAFETY: the caller vouches for it, and the leaf stays as long as the list.
        let leaf = unsafe { &*leaf_ptr(place.0) };
        leaf.node(number(place.0)).leave();
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    /// Sees to it that the node of `place` wakes `waker`, and that everything below the root leads to it. The caller has to set
    /// the root's bit. Says whether this has changed the root.
    ///
    /// Clones `waker` if it is not the one of last time. That, and the drop of the old one, is user code.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list, whose root is `root`.
    #[inline]
    pub(crate) unsafe fn prepare(
        &self,
        place: &mut Place,
        waker: &Waker,
        root: &impl Root,
        record: &impl Record,
    ) -> (Prepared<'_>, bool) {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        let node = leaf.node(number);
        // SAFETY: `place` is the right to this node.
        if unsafe { node.will_wake(waker) } {
            (Self::lead_to(leaf, number, node), false)
        } else {
            // SAFETY: the caller vouches for the place.
            (unsafe { self.prepare_another_waker(place, waker, root, record) }, true)
        }
    }

    /// Whether the node of `place` has no bit in the root.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list.
    #[inline]
    pub(crate) unsafe fn is_below(&self, place: &Place) -> bool {
        // SAFETY: the caller vouches for the place.
        let (leaf, _) = unsafe { self.leaf_of(place) };
        leaf.above().is_some()
    }

    /// [`prepare`](Self::prepare) of a node that has a bit in the root, if the waker is the one of last time.
    ///
    /// # Safety
    ///
    /// As for [`prepare`](Self::prepare), and the place is not [below](Self::is_below).
    #[inline]
    pub(crate) unsafe fn prepare_at_once(&self, place: &Place, waker: &Waker) -> Option<Prepared<'_>> {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        // SAFETY: the number of a place.
        let node = unsafe { leaf.node_unchecked(number) };
        // SAFETY: `place` is the right to this node.
        if unsafe { node.will_wake(waker) } { Some(Prepared { node, bit: 1 << number }) } else { None }
    }

    /// [`prepare`](Self::prepare) of a node that has none, likewise. Says whether it did.
    ///
    /// # Safety
    ///
    /// As for [`prepare`](Self::prepare), and the place is [below](Self::is_below).
    #[inline]
    pub(crate) unsafe fn prepare_below_at_once(&self, place: &Place, waker: &Waker) -> bool {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        // SAFETY: the number of a place.
        let node = unsafe { leaf.node_unchecked(number) };
        // SAFETY: `place` is the right to this node.
        let ready = unsafe { node.will_wake(waker) };
        if ready {
            Self::lead_to(leaf, number, node);
        }
        ready
    }

    #[cold]
    #[inline(never)]
    unsafe fn prepare_another_waker(
        &self,
        place: &mut Place,
        waker: &Waker,
        root: &impl Root,
        record: &impl Record,
    ) -> Prepared<'_> {
        // User code, before anything is changed.
        let waker = waker.clone();
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        Self::disarm(leaf, number, root);
        if !leaf.node(number).all_returned() {
            let id = place.id();
            let another = self.try_claim().unwrap_or_else(|| no_place_left());
            let left = Left { nodes: self, place: Some(mem::replace(place, another)), root };
            // What keeps the record, and the drop of the waker that is left behind, may run user code. If that panics, the watcher
            // has its new place, without a waker, and the old one is given back.
            record.moved(id, place.id());
            drop(left);
        }
        // SAFETY: the place is of this list, before or since.
        let (leaf, number) = unsafe { self.leaf_of(place) };
        let node = leaf.node(number);
        // SAFETY: ours, disarmed or never armed, and all tickets are back.
        let old = unsafe { node.replace_waker(Some(waker)) };
        let prepared = Self::lead_to(leaf, number, node);
        // User code. If it panics, the root's bit is not set; but the poll has not ended as `Pending` then.
        drop(old);
        prepared
    }

    /// Sets the bits below the root, each level after the one below.
    #[inline]
    fn lead_to<'a>(leaf: &Leaf, number: usize, node: &'a Node) -> Prepared<'a> {
        let bit = 1 << number;
        let Some((directory, leaf_bit)) = leaf.above() else { return Prepared { node, bit } };
        if set_bit(&leaf.armed, bit) {
            // Only the owner sets this bit, so it was still clear.
            node.issue();
        }
        set_bit(&directory.summary, leaf_bit);
        Prepared { node, bit: BELOW }
    }

    #[inline]
    fn disarm(leaf: &Leaf, number: usize, root: &impl Root) {
        let bit = 1 << number;
        let was_set = if leaf.above().is_none() { root.disarm(bit) } else { clear_bit(&leaf.armed, bit) };
        if was_set {
            leaf.node(number).withdraw();
        }
    }

    /// Gives a node back. Free at once, or when the setter that is about to wake it is through.
    ///
    /// Drops the stored waker, which is user code.
    ///
    /// # Safety
    ///
    /// `place` came from [`claim`](Self::claim) of this list, whose root is `root`.
    #[inline]
    pub(crate) unsafe fn release(&self, place: Place, root: &impl Root) {
        // SAFETY: the caller vouches for the place.
        let (leaf, number) = unsafe { self.leaf_of(&place) };
        Self::disarm(leaf, number, root);
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
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn free(&self, leaf: &Leaf, number: usize) {
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

    /// Wakes those for whom the bits stand that were taken from the root. Hands `then` back, so that this can be the last thing
    /// that a function does.
    ///
    /// A waker that panics does not keep the others from being woken.
    #[inline(never)]
    pub(crate) fn wake<R: Copy>(&self, taken: usize, then: R) -> R {
        sweep::sweep(self, taken);
        then
    }
}

/// A place that its owner has left for another one. Dropped: given back.
struct Left<'a, R: Root> {
    nodes: &'a Nodes,
    place: Option<Place>,
    root: &'a R,
}

impl<R: Root> Drop for Left<'_, R> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            // If the record panicked before it did so.
            // SAFETY: it was this list's place.
            unsafe { self.nodes.leave(&place) };
            // SAFETY: as above.
            unsafe { self.nodes.release(place, self.root) };
        }
    }
}

#[cold]
#[inline(never)]
fn no_place_left() -> ! {
    panic!(
        "a watcher that a set is about to wake was polled with another waker, and the `Space` of its value has no place left for it: \
         WATCHERS has to be larger"
    )
}

/// A node that is reached from the root by this bit.
pub(crate) struct Prepared<'a> {
    node: &'a Node,
    bit: usize,
}

impl Prepared<'_> {
    /// The bit of the root that the node's owner has to set.
    #[inline]
    pub(crate) fn bit(&self) -> usize {
        self.bit
    }

    /// The bit was seen clear, and the owner has set it.
    #[inline]
    pub(crate) fn was_set(self) {
        if self.bit != BELOW {
            // Only the owner sets this bit, so it was still clear.
            self.node.issue();
        }
    }
}

/// Clears a bit that only the caller sets. Says whether it was set.
#[inline]
pub(crate) fn clear_bit(word: &AtomicUsize, bit: usize) -> bool {
    // Ordering: Relaxed, both. Only we set this bit, so "clear" is not outdated; and if we are the one to clear it, the
    // right to the waker comes back to us from ourselves.
    first_look(word, Ordering::Relaxed) & bit != 0 && word.fetch_and(!bit, Ordering::Relaxed) & bit != 0
}
