//! A tree beside a `BTreeMap`, and beside an older tree that follows it by places.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use super::*;

impl<K: Ord + Clone, V: Clone> Node<K, V> {
    /// How high it is. Checks what holds in every tree.
    fn check(&self, is_root: bool) -> usize {
        match self {
            Self::Leaf(leaf) => {
                assert_eq!(leaf.keys.len(), leaf.values.len());
                assert!(leaf.keys.is_sorted_by(|one, other| one < other) && !leaf.keys.is_empty());
                0
            }
            Self::Inner(inner) => {
                assert_eq!(inner.keys.len() + 1, inner.children.len());
                assert!(!is_root || inner.children.len() > 1, "a root with one child");
                let heights: Vec<_> = inner.children.iter().map(|child| child.check(false)).collect();
                assert!(heights.iter().all(|height| *height == heights[0]));
                for two in inner.children.windows(2) {
                    assert!(two[0].len() + two[1].len() > ROOM / 2, "neighbours that are not joined");
                }
                heights[0] + 1
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    /// Checks that both have the same entries.
    pub(crate) fn assert_alike(&self, other: &Self, is_same: impl Fn(&V, &V) -> bool) {
        assert_eq!(self.len(), other.len());
        for ((one, data), (other, other_data)) in self.iter().zip(other.iter()) {
            assert!(one == other && is_same(data, other_data), "trees that differ");
        }
    }

    /// How high it is.
    fn check(&self) -> usize {
        self.root.as_ref().map_or(0, |root| root.check(true))
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u16),
    Remove(u16),
    /// Keeps the tree as it is.
    Keep,
    /// Forgets what was kept.
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = |keys: u16| {
        prop_oneof![
            6 => (0..keys).prop_map(Step::Insert),
            5 => (0..keys).prop_map(Step::Remove),
            1 => Just(Step::Keep),
            1 => Just(Step::Forget),
        ]
    };
    prop_oneof![Just(20), Just(200), Just(2_000)].prop_flat_map(move |keys| prop::collection::vec(step(keys), 0..1_500))
}

/// Changes a tree as a map does, and a second one by places only.
fn change(tree: &mut Tree<u16, u32>, twin: &mut Tree<u16, u32>, step: Step, data: u32) {
    let graft = match step {
        Step::Insert(key) => match tree.find(&key).map(|(path, ..)| path) {
            Ok(path) => {
                *tree.at_mut(path).unwrap() = data;
                *twin.at_mut(path).unwrap() = data;
                return;
            }
            Err(gap) => tree.insert_at(gap, key, data),
        },
        Step::Remove(key) => match tree.find(&key).map(|(path, ..)| path) {
            Ok(path) => tree.remove_at(path),
            Err(_) => return,
        },
        Step::Keep | Step::Forget => return,
    };
    twin.graft(graft);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_tree_is_what_a_btree_map_is_and_older_trees_stay_what_they_were(steps in steps()) {
        let (mut tree, mut twin, mut reference) = (Tree::new(), Tree::new(), BTreeMap::new());
        let mut kept = Vec::new();
        for (data, step) in (0..).zip(steps) {
            match step {
                Step::Insert(key) => _ = reference.insert(key, data),
                Step::Remove(key) => _ = reference.remove(&key),
                Step::Keep => kept.push((tree.clone(), reference.clone())),
                Step::Forget => kept.clear(),
            }
            change(&mut tree, &mut twin, step, data);
            prop_assert_eq!(tree.len(), reference.len());
            if let Step::Insert(key) | Step::Remove(key) = step {
                prop_assert_eq!(tree.get(&key), reference.get(&key));
            }
        }
        kept.push((tree, reference.clone()));
        kept.push((twin, reference));
        for (tree, reference) in kept {
            prop_assert!(tree.iter().eq(&reference) && tree.iter().rev().eq(reference.iter().rev()));
            prop_assert_eq!((tree.first(), tree.last()), (reference.first_key_value(), reference.last_key_value()));
            let height = tree.check();
            prop_assert!(4_usize.pow(height.saturating_sub(1) as u32) <= tree.len().max(1), "{} levels", height);
        }
    }

    #[test]
    fn a_range_of_a_tree_is_that_of_a_btree_map(
        keys in prop::collection::btree_set(0..300_u16, 0..200),
        removed in prop::collection::vec(0..300_u16, 0..100),
        bounds in (bound(), bound()),
        from_the_end in prop::collection::vec(any::<bool>(), 0..250),
    ) {
        let (mut tree, mut reference) = (Tree::new(), BTreeMap::new());
        for key in keys {
            tree.insert(key, ());
            reference.insert(key, ());
        }
        for key in removed {
            prop_assert_eq!(tree.remove(&key), reference.remove(&key).is_some());
        }
        for key in 0..310 {
            prop_assert_eq!(tree.above(&key).map(|(key, _)| key), reference.range(key + 1..).next().map(|(key, _)| key));
            prop_assert_eq!(tree.below(&key).map(|(key, _)| key), reference.range(..key).next_back().map(|(key, _)| key));
        }
        let is_within = |key: &&u16| bounds.contains(*key);
        let mut expected: alloc::collections::VecDeque<_> = reference.keys().filter(is_within).collect();
        let mut range = tree.range::<u16, _>(bounds).map(|(key, ())| key);
        for is_back in from_the_end {
            let (one, other) = if is_back {
                (range.next_back(), expected.pop_back())
            } else {
                (range.next(), expected.pop_front())
            };
            prop_assert_eq!(one, other);
        }
    }
}

fn bound() -> impl Strategy<Value = Bound<u16>> {
    prop_oneof![(0..320_u16).prop_map(Bound::Included), (0..320_u16).prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

#[test]
fn keys_that_come_in_their_order_fill_the_nodes() {
    let mut tree = Tree::new();
    (0..4_096).for_each(|key| tree.insert(key, ()));
    assert_eq!(tree.check(), 2, "4,096 are 16 times 16 times 16");
}
