//! How the next state is made of the current one.

use alloc::sync::Arc;
use core::borrow::Borrow;

use smallvec::SmallVec;
use triomphe::UniqueArc;

use crate::bells::Rings;
use crate::log::{Changes, Log, Touched};
use crate::state::{Common, Item, Picture, State};
use crate::tree::{Graft, Path, Tree};

/// A state that is being changed.
pub(crate) struct Draft<'a, K, V> {
    /// None: nothing was published yet.
    base: Option<&'a State<K, V>>,
    /// The next picture; none as long as nothing was changed.
    next: Option<UniqueArc<Picture<K, V>>>,
    /// In the order of their first change. A key that was removed, inserted and removed again can be in it twice.
    touched: SmallVec<[Touched<K>; 1]>,
    /// The number of the newest change.
    end: u64,
    repeat: Repeat<K, V>,
    /// Whether a key is being inserted or removed. If `K::clone` panics meanwhile, the tree is not in order.
    is_torn: bool,
}

/// How to make in the picture that is replaced what was changed in the next one.
enum Repeat<K, V> {
    /// These keys, which were there, hold this now.
    Data(SmallVec<[(Path, Item<V>); 1]>),
    /// One key came or went.
    Graft(Graft<K, Item<V>>),
    /// Keys came and went.
    All,
}

/// What a publication replaces.
pub(crate) struct Replaced<K, V> {
    picture: triomphe::Arc<Picture<K, V>>,
    common: Arc<Common<K, V>>,
    repeat: Repeat<K, V>,
    /// The next tree, if all of it is to be shared.
    all: Tree<K, Item<V>>,
    end: u64,
}

impl<'a, K: Ord + Clone, V> Draft<'a, K, V> {
    pub(crate) fn new(base: Option<&'a State<K, V>>) -> Self {
        let end = base.map_or(0, |base| base.log.end());
        let next = base.is_none().then(|| UniqueArc::new(Picture::new()));
        Self { base, next, touched: SmallVec::new(), end, repeat: Repeat::Data(SmallVec::new()), is_torn: false }
    }

    pub(crate) fn items(&self) -> &Tree<K, Item<V>> {
        match (&self.next, self.base) {
            (Some(next), _) => &next.items,
            (None, Some(base)) => &base.items,
            (None, None) => unreachable!("without a state before there is a picture"),
        }
    }

    /// The tree, to be changed.
    fn items_mut(&mut self) -> &mut Tree<K, Item<V>> {
        let base = self.base;
        let next = self.next.get_or_insert_with(|| {
            let spare = base.and_then(|base| base.common.spare.take(base.log.end()));
            #[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
            if let (Some(spare), Some(base)) = (&spare, base) {
                spare.items.assert_alike(&base.items, |one, other| triomphe::Arc::ptr_eq(&one.value, &other.value));
            }
            spare.unwrap_or_else(|| {
                let items = base.map_or_else(Tree::new, |base| base.items.clone());
                UniqueArc::new(Picture { items, log: Log::new(0) })
            })
        });
        &mut next.items
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&triomphe::Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.items().get(key).map(|item| &item.value)
    }

    /// Gives out the number of the next change, which is one of a key with this history; and whether it is the first of that key.
    fn next_change(&mut self, changed: Option<u64>) -> (u64, bool) {
        let begin = self.base.map_or(0, |base| base.log.end());
        self.end += 1;
        (self.end, changed.is_none_or(|changed| changed <= begin))
    }

    /// Returns what it replaced.
    pub(crate) fn insert(&mut self, key: &K, value: triomphe::Arc<V>) -> Option<triomphe::Arc<V>> {
        let found = self.items().find(key).map(|(path, _, item)| (path, item.created, item.changed));
        let (created, changed) = found.as_ref().map_or((None, None), |found| (Some(found.1), Some(found.2)));
        let (number, is_first) = self.next_change(changed);
        if is_first {
            self.touched.push(Touched { number, key: key.clone(), created, is_present: true });
        }
        let item = Item { value, created: created.unwrap_or(number), changed: number };
        match found {
            Ok((path, ..)) => {
                match &mut self.repeat {
                    Repeat::Data(data) => data.push((path, item.clone())),
                    repeat => *repeat = Repeat::All,
                }
                let place = self.items_mut().at_mut(path)?;
                Some(core::mem::replace(place, item).value)
            }
            Err(gap) => {
                let key = key.clone();
                self.is_torn = true;
                let graft = self.items_mut().insert_at(gap, key, item);
                self.is_torn = false;
                self.reform(graft);
                None
            }
        }
    }

    /// Returns what the key held.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<triomphe::Arc<V>>
    where
        K: Borrow<Q>,
    {
        let (path, owned, item) = self.items().find(key).ok()?;
        let (owned, Item { value, created, changed }) = (owned.clone(), item.clone());
        let (number, is_first) = self.next_change(Some(changed));
        if is_first {
            self.touched.push(Touched { number, key: owned, created: Some(created), is_present: false });
        }
        self.is_torn = true;
        let graft = self.items_mut().remove_at(path);
        self.is_torn = false;
        self.reform(graft);
        Some(value)
    }

    /// A key has come or gone.
    fn reform(&mut self, graft: Graft<K, Item<V>>) {
        let is_first = matches!(&self.repeat, Repeat::Data(data) if data.is_empty());
        self.repeat = if is_first { Repeat::Graft(graft) } else { Repeat::All };
    }

    /// The next state, if anything has changed, and what it replaces. `rings`: the bells of what has changed.
    ///
    /// # Panics
    ///
    /// If a panic was caught that has left the tree in disorder.
    pub(crate) fn finish(self, rings: &mut Rings) -> Option<(State<K, V>, Option<Replaced<K, V>>)> {
        let Self { base, next, touched, end, repeat, is_torn } = self;
        assert!(!is_torn, "the clone of a key panicked within a transaction, which cannot be published");
        if touched.is_empty() {
            return None;
        }
        let mut next = next?;
        let Some(base) = base else {
            // Nobody has looked at anything yet: nobody has to be told.
            next.log = Log::new(end);
            return (!next.items.is_empty()).then(|| (State::of(next.shareable()), None));
        };
        let Picture { items, log } = &mut *next;
        if !log.follow(&base.log, Changes { touched, end }, |key| items.contains_key(key)) {
            return None;
        }
        // Not those that came and went.
        let bells = base.bells.rung(log.newest(), rings);
        let all = if matches!(repeat, Repeat::All) { next.items.clone() } else { Tree::new() };
        let (picture, common) = (triomphe::Arc::clone(&base.picture), Arc::clone(&base.common));
        let replaced = Replaced { picture, common, repeat, all, end };
        Some((State { picture: next.shareable(), bells, common: Arc::clone(&base.common) }, Some(replaced)))
    }
}

impl<K: Ord, V> Replaced<K, V> {
    /// Makes a spare of it, if nobody else has it. `is_current`: whether nothing was published since. Runs no user code but `Drop`.
    pub(crate) fn recycle(self, is_current: impl FnOnce() -> bool) {
        let Self { picture, common, repeat, all, end } = self;
        let Ok(mut spare) = triomphe::Arc::try_unique(picture) else { return };
        let Picture { items, log } = &mut *spare;
        match repeat {
            Repeat::Data(data) => {
                for (path, item) in data {
                    if let Some(place) = items.at_mut(path) {
                        *place = item;
                    }
                }
            }
            Repeat::Graft(graft) => items.graft(graft),
            Repeat::All => *items = all,
        }
        log.clear(end);
        common.spare.put(spare, is_current);
    }
}
