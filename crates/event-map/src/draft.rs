//! How the next state is made of the current one.

use alloc::sync::Arc;
use core::borrow::Borrow;
use core::mem;

use smallvec::SmallVec;
use triomphe::UniqueArc;

use crate::bells::Rings;
use crate::log::{Log, Touched};
use crate::state::{Common, Item, Picture, State};
use crate::tree::{Graft, Path, Tree};

/// A state that is being changed.
pub(crate) struct Draft<'a, K, V> {
    /// None: nothing was published yet.
    base: Option<&'a State<K, V>>,
    /// The next picture; none as long as nothing was changed.
    next: Option<UniqueArc<Picture<K, V>>>,
    notes: &'a mut Notes<K, V>,
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

/// What is noted of a change, and used after its publication. It stays where it is: to move what was just written takes longer
/// than to write it.
pub(crate) struct Notes<K, V> {
    /// In the order of their first change. A key that was removed, inserted and removed again can be in it twice.
    touched: SmallVec<[Touched<K>; 1]>,
    /// The number of the newest change.
    end: u64,
    repeat: Repeat<K, V>,
    /// What is replaced.
    replaced: Option<triomphe::Arc<Picture<K, V>>>,
    /// Where the spare is that is not like the next picture, as long as there is none that is.
    common: Option<Arc<Common<K, V>>>,
    /// The next tree, if all of it is to be shared.
    all: Tree<K, Item<V>>,
}

impl<'a, K: Ord + Clone, V> Draft<'a, K, V> {
    pub(crate) fn new(base: Option<&'a State<K, V>>, notes: &'a mut Notes<K, V>) -> Self {
        notes.begin(base.map_or(0, |base| base.log.end()));
        let next = base.is_none().then(|| UniqueArc::new(Picture::new()));
        Self { base, next, notes, is_torn: false }
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
        self.notes.end += 1;
        (self.notes.end, changed.is_none_or(|changed| changed <= begin))
    }

    /// Returns what it replaced.
    pub(crate) fn insert(&mut self, key: &K, value: triomphe::Arc<V>) -> Option<triomphe::Arc<V>> {
        let found = self.items().find(key).map(|(path, _, item)| (path, item.created, item.changed));
        let (created, changed) = found.as_ref().map_or((None, None), |found| (Some(found.1), Some(found.2)));
        let (number, is_first) = self.next_change(changed);
        if is_first {
            self.notes.touched.push(Touched { number, key: key.clone(), created, is_present: true });
        }
        let item = Item { value, created: created.unwrap_or(number), changed: number };
        match found {
            Ok((path, ..)) => {
                match &mut self.notes.repeat {
                    Repeat::Data(data) => data.push((path, item.clone())),
                    repeat => *repeat = Repeat::All,
                }
                let place = self.items_mut().at_mut(path)?;
                Some(mem::replace(place, item).value)
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
            self.notes.touched.push(Touched { number, key: owned, created: Some(created), is_present: false });
        }
        self.is_torn = true;
        let graft = self.items_mut().remove_at(path);
        self.is_torn = false;
        self.reform(graft);
        Some(value)
    }

    /// A key has come or gone.
    fn reform(&mut self, graft: Graft<K, Item<V>>) {
        let is_first = matches!(&self.notes.repeat, Repeat::Data(data) if data.is_empty());
        self.notes.repeat = if is_first { Repeat::Graft(graft) } else { Repeat::All };
    }

    /// The next state, if anything has changed. `rings`: the bells of what has changed.
    ///
    /// # Panics
    ///
    /// If a panic was caught that has left the tree in disorder.
    pub(crate) fn finish(self, rings: &mut Rings) -> Option<State<K, V>> {
        assert!(!self.is_torn, "the clone of a key panicked within a transaction, which cannot be published");
        let (mut next, notes) = (self.next?, self.notes);
        if notes.touched.is_empty() {
            return None;
        }
        let Some(base) = self.base else {
            // Nobody has looked at anything yet: nobody has to be told.
            next.log = Log::new(notes.end);
            return (!next.items.is_empty()).then(|| State::of(next.shareable()));
        };
        let Picture { items, log } = &mut *next;
        if !log.follow(&base.log, &mut notes.touched, notes.end, |key| items.contains_key(key)) {
            return None;
        }
        if matches!(notes.repeat, Repeat::All) {
            notes.all = items.clone();
        }
        // Not those that came and went.
        let bells = base.bells.rung(log.newest(), rings);
        notes.replaced = Some(triomphe::Arc::clone(&base.picture));
        notes.common = Some(Arc::clone(&base.common));
        Some(State { picture: next.shareable(), bells, common: Arc::clone(&base.common) })
    }
}

impl<K: Ord, V> Notes<K, V> {
    pub(crate) fn new() -> Self {
        let repeat = Repeat::Data(SmallVec::new());
        Self { touched: SmallVec::new(), end: 0, repeat, replaced: None, common: None, all: Tree::new() }
    }

    /// Forgets what was noted of a change that was not published. `end`: the number of the change before.
    fn begin(&mut self, end: u64) {
        if self.end > 0 {
            // There may be a spare by the one who was first.
            self.common = None;
            *self = Self::new();
        }
        self.end = end;
    }

    /// Makes a spare of what was replaced, if nobody else has it. `is_current`: whether nothing was published since. Runs no user
    /// code but `Drop`.
    pub(crate) fn recycle(&mut self, is_current: impl FnOnce() -> bool) {
        let Some(picture) = self.replaced.take() else { return };
        let Ok(mut spare) = triomphe::Arc::try_unique(picture) else { return };
        let Picture { items, log } = &mut *spare;
        match mem::replace(&mut self.repeat, Repeat::All) {
            Repeat::Data(mut data) => {
                for (path, item) in data.drain(..) {
                    if let Some(place) = items.at_mut(path) {
                        *place = item;
                    }
                }
            }
            Repeat::Graft(graft) => items.graft(graft),
            Repeat::All => *items = mem::replace(&mut self.all, Tree::new()),
        }
        log.clear(self.end);
        if let Some(common) = self.common.take() {
            common.spare.put(spare, is_current);
        }
    }
}

/// If nothing became the next spare, because somebody has what was replaced or something panicked, there is none.
impl<K, V> Drop for Notes<K, V> {
    fn drop(&mut self) {
        if let Some(common) = &self.common {
            common.spare.clear();
        }
    }
}
