//! One state of a map, and how the next one is made of it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;

use smallvec::SmallVec;

use crate::bells::{Bells, Rings};
use crate::log::{Changes, Log, Touched};
use crate::notes::Lists;
use crate::tree::Tree;

/// What a key holds.
pub(crate) struct Item<V> {
    pub(crate) value: Arc<V>,
    /// The number of the change that inserted the key.
    pub(crate) created: u64,
    /// The number of the newest change of the key.
    pub(crate) changed: u64,
}

/// What is published: one immutable state.
pub(crate) struct State<K, V> {
    pub(crate) items: Tree<K, Item<V>>,
    /// Shared with the snapshots of this state, which thereby stand at its position.
    pub(crate) log: Arc<Log<K>>,
    pub(crate) bells: Bells<K>,
    /// Lists that watchers share. Those of the state before.
    pub(crate) lists: Arc<Lists<K>>,
}

impl<K: Ord, V> State<K, V> {
    pub(crate) fn new() -> Self {
        Self { items: Tree::new_sync(), log: Arc::new(Log::new(0)), bells: Bells::new(), lists: Arc::new(Lists::new()) }
    }

    /// This state with other bells.
    pub(crate) fn with_bells(&self, bells: Bells<K>) -> Self {
        Self { items: self.items.clone(), log: Arc::clone(&self.log), bells, lists: Arc::clone(&self.lists) }
    }
}

/// A state that is being changed.
pub(crate) struct Draft<'a, K, V> {
    /// None: nothing was published yet.
    base: Option<&'a State<K, V>>,
    items: Tree<K, Item<V>>,
    /// In the order of their first change. A key that was removed, inserted and removed again can be in it twice.
    touched: SmallVec<[Touched<K>; 1]>,
    /// The number of the newest change.
    end: u64,
}

impl<'a, K: Ord + Clone, V> Draft<'a, K, V> {
    pub(crate) fn new(base: Option<&'a State<K, V>>) -> Self {
        let items = base.map_or_else(Tree::new_sync, |base| base.items.clone());
        let end = base.map_or(0, |base| base.log.end());
        Self { base, items, touched: SmallVec::new(), end }
    }

    pub(crate) fn items(&self) -> &Tree<K, Item<V>> {
        &self.items
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.items.get(key).map(|item| &item.value)
    }

    /// Gives out the number of the next change, which is one of a key with this history; and whether it is the first of that key.
    fn next_change(&mut self, changed: Option<u64>) -> (u64, bool) {
        let begin = self.base.map_or(0, |base| base.log.end());
        self.end += 1;
        (self.end, changed.is_none_or(|changed| changed <= begin))
    }

    /// Returns what it replaced.
    pub(crate) fn insert(&mut self, key: K, value: Arc<V>) -> Option<Arc<V>> {
        let old = self.items.get(&key).map(|item| (Arc::clone(&item.value), item.created, item.changed));
        let (created, changed) = (old.as_ref().map(|old| old.1), old.as_ref().map(|old| old.2));
        let (number, is_first) = self.next_change(changed);
        if is_first {
            self.touched.push(Touched { number, key: key.clone(), created, is_present: true });
        }
        self.items.insert_mut(key, Item { value, created: created.unwrap_or(number), changed: number });
        old.map(|(value, ..)| value)
    }

    /// Inserts all, in their order.
    pub(crate) fn extend(&mut self, all: Vec<(K, Arc<V>)>) {
        let is_sorted = self.items.is_empty() && all.windows(2).all(|two| two[0].0 < two[1].0);
        if !is_sorted {
            return all.into_iter().for_each(|(key, value)| drop(self.insert(key, value)));
        }
        // None of them is there, so none is looked up.
        let first = self.end;
        for (key, _) in &all {
            let (number, _) = self.next_change(None);
            self.touched.push(Touched { number, key: key.clone(), created: None, is_present: true });
        }
        let mut all: Vec<_> = all.into_iter().zip(first + 1..).map(Some).collect();
        for at in middle_first(all.len()) {
            if let Some(((key, value), number)) = all[at].take() {
                self.items.insert_mut(key, Item { value, created: number, changed: number });
            }
        }
    }

    /// Returns what the key held.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        let (owned, item) = self.items.get_key_value(key)?;
        let (owned, value, created, changed) = (owned.clone(), Arc::clone(&item.value), item.created, item.changed);
        let (number, is_first) = self.next_change(Some(changed));
        if is_first {
            self.touched.push(Touched { number, key: owned, created: Some(created), is_present: false });
        }
        self.items.remove_mut(key);
        Some(value)
    }

    /// The next state, if anything has changed. `rings`: the bells of what has.
    pub(crate) fn finish(self, rings: &mut Rings) -> Option<State<K, V>> {
        let Self { base, items, touched, end } = self;
        if touched.is_empty() {
            return None;
        }
        let Some(base) = base else {
            // Nobody has looked at anything yet: nobody has to be told.
            let log = Arc::new(Log::new(end));
            return (!items.is_empty()).then(|| State { items, log, ..State::new() });
        };
        let log = base.log.after(Changes { touched, end }, |key| items.contains_key(key))?;
        // Not those that came and went.
        let bells = base.bells.rung(log.newest(), rings);
        Some(State { items, log: Arc::new(log), bells, lists: Arc::clone(&base.lists) })
    }
}

/// The numbers below `count`, each before those that are on either side of it in a balanced tree. In this order the tree needs no
/// rotation, and is not as deep while it grows as in the order of keys.
fn middle_first(count: usize) -> impl Iterator<Item = usize> {
    let mut parts = VecDeque::from([(0, count)]);
    core::iter::from_fn(move || {
        loop {
            let (start, end) = parts.pop_front()?;
            if start < end {
                let middle = usize::midpoint(start, end);
                parts.extend([(start, middle), (middle + 1, end)]);
                return Some(middle);
            }
        }
    })
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_and_its_neighbours_in_the_tree_later() {
        for count in 0..50 {
            let order: Vec<_> = middle_first(count).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            // At no time is one gap much longer than another.
            for known in 1..=count {
                let mut there: Vec<_> = order[..known].to_vec();
                there.sort_unstable();
                let gaps = there.windows(2).map(|two| two[1] - two[0]);
                let gaps: Vec<_> = gaps.chain([there[0] + 1, count - there[known - 1]]).collect();
                let (most, least) = (gaps.iter().max().unwrap(), gaps.iter().min().unwrap());
                assert!(*most <= 2 * least + 2, "{gaps:?}");
            }
        }
    }

    type Told = (Vec<crate::Change<u32, u32>>, Vec<(u32, u32)>);

    /// What two watchers get, one that was there before and one that comes later, and the snapshot; with changes afterwards.
    fn told(fill: impl Fn(&mut crate::MapEdit<'_, '_, u32, u32>), before: &[u32]) -> Told {
        let map = crate::MemoryMap::new();
        for key in before {
            map.insert(*key, 0);
        }
        let mut watchers = Vec::from([map.watch(), map.watch_changes()]);
        map.transaction(|edit| fill(edit));
        watchers.push(map.watch());
        let mut told = Vec::new();
        for _ in 0..2 {
            for watcher in &mut watchers {
                told.extend(core::iter::from_fn(|| watcher.try_get().ok()));
            }
            map.remove(&3);
            map.insert(4, 100);
            map.retain(|key, _| key % 7 != 5);
        }
        (told, map.snapshot().iter().map(|(key, data)| (*key, *data)).collect())
    }

    #[test]
    fn many_at_once_are_inserted_as_one_by_one() {
        for count in [0, 1, 2, 3, 7, 64, 1000] {
            let sorted: Vec<_> = (0..count).map(|key| (key, 2 * key)).collect();
            let unsorted: Vec<_> = (0..count).map(|key| (key * 7919 % 1000, key)).collect();
            let twice: Vec<_> = sorted.iter().flat_map(|(key, data)| [(*key, 1), (*key, *data)]).collect();
            for pairs in [&sorted, &unsorted, &twice] {
                for before in [&[][..], &[2, 6]] {
                    let one_by_one = told(
                        |edit| {
                            edit.remove(&2);
                            pairs.iter().for_each(|(key, data)| _ = edit.insert(*key, *data));
                        },
                        before,
                    );
                    let together = told(
                        |edit| {
                            edit.remove(&2);
                            edit.extend(pairs.iter().copied());
                        },
                        before,
                    );
                    assert_eq!(together, one_by_one, "{count} after {before:?}");
                }
                // What a transaction has removed does not count as being there.
                let emptied = |edit: &mut crate::MapEdit<'_, '_, u32, u32>| edit.clear();
                let one_by_one = told(
                    |edit| {
                        emptied(edit);
                        pairs.iter().for_each(|(key, data)| _ = edit.insert(*key, *data));
                    },
                    &[1, 2, 3],
                );
                let together = told(
                    |edit| {
                        emptied(edit);
                        edit.extend(pairs.iter().copied());
                    },
                    &[1, 2, 3],
                );
                assert_eq!(together, one_by_one, "{count} after others were removed");
            }
        }
    }
}
