//! The persistent map inside: a B+ tree whose nodes are shared between states.
//!
//! A clone is a count. A change copies the nodes on its way that somebody else has too, and changes the others in place. No copy of
//! a node asks for a clone of a key or of data, unless keys come or go: the keys of a node are a part of their own, which its
//! copies share, and the data is behind a pointer.
//!
//! Whoever changes a key finds it first, by comparing keys, and then goes to its [`Path`]: a place in a tree of that form, with
//! which the same change is made in another tree of the same form without a comparison.
//!
//! Two neighbours below one node have more than half of a node's entries together: a node that is full becomes two halves, and
//! where an entry is removed, neighbours with few become one. So the height of the tree is logarithmic in its size. A key in an
//! inner node only divides what is below it; it may be one that was removed.
//!
//! # Why not a crate
//!
//! rpds 1.2 (`RedBlackTreeMapSync`, which was here before) copies a node per level and allocates each time, 20 times for a change among
//! 100,000 keys, and a lookup takes 1,210 ns, beside 168 in imbl 7.0's `OrdMap` and 69 in immutable-chunkmap 2.1's
//! `Map`. These two have many entries in a node, but a change clones all keys beside the one that changes, which for a `String` is
//! an allocation each: 5,270 and 9,040 ns beside 2,540 in rpds. imbl needs std, and immutable-chunkmap has thirty blocks of unsafe
//! code. None of the three lets a change be repeated by place in another tree of the same form, which is what the
//! [spare](crate::spare) lives on.

mod iter;

use core::borrow::Borrow;

use arrayvec::ArrayVec;
use triomphe::Arc;

pub(crate) use self::iter::Items;

/// So many entries a node has room for.
const ROOM: usize = 16;

/// Neighbours with so many entries together become one, when one of them loses an entry.
const JOINED: usize = 12;

/// An ordered persistent map, to be shared between threads.
pub(crate) struct Tree<K, V> {
    root: Option<Node<K, V>>,
    len: usize,
}

enum Node<K, V> {
    Leaf(Arc<Leaf<K, V>>),
    Inner(Arc<Inner<K, V>>),
}

type Keys<K> = ArrayVec<K, ROOM>;

struct Leaf<K, V> {
    keys: Arc<Keys<K>>,
    values: ArrayVec<V, ROOM>,
}

/// Its children are all of one height. The key at `n` is above all keys of the child at `n`, and not above those of the next one.
struct Inner<K, V> {
    keys: Arc<Keys<K>>,
    children: ArrayVec<Node<K, V>, ROOM>,
}

/// The place of a key, or of where it would be: which child, or entry, at each level from the root on; four bits each.
#[derive(Clone, Copy)]
pub(crate) struct Path(u64);

impl Path {
    /// No tree that fits into a memory has more levels than there is room for.
    fn with(self, level: usize, at: usize) -> Self {
        Self(self.0 | (at as u64) << (4 * level))
    }

    fn at(self, level: usize) -> usize {
        (self.0 >> (4 * level)) as usize % ROOM
    }
}

/// Where a key is to be inserted: the room behind the last entry has no number in a path.
#[derive(Clone, Copy)]
pub(crate) struct Gap {
    path: Path,
    at: usize,
}

/// What a change of the form of a tree has replaced: a node that stands for everything below it.
pub(crate) struct Graft<K, V> {
    path: Path,
    level: usize,
    node: Option<Node<K, V>>,
    len: usize,
}

impl<K, V> Tree<K, V> {
    pub(crate) const fn new() -> Self {
        Self { root: None, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K: Ord, V> Tree<K, V> {
    /// Where `key` is, or belongs.
    pub(crate) fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<(Path, &K, &V), Gap>
    where
        K: Borrow<Q>,
    {
        let mut path = Path(0);
        let Some(mut node) = self.root.as_ref() else { return Err(Gap { path, at: 0 }) };
        let mut level = 0;
        loop {
            match node {
                Node::Inner(inner) => {
                    let at = inner.child_of(key);
                    path = path.with(level, at);
                    node = &inner.children[at];
                }
                Node::Leaf(leaf) => {
                    return match leaf.keys.binary_search_by(|other| other.borrow().cmp(key)) {
                        Ok(at) => Ok((path.with(level, at), &leaf.keys[at], &leaf.values[at])),
                        Err(at) => Err(Gap { path, at }),
                    };
                }
            }
            level += 1;
        }
    }

    pub(crate) fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let mut node = self.root.as_ref()?;
        loop {
            match node {
                Node::Inner(inner) => node = &inner.children[inner.child_of(key)],
                Node::Leaf(leaf) => {
                    let at = leaf.keys.binary_search_by(|other| other.borrow().cmp(key)).ok()?;
                    return Some((&leaf.keys[at], &leaf.values[at]));
                }
            }
        }
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).is_some()
    }
}

impl<K, V: Clone> Tree<K, V> {
    /// What a key holds whose place was found in a tree of this form. Copies the nodes on the way that are shared; runs no user code
    /// but `V::clone`.
    pub(crate) fn at_mut(&mut self, path: Path) -> Option<&mut V> {
        let mut node = self.root.as_mut()?;
        for level in 0.. {
            match node {
                Node::Inner(inner) => node = Arc::make_mut(inner).children.get_mut(path.at(level))?,
                Node::Leaf(leaf) => return Arc::make_mut(leaf).values.get_mut(path.at(level)),
            }
        }
        None
    }

    /// Makes this tree, which had the form of another one before a change, equal to it, by sharing what has changed.
    pub(crate) fn graft(&mut self, graft: Graft<K, V>) {
        self.len = graft.len;
        let (Some(mut node), true) = (self.root.as_mut(), graft.level > 0) else {
            self.root = graft.node;
            return;
        };
        for level in 0..graft.level {
            let Node::Inner(inner) = node else { return };
            node = &mut Arc::make_mut(inner).children[graft.path.at(level)];
        }
        if let Some(new) = graft.node {
            *node = new;
        }
    }

    /// What has to be grafted after a change below `level`.
    fn grafted(&self, path: Path, level: usize) -> Graft<K, V> {
        let mut node = self.root.as_ref();
        for level in 0..level {
            if let Some(Node::Inner(inner)) = node {
                node = inner.children.get(path.at(level));
            }
        }
        Graft { path, level, node: node.cloned(), len: self.len }
    }
}

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    /// Inserts a key, or replaces what it holds.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let found = self.find(&key).map(|(path, ..)| path);
        match found {
            Ok(path) => {
                if let Some(place) = self.at_mut(path) {
                    *place = value;
                }
            }
            Err(gap) => _ = self.insert_at(gap, key, value),
        }
    }

    /// Removes a key. Returns whether it was there.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let found = self.find(key).map(|(path, ..)| path);
        found.map(|path| self.remove_at(path)).is_ok()
    }

    /// Inserts a key that was searched for and not found. If `K::clone` panics, the tree is not in order any more.
    pub(crate) fn insert_at(&mut self, gap: Gap, key: K, value: V) -> Graft<K, V> {
        let mut changed = 0;
        let Some(root) = &mut self.root else {
            let (mut keys, mut values) = (ArrayVec::new(), ArrayVec::new());
            keys.push(key);
            values.push(value);
            self.root = Some(Node::Leaf(Arc::new(Leaf { keys: Arc::new(keys), values })));
            self.len = 1;
            return self.grafted(gap.path, 0);
        };
        if let Some((between, right)) = root.insert(gap, Level::root(), key, value, &mut changed) {
            let (mut keys, mut children) = (ArrayVec::new(), ArrayVec::new());
            keys.push(between);
            if let Some(left) = self.root.take() {
                children.push(left);
            }
            children.push(right);
            self.root = Some(Node::Inner(Arc::new(Inner { keys: Arc::new(keys), children })));
        }
        self.len += 1;
        self.grafted(gap.path, changed)
    }

    /// Removes a key that was found. If `K::clone` panics, the tree is not in order any more.
    pub(crate) fn remove_at(&mut self, path: Path) -> Graft<K, V> {
        let mut changed = 0;
        if let Some(root) = &mut self.root {
            root.remove(path, 0, &mut changed);
            self.len -= 1;
        }
        while let Some(Node::Inner(inner)) = &self.root {
            let [only] = &*inner.children else { break };
            self.root = Some(only.clone());
        }
        if self.len == 0 {
            self.root = None;
        }
        self.grafted(path, changed)
    }
}

impl<K: Ord, V> Inner<K, V> {
    fn child_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        match self.keys.binary_search_by(|other| other.borrow().cmp(key)) {
            Ok(at) => at + 1,
            Err(at) => at,
        }
    }
}

/// Which nodes are being changed: those at a distance from the root.
#[derive(Clone, Copy)]
struct Level {
    number: usize,
    /// Whether the one on the way is the last of them.
    is_last: bool,
}

impl Level {
    fn root() -> Self {
        Self { number: 0, is_last: true }
    }

    fn below(self, is_last: bool) -> Self {
        Self { number: self.number + 1, is_last: self.is_last && is_last }
    }
}

impl<K: Clone, V: Clone> Node<K, V> {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.values.len(),
            Self::Inner(inner) => inner.children.len(),
        }
    }

    /// Returns what comes after it, and from which key on, if it had no room. `changed`: the highest level whose entries have.
    fn insert(&mut self, gap: Gap, level: Level, key: K, value: V, changed: &mut usize) -> Option<(K, Self)> {
        match self {
            Self::Leaf(leaf) => {
                *changed = level.number;
                let (leaf, at) = (Arc::make_mut(leaf), gap.at);
                let keys = Arc::make_mut(&mut leaf.keys);
                if keys.len() < ROOM {
                    keys.insert(at, key);
                    leaf.values.insert(at, value);
                    return None;
                }
                // Keys that come in their order leave full nodes behind.
                let middle = if at == ROOM && level.is_last { ROOM } else { ROOM / 2 };
                let between = keys.get(middle).unwrap_or(&key).clone();
                let mut right_keys: Keys<K> = keys.drain(middle..).collect();
                let mut right_values: ArrayVec<V, ROOM> = leaf.values.drain(middle..).collect();
                if at > middle || middle == ROOM {
                    right_keys.insert(at - middle, key);
                    right_values.insert(at - middle, value);
                } else {
                    keys.insert(at, key);
                    leaf.values.insert(at, value);
                }
                let right = Leaf { keys: Arc::new(right_keys), values: right_values };
                Some((between, Self::Leaf(Arc::new(right))))
            }
            Self::Inner(inner) => {
                let (inner, at) = (Arc::make_mut(inner), gap.path.at(level.number));
                let below = level.below(at + 1 == inner.children.len());
                let (between, right) = inner.children[at].insert(gap, below, key, value, changed)?;
                *changed = level.number;
                let keys = Arc::make_mut(&mut inner.keys);
                if inner.children.len() < ROOM {
                    keys.insert(at, between);
                    inner.children.insert(at + 1, right);
                    return None;
                }
                if at + 1 == ROOM && level.is_last {
                    let mut children = ArrayVec::new();
                    children.push(right);
                    let keys = Arc::new(ArrayVec::new());
                    return Some((between, Self::Inner(Arc::new(Inner { keys, children }))));
                }
                let middle = ROOM / 2;
                let mut right_keys: Keys<K> = keys.drain(middle..).collect();
                let mut right_children: ArrayVec<Self, ROOM> = inner.children.drain(middle..).collect();
                let above = keys.pop()?;
                if at < middle {
                    keys.insert(at, between);
                    inner.children.insert(at + 1, right);
                } else {
                    right_keys.insert(at - middle, between);
                    right_children.insert(at + 1 - middle, right);
                }
                let right = Inner { keys: Arc::new(right_keys), children: right_children };
                Some((above, Self::Inner(Arc::new(right))))
            }
        }
    }

    /// Returns how many entries are left. `changed`: the highest level whose entries have.
    fn remove(&mut self, path: Path, level: usize, changed: &mut usize) -> usize {
        let at = path.at(level);
        match self {
            Self::Leaf(leaf) => {
                *changed = level;
                let leaf = Arc::make_mut(leaf);
                Arc::make_mut(&mut leaf.keys).remove(at);
                leaf.values.remove(at);
                leaf.values.len()
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                let left = inner.children[at].remove(path, level + 1, changed);
                if left == 0 {
                    *changed = level;
                    inner.children.remove(at);
                    if !inner.keys.is_empty() {
                        Arc::make_mut(&mut inner.keys).remove(at.saturating_sub(1));
                    }
                } else if left <= ROOM / 2 {
                    let fits = |at: &usize| {
                        let next = inner.children.get(at + 1);
                        next.is_some_and(|next| inner.children[*at].len() + next.len() <= JOINED)
                    };
                    if let Some(first) = [at, at.wrapping_sub(1)].into_iter().filter(|at| *at < ROOM).find(fits) {
                        *changed = level;
                        inner.join(first);
                    }
                }
                inner.children.len()
            }
        }
    }
}

impl<K: Clone, V: Clone> Inner<K, V> {
    /// Makes one child of two.
    fn join(&mut self, first: usize) {
        let between = Arc::make_mut(&mut self.keys).remove(first);
        let right = self.children.remove(first + 1);
        match (&mut self.children[first], &right) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                let left = Arc::make_mut(left);
                Arc::make_mut(&mut left.keys).extend(right.keys.iter().cloned());
                left.values.extend(right.values.iter().cloned());
            }
            (Node::Inner(left), Node::Inner(right)) => {
                let left = Arc::make_mut(left);
                let keys = Arc::make_mut(&mut left.keys);
                keys.push(between);
                keys.extend(right.keys.iter().cloned());
                left.children.extend(right.children.iter().cloned());
            }
            _ => unreachable!("the children of a node are of one height"),
        }
    }
}

/// Shares everything.
impl<K, V> Clone for Tree<K, V> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len }
    }
}

impl<K, V> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(leaf) => Self::Leaf(Arc::clone(leaf)),
            Self::Inner(inner) => Self::Inner(Arc::clone(inner)),
        }
    }
}

impl<K, V: Clone> Clone for Leaf<K, V> {
    fn clone(&self) -> Self {
        Self { keys: Arc::clone(&self.keys), values: self.values.clone() }
    }
}

impl<K, V> Clone for Inner<K, V> {
    fn clone(&self) -> Self {
        Self { keys: Arc::clone(&self.keys), children: self.children.clone() }
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests;
