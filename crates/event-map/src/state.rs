//! One state of a map, and how the next one is made of it.

use alloc::sync::Arc;
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

/// Shares the data.
impl<V> Clone for Item<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
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
        Self { items: Tree::new(), log: Arc::new(Log::new(0)), bells: Bells::new(), lists: Arc::new(Lists::new()) }
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
        let items = base.map_or_else(Tree::new, |base| base.items.clone());
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
        self.items.insert(key, Item { value, created: created.unwrap_or(number), changed: number });
        old.map(|(value, ..)| value)
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
        self.items.remove(key);
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
