//! Whole states of a map.

use core::borrow::Borrow;
use core::fmt;
use core::ops::{Bound, Index, RangeBounds};

use event_core::{Ref, Version};
use triomphe::Arc;

use crate::since::Since;
use crate::state::{Item, Picture, State};
use crate::tree::{Items, Tree};

/// One state that a map really had, immutable and ordered by keys. Made by [`MemoryMap::snapshot`](crate::MemoryMap::snapshot).
///
/// A clone is O(1) and shares everything. A snapshot blocks nobody. What it costs is memory: the data of its keys and
/// their part of the tree, about 50 bytes per key, are kept as long as it lives, and of the keys that change after it the map remembers
/// that they did, for [`since`](Self::since). Dropping the last clone takes time in proportion to what it does not share.
///
/// # Examples
///
/// ```
/// let map = event_map::MemoryMap::from([("a", 1), ("b", 2)]);
/// let before = map.snapshot();
/// map.remove("a");
/// assert_eq!(before.get("a"), Some(&1));
/// assert_eq!(before.iter().collect::<Vec<_>>(), [(&"a", &1), (&"b", &2)]);
/// assert_eq!(map.snapshot().len(), 1);
/// ```
pub struct MapSnapshot<K, V> {
    pub(crate) picture: Arc<Picture<K, V>>,
    version: Version,
}

impl<K: Ord, V> MapSnapshot<K, V> {
    /// Of what was borrowed from a map's value with its version. Nothing: an empty map.
    pub(crate) fn of(state: Option<Ref<'_, State<K, V>>>) -> Self {
        match state {
            Some(state) => Self { picture: Arc::clone(&state.picture), version: state.version() },
            None => Self { picture: Arc::new(Picture::new()), version: Version::INITIAL },
        }
    }

    /// What `key` holds.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.picture.items.get(key).map(|item| &*item.value)
    }

    /// Whether there is `key`.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.picture.items.contains_key(key)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.picture.items.len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The version of the map that this is. Of two snapshots of a map the one with the greater version is newer.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The first key.
    #[must_use]
    pub fn first(&self) -> Option<(&K, &V)> {
        self.picture.items.first().map(|(key, item)| (key, &*item.value))
    }

    /// The last key.
    #[must_use]
    pub fn last(&self) -> Option<(&K, &V)> {
        self.picture.items.last().map(|(key, item)| (key, &*item.value))
    }

    /// All keys in their order, and what they hold.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(&self.picture.items)
    }

    /// All keys in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// What the keys hold, in their order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The keys in `range` in their order, and what they hold. A range that ends before it starts has none.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// assert_eq!(map.snapshot().range(2..).map(|(key, _)| *key).collect::<Vec<_>>(), [2, 3]);
    /// ```
    pub fn range<Q, R>(&self, range: R) -> impl DoubleEndedIterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        let is_empty = match (range.start_bound(), range.end_bound()) {
            (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
                start > end
            }
            _ => false,
        };
        // A tree refuses to look for a range that ends before it starts.
        let range = (!is_empty).then(|| self.picture.items.range(range));
        range.into_iter().flatten().map(|(key, item)| (key, &*item.value))
    }

    /// What differs from `old`: the newest data of each key that was inserted or set after it, and each key that was removed.
    ///
    /// If `old` is an earlier snapshot of the same map, this takes time in proportion to what changed, and the keys come in the order
    /// in which they first did. Otherwise it compares both snapshots, in the order of keys, and data is the same only if it was
    /// inserted by the same call.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_map::{Change, MemoryMap};
    ///
    /// let map = MemoryMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// let old = map.snapshot();
    /// map.insert("c", 4);
    /// map.remove("a");
    /// let new = map.snapshot();
    /// assert!(new.since(&old).eq([Change::inserted(&"c", &4), Change::removed(&"a")]));
    /// assert!(old.since(&new).eq([Change::inserted(&"a", &1), Change::inserted(&"c", &3)]));
    /// assert_eq!(new.since(&new).count(), 0);
    /// ```
    #[doc(alias("diff", "changes", "delta"))]
    pub fn since<'a>(&'a self, old: &'a Self) -> Since<'a, K, V> {
        Since::new(self, old)
    }
}

/// Shares everything.
impl<K: Ord, V> Clone for MapSnapshot<K, V> {
    fn clone(&self) -> Self {
        Self { picture: Arc::clone(&self.picture), version: self.version }
    }
}

/// Keys and data are behind a pointer.
impl<K, V> Unpin for MapSnapshot<K, V> {}

/// Of an empty map.
impl<K: Ord, V> Default for MapSnapshot<K, V> {
    fn default() -> Self {
        Self::of(None)
    }
}

/// Whether keys and data are equal.
impl<K: Ord, V: PartialEq> PartialEq for MapSnapshot<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<K: Ord, V: Eq> Eq for MapSnapshot<K, V> {}

/// # Panics
///
/// If there is no such key.
impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for MapSnapshot<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the snapshot does not have the key")
    }
}

/// Shows keys and data.
impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for MapSnapshot<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a MapSnapshot<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

/// The keys of a state in their order, and what they hold. Made by [`MapSnapshot::iter`].
pub struct Iter<'a, K: Ord, V> {
    items: Items<'a, K, Item<V>>,
}

impl<'a, K: Ord, V> Iter<'a, K, V> {
    pub(crate) fn new(items: &'a Tree<K, Item<V>>) -> Self {
        Self { items: items.iter() }
    }
}

impl<'a, K: Ord, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        self.items.next().map(|(key, item)| (key, &*item.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<K: Ord, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.items.next_back().map(|(key, item)| (key, &*item.value))
    }
}

impl<K: Ord, V> ExactSizeIterator for Iter<'_, K, V> {}

/// Asks keys and data for nothing.
impl<K: Ord, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("len", &self.len()).finish_non_exhaustive()
    }
}
