//! Entries of a tree in the order of their keys, from both ends.

use core::borrow::Borrow;
use core::iter::FusedIterator;
use core::ops::{Bound, RangeBounds};
use core::ptr;

use smallvec::SmallVec;

use super::{Inner, Leaf, Node, Tree};

/// A place between two entries of a leaf.
struct Place<'a, K, V> {
    /// The way to the leaf: nodes, and which of their children. Short: 6 levels are a million keys and more.
    way: SmallVec<[(&'a Inner<K, V>, usize); 6]>,
    leaf: &'a Leaf<K, V>,
    at: usize,
}

impl<'a, K, V> Place<'a, K, V> {
    /// `child` says which child to go to, and `entry` before which entry the place is.
    fn find(
        mut node: &'a Node<K, V>,
        child: impl Fn(&Inner<K, V>) -> usize,
        entry: impl FnOnce(&Leaf<K, V>) -> usize,
    ) -> Self {
        let mut way = SmallVec::new();
        loop {
            match node {
                Node::Inner(inner) => {
                    let at = child(inner);
                    way.push((&**inner, at));
                    node = &inner.children[at];
                }
                Node::Leaf(leaf) => return Self { way, leaf, at: entry(leaf) },
            }
        }
    }

    /// Goes to the begin of the next leaf. Returns whether there is one.
    fn go_to_next_leaf(&mut self) -> bool {
        while let Some((inner, at)) = self.way.pop() {
            if let Some(next) = inner.children.get(at + 1) {
                self.way.push((inner, at + 1));
                let Self { way, leaf, at } = Self::find(next, |_| 0, |_| 0);
                self.way.extend(way);
                (self.leaf, self.at) = (leaf, at);
                return true;
            }
        }
        false
    }

    /// Goes to the end of the leaf before. Returns whether there is one.
    fn go_to_leaf_before(&mut self) -> bool {
        while let Some((inner, at)) = self.way.pop() {
            let before = at.checked_sub(1).and_then(|before| Some((before, inner.children.get(before)?)));
            if let Some((before, node)) = before {
                self.way.push((inner, before));
                let Self { way, leaf, at } =
                    Self::find(node, |inner| inner.children.len() - 1, |leaf| leaf.values.len());
                self.way.extend(way);
                (self.leaf, self.at) = (leaf, at);
                return true;
            }
        }
        false
    }
}

/// Entries in the order of their keys. Made by [`Tree::range`].
pub(crate) struct Range<'a, K, V> {
    /// From here, where there is an entry, to there, where there is one before it.
    rest: Option<(Place<'a, K, V>, Place<'a, K, V>)>,
}

impl<K: Ord, V> Tree<K, V> {
    /// The entries whose keys are in `range`; none, if it ends before it starts.
    pub(crate) fn range<Q, R>(&self, range: R) -> Range<'_, K, V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        let Some(root) = &self.root else { return Range { rest: None } };
        let before = |leaf: &Leaf<K, V>, key: &Q| leaf.keys.partition_point(|other| other.borrow() < key);
        let after = |leaf: &Leaf<K, V>, key: &Q| leaf.keys.partition_point(|other| other.borrow() <= key);
        let start = match range.start_bound() {
            Bound::Unbounded => Place::find(root, |_| 0, |_| 0),
            Bound::Included(key) => Place::find(root, |inner| inner.child_of(key), |leaf| before(leaf, key)),
            Bound::Excluded(key) => Place::find(root, |inner| inner.child_of(key), |leaf| after(leaf, key)),
        };
        let end = match range.end_bound() {
            Bound::Unbounded => Place::find(root, |inner| inner.children.len() - 1, |leaf| leaf.values.len()),
            Bound::Included(key) => Place::find(root, |inner| inner.child_of(key), |leaf| after(leaf, key)),
            Bound::Excluded(key) => Place::find(root, |inner| inner.child_of(key), |leaf| before(leaf, key)),
        };
        Range::between(start, end, |key| match range.end_bound() {
            Bound::Unbounded => true,
            Bound::Included(end) => key.borrow() <= end,
            Bound::Excluded(end) => key.borrow() < end,
        })
    }

    pub(crate) fn iter(&self) -> Items<'_, K, V> {
        Items { range: self.range::<K, _>(..), left: self.len }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn first(&self) -> Option<(&K, &V)> {
        self.root.as_ref()?.first()
    }

    pub(crate) fn last(&self) -> Option<(&K, &V)> {
        self.root.as_ref()?.last()
    }

    /// The first entry above `key`.
    pub(crate) fn above(&self, key: &K) -> Option<(&K, &V)> {
        self.root.as_ref()?.above(key)
    }

    /// The last entry below `key`.
    pub(crate) fn below(&self, key: &K) -> Option<(&K, &V)> {
        self.root.as_ref()?.below(key)
    }
}

impl<K: Ord, V> Node<K, V> {
    fn first(&self) -> Option<(&K, &V)> {
        match self {
            Self::Leaf(leaf) => leaf.keys.first().zip(leaf.values.first()),
            Self::Inner(inner) => inner.children.first()?.first(),
        }
    }

    fn last(&self) -> Option<(&K, &V)> {
        match self {
            Self::Leaf(leaf) => leaf.keys.last().zip(leaf.values.last()),
            Self::Inner(inner) => inner.children.last()?.last(),
        }
    }

    fn above(&self, key: &K) -> Option<(&K, &V)> {
        match self {
            Self::Leaf(leaf) => {
                let at = leaf.keys.partition_point(|other| other <= key);
                leaf.keys.get(at).zip(leaf.values.get(at))
            }
            Self::Inner(inner) => {
                let at = inner.child_of(key);
                inner.children[at].above(key).or_else(|| inner.children.get(at + 1)?.first())
            }
        }
    }

    fn below(&self, key: &K) -> Option<(&K, &V)> {
        match self {
            Self::Leaf(leaf) => {
                let at = leaf.keys.partition_point(|other| other < key).checked_sub(1)?;
                leaf.keys.get(at).zip(leaf.values.get(at))
            }
            Self::Inner(inner) => {
                let at = inner.child_of(key);
                inner.children[at].below(key).or_else(|| inner.children.get(at.checked_sub(1)?)?.last())
            }
        }
    }
}

impl<'a, K, V> Range<'a, K, V> {
    /// `is_within`: whether a key is before the end.
    fn between(mut start: Place<'a, K, V>, mut end: Place<'a, K, V>, is_within: impl FnOnce(&K) -> bool) -> Self {
        let begins = start.at < start.leaf.values.len() || start.go_to_next_leaf();
        let ends = end.at > 0 || end.go_to_leaf_before();
        let is_empty = !begins || !ends || !start.leaf.keys.get(start.at).is_some_and(is_within);
        Self { rest: (!is_empty).then_some((start, end)) }
    }
}

impl<'a, K, V> Iterator for Range<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, end) = self.rest.as_mut()?;
        let (leaf, at) = (start.leaf, start.at);
        start.at += 1;
        let is_last = ptr::eq(leaf, end.leaf) && start.at == end.at;
        if is_last || (start.at == leaf.values.len() && !start.go_to_next_leaf()) {
            self.rest = None;
        }
        Some((&leaf.keys[at], &leaf.values[at]))
    }
}

impl<K, V> DoubleEndedIterator for Range<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (start, end) = self.rest.as_mut()?;
        end.at -= 1;
        let (leaf, at) = (end.leaf, end.at);
        let is_last = ptr::eq(leaf, start.leaf) && at == start.at;
        if is_last || (at == 0 && !end.go_to_leaf_before()) {
            self.rest = None;
        }
        Some((&leaf.keys[at], &leaf.values[at]))
    }
}

impl<K, V> FusedIterator for Range<'_, K, V> {}

/// All entries in the order of their keys. Made by [`Tree::iter`].
pub(crate) struct Items<'a, K, V> {
    range: Range<'a, K, V>,
    left: usize,
}

impl<'a, K, V> Iterator for Items<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.range.next()?;
        self.left -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K, V> DoubleEndedIterator for Items<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let next = self.range.next_back()?;
        self.left -= 1;
        Some(next)
    }
}

impl<K, V> ExactSizeIterator for Items<'_, K, V> {}
impl<K, V> FusedIterator for Items<'_, K, V> {}
