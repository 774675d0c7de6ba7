//! Tests of the waker list that need a look inside.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::panic::AssertUnwindSafe;
use core::task::Waker;
use std::panic::catch_unwind;

use super::tree::Tree;
use super::{FIRST_NODES, Nodes, Place, PlaceId, Record};
use crate::sync::atomic::{AtomicUsize, Ordering};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

struct Panics;

impl Record for Panics {
    fn moved(&self, _: PlaceId, _: PlaceId) {
        panic!("user code may");
    }
}

#[test]
fn a_panic_while_a_watcher_moves_loses_no_slot() {
    let (nodes, root) = (Nodes::new(false), AtomicUsize::new(0));
    let prepare = |place: &mut Place| {
        // SAFETY: the places are of this list.
        let (prepared, _) = unsafe { nodes.prepare(place, &Waker::from(Arc::new(Nobody)), &root, &Panics) };
        root.fetch_or(prepared.bit(), Ordering::Relaxed);
        prepared.was_set();
    };
    let mut place = nodes.try_claim().unwrap();
    prepare(&mut place);
    // A setter has taken the bit, and not yet woken.
    let taken = root.swap(0, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| prepare(&mut place))).is_err());
    assert_eq!(nodes.mark_owned(), 1, "the one that it has moved to");
    nodes.wake(taken, ());
    // SAFETY: the place is of this list.
    unsafe { nodes.release(place, &root) };
    let places = [(); FIRST_NODES].map(|()| nodes.try_claim().unwrap());
    assert_eq!(nodes.len(), FIRST_NODES, "a slot was lost");
    // SAFETY: the places are of this list.
    places.into_iter().for_each(|place| unsafe { nodes.release(place, &root) });
}

/// Else nothing fails, but memory is too much, or the way through the tree too long.
#[test]
fn the_tree_grows_by_small_leaves_and_then_by_large_ones() {
    const LARGE: usize = usize::BITS as usize;
    let tree = Tree::new(false);
    let mut before = 0;
    let mut grow = || {
        assert!(tree.grow());
        let added = tree.len() - before;
        before = tree.len();
        added
    };
    assert_eq!([(); 4].map(|()| grow()), [FIRST_NODES, 8, 16, 32]);
    // The rest of the first directory, all of the second, and one leaf of the third.
    for number in 0..5 + LARGE + 1 {
        assert_eq!(grow(), LARGE, "leaf {number}");
    }
    assert_eq!((tree.directories().count(), tree.leaves().count()), (3, 1 + 8 + LARGE + 1));
}

#[test]
fn what_is_reserved_is_there_and_no_leaf_more() {
    let nodes = Nodes::new(false);
    for (wanted, there) in [(0, 0), (1, FIRST_NODES), (FIRST_NODES, FIRST_NODES), (FIRST_NODES + 1, FIRST_NODES + 8)] {
        nodes.reserve(wanted);
        assert_eq!(nodes.len(), there, "{wanted}");
    }
}
