//! Several changes that become one.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;

use triomphe::Arc;

use crate::draft::Draft;
use crate::snapshot::Iter;

/// The map within a [`transaction`](crate::MemoryMap::transaction): what it will be if the transaction is published.
pub struct MapEdit<'e, 'a, K, V> {
    draft: &'e mut Draft<'a, K, V>,
}

impl<'e, 'a, K: Ord + Clone, V> MapEdit<'e, 'a, K, V> {
    pub(crate) fn new(draft: &'e mut Draft<'a, K, V>) -> Self {
        Self { draft }
    }

    /// Sets what `key` holds. Returns whether the map had the key.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        self.draft.insert(&key, Arc::new(value)).is_some()
    }

    /// Removes `key`. Returns whether the map had it.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.draft.remove(key).is_some()
    }

    /// Lets `f` change a clone of what `key` holds, and inserts that. Returns whether the map has the key.
    pub fn update<Q: Ord + ?Sized>(&mut self, key: &Q, f: impl FnOnce(&mut V)) -> bool
    where
        K: Borrow<Q>,
        V: Clone,
    {
        let Some((key, item)) = self.draft.items().get_key_value(key) else { return false };
        let (key, mut value) = (key.clone(), V::clone(&item.value));
        f(&mut value);
        self.draft.insert(&key, Arc::new(value));
        true
    }

    /// Removes the keys that `keep` does not accept. Returns how many it removed.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) -> usize {
        let all = self.draft.items().clone();
        let mut removed = 0;
        for (key, _) in all.iter().filter(|(key, item)| !keep(key, &item.value)) {
            self.draft.remove(key);
            removed += 1;
        }
        removed
    }

    /// Removes all keys.
    pub fn clear(&mut self) {
        self.retain(|_, _| false);
    }

    /// What `key` holds.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.draft.get(key).map(|value| &**value)
    }

    /// Whether the map has `key`.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.draft.items().contains_key(key)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.draft.items().len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys in their order, and what they hold.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.draft.items())
    }
}

impl<'i, K: Ord + Clone, V> IntoIterator for &'i MapEdit<'_, '_, K, V> {
    type Item = (&'i K, &'i V);
    type IntoIter = Iter<'i, K, V>;

    fn into_iter(self) -> Iter<'i, K, V> {
        self.iter()
    }
}

/// Sets what these keys hold, in their order.
///
/// ```
/// let map = event_map::MemoryMap::new();
/// let mut watcher = map.watch();
/// map.transaction(|edit| edit.extend((0..3).map(|key| (key, "data"))));
/// assert_eq!(watcher.try_get().unwrap().key, 0);
/// assert_eq!(map.len(), 3);
/// ```
impl<K: Ord + Clone, V> Extend<(K, V)> for MapEdit<'_, '_, K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, all: I) {
        for (key, value) in all {
            self.insert(key, value);
        }
    }
}

/// Shows keys and data.
impl<K: Ord + Clone + fmt::Debug, V: fmt::Debug> fmt::Debug for MapEdit<'_, '_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Ord + Clone, V> Draft<'_, K, V> {
    /// Makes it what `all` has, by changing what differs. Returns how many keys do.
    pub(crate) fn replace_all(&mut self, all: &[(K, Arc<V>)]) -> usize
    where
        V: PartialEq,
    {
        // Sorted by keys; of equal ones the last one counts.
        let mut wanted: Vec<_> = all.iter().enumerate().collect();
        wanted.sort_by(|(one_at, (one, _)), (other_at, (other, _))| one.cmp(other).then(other_at.cmp(one_at)));
        wanted.dedup_by(|(_, (later, _)), (_, (first, _))| later == first);
        let stay = |key: &K| wanted.binary_search_by(|(_, (wanted, _))| wanted.cmp(key)).is_ok();
        let before = self.items().clone();
        let gone: Vec<_> = before.keys().filter(|key| !stay(key)).collect();
        wanted.sort_unstable_by_key(|(at, _)| *at);
        let mut differ = gone.len();
        for (_, (key, value)) in wanted {
            // User code, while the current state is borrowed.
            if self.get(key).is_none_or(|old| **old != **value) {
                self.insert(key, Arc::clone(value));
                differ += 1;
            }
        }
        for key in gone {
            self.remove(key);
        }
        differ
    }
}
