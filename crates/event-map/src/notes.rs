//! Lists of many keys that watchers have to be told of, which watchers that keep up with each other share.
//!
//! A watcher that is behind by few keys notes them itself, see the [cursor](crate::cursor). For many keys, such as those of a first
//! list that thousands of watchers wait for, the first of the watchers makes a list, and the others find it in the state. The list is
//! of one state, at whose position it stands as long as it exists; so a watcher that reads a later state takes the list, and then
//! what changed after it. The state refers to it weakly: it is kept by the watchers that are not through it.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use event_core::MemoryValue;

use crate::log::Position;
use crate::state::State;

/// So many keys are worth a list. Fewer in tests, whose random programs have a dozen keys.
pub(crate) const LISTED_FROM: usize =
    if cfg!(all(test, not(any(event_core_loom, event_core_shuttle)))) { 3 } else { 32 };

/// A key of a list.
pub(crate) struct Note<K> {
    pub(crate) key: K,
    /// The number of the change that it is about.
    pub(crate) number: u64,
    /// Whether the key was there before that.
    pub(crate) was_present: bool,
}

/// The keys that a watcher has to be told of when it comes from one position to another.
pub(crate) struct Notes<K> {
    /// Whoever stands here needs it.
    from: u64,
    /// Whoever has it stands here.
    to: Position,
    /// Sorted by keys.
    notes: Vec<Note<K>>,
    /// The places of the notes, sorted by their numbers.
    order: Vec<usize>,
}

/// The newest lists, which belong to a map: its states share them.
pub(crate) struct Lists<K> {
    /// Of keys that were inserted, for watchers that read for the first time.
    inserted: MemoryValue<Weak<Notes<K>>>,
    /// Of keys that changed.
    changed: MemoryValue<Weak<Notes<K>>>,
}

impl<K> Lists<K> {
    pub(crate) fn new() -> Self {
        Self { inserted: MemoryValue::new(), changed: MemoryValue::new() }
    }
}

impl<K: Ord + Clone> Notes<K> {
    /// The keys that were inserted after the change `made`, for a watcher that reads for the first time, which finds the numbers of
    /// the insertions in `found`.
    pub(crate) fn inserted<V>(state: &State<K, V>, made: u64, found: &[(u64, &K)]) -> Arc<Self> {
        let known = state.common.lists.inserted.load().and_then(|list| list.upgrade());
        if let Some(list) = known.filter(|list| list.from == made && list.leads_to(state)) {
            return list;
        }
        let note = |(number, key): &(u64, &K)| Note { key: K::clone(key), number: *number, was_present: false };
        Self::share(&state.common.lists.inserted, made, state.log.position(), found.iter().map(note).collect())
    }

    /// The keys that changed after a position. `None` if they are few.
    pub(crate) fn changed<V>(state: &State<K, V>, from: u64) -> Option<Arc<Self>> {
        if state.log.len() < LISTED_FROM || state.log.turns_after(from).take(LISTED_FROM).count() < LISTED_FROM {
            return None;
        }
        let known = state.common.lists.changed.load().and_then(|list| list.upgrade());
        if let Some(list) = known.filter(|list| list.from == from && list.leads_to(state)) {
            return Some(list);
        }
        let turns = state.log.turns_after(from).filter(|turn| state.log.is_needed_at(from, turn));
        // One that was not there before is there now: the log has no turns of keys that came and went.
        let note =
            turns.map(|turn| Note { key: turn.key.clone(), number: turn.number, was_present: turn.was_present() });
        Some(Self::share(&state.common.lists.changed, from, state.log.position(), note.collect()))
    }

    fn share(place: &MemoryValue<Weak<Self>>, from: u64, to: Position, mut notes: Vec<Note<K>>) -> Arc<Self> {
        notes.sort_by(|one, other| one.key.cmp(&other.key));
        let mut order: Vec<usize> = (0..notes.len()).collect();
        order.sort_unstable_by_key(|place| notes[*place].number);
        let list = Arc::new(Self { from, to, notes, order });
        place.set(Arc::downgrade(&list));
        list
    }

    /// Whether a watcher can take it and go on to `state`: there are few changes in between, and none of a key that the list has as a
    /// new one and that came and went, or was inserted again, since that has another place in the order now.
    fn leads_to<V>(&self, state: &State<K, V>) -> bool {
        let at = self.to.number;
        let few = self.notes.len() / 8 + LISTED_FROM;
        state.log.reaches(&self.to)
            && state.log.turns_after(at).take(few).count() < few
            && state.log.turns_after(at).all(|turn| {
                let is_same = state.items.get(turn.key).is_some_and(|item| item.created <= at);
                is_same || self.find(turn.key).is_none_or(|note| note.was_present)
            })
    }

    fn find(&self, key: &K) -> Option<&Note<K>> {
        let place = self.notes.binary_search_by(|note| note.key.cmp(key)).ok()?;
        Some(&self.notes[place])
    }
}

/// The rest of a list, for one watcher.
pub(crate) struct Rest<K> {
    list: Arc<Notes<K>>,
    /// So many are over.
    over: usize,
}

impl<K: Ord + Clone> Rest<K> {
    pub(crate) fn of(list: Arc<Notes<K>>) -> Self {
        Self { list, over: 0 }
    }

    /// Where a watcher stands that has the list.
    pub(crate) fn position(&self) -> &Position {
        &self.list.to
    }

    /// Whether the turn of this key is yet to come.
    pub(crate) fn contains(&self, key: &K) -> bool {
        let Some(next) = self.list.order.get(self.over) else { return false };
        self.list.find(key).is_some_and(|note| note.number >= self.list.notes[*next].number)
    }

    /// Skips what is not wanted, and returns what is next. It stays next until [`pass`](Self::pass).
    pub(crate) fn next(&mut self, mut is_wanted: impl FnMut(&Note<K>) -> bool) -> Option<&Note<K>> {
        while let Some(place) = self.list.order.get(self.over) {
            if is_wanted(&self.list.notes[*place]) {
                return self.list.order.get(self.over).map(|place| &self.list.notes[*place]);
            }
            self.over += 1;
        }
        None
    }

    pub(crate) fn pass(&mut self) {
        self.over += 1;
    }
}

impl<K> Clone for Rest<K> {
    fn clone(&self) -> Self {
        Self { list: Arc::clone(&self.list), over: self.over }
    }
}
