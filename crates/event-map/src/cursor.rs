//! What one watcher has been told, and whose turn is next.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};

use crate::change::Change;
use crate::log::Position;
use crate::notes::{LISTED_FROM, Note, Notes, Rest};
use crate::state::State;

/// Keys within bounds.
#[derive(Clone, Debug)]
pub(crate) struct Bounds<K> {
    start: Bound<K>,
    end: Bound<K>,
}

impl<K: Ord + Clone> Bounds<K> {
    pub(crate) fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    pub(crate) fn new(range: &impl RangeBounds<K>) -> Self {
        Self { start: range.start_bound().cloned(), end: range.end_bound().cloned() }
    }

    fn is_all(&self) -> bool {
        matches!((&self.start, &self.end), (Bound::Unbounded, Bound::Unbounded))
    }

    fn contain(&self, key: &K) -> bool {
        (self.start.as_ref(), self.end.as_ref()).contains(key)
    }

    /// Those of them that come after `last`. `None` if no key can be within them.
    fn after<'a>(&'a self, last: Option<&'a K>) -> Option<(Bound<&'a K>, Bound<&'a K>)> {
        let start = last.map_or(self.start.as_ref(), Bound::Excluded);
        let end = self.end.as_ref();
        // A tree refuses to look for these.
        let is_empty = match (start, end) {
            (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
                start > end
            }
            _ => false,
        };
        (!is_empty).then_some((start, end))
    }
}

/// The first list, in the order of the keys.
#[derive(Clone)]
struct Listing<K> {
    /// Keys that were inserted later are not in it: they have their turns.
    begun: u64,
    /// What was listed last.
    last: Option<K>,
}

/// So many keys of a queue are searched one by one. Fewer in tests, whose random programs have a dozen keys.
const SEARCHED: usize = if cfg!(all(test, not(any(event_core_loom, event_core_shuttle)))) { 2 } else { 16 };

/// Where a watcher is: in its first list, and then in the order in which keys first changed since it looked.
#[derive(Clone)]
pub(crate) struct Cursor<K> {
    bounds: Bounds<K>,
    /// The number of the newest change when the watcher was made.
    made: u64,
    /// What it has looked at; nothing before the first get. Until then nothing is kept for it, since it was told of no key.
    position: Option<Position>,
    listing: Option<Listing<K>>,
    /// Keys whose turn it is after that, if they were many.
    rest: Option<Rest<K>>,
    /// Keys whose turn it is after those, and whether the watcher has been told that the key is there.
    queue: VecDeque<(K, bool)>,
    /// The keys in `queue`, if they are too many to be searched one by one; empty otherwise.
    queued: BTreeSet<K>,
}

impl<K: Ord + Clone> Cursor<K> {
    pub(crate) fn new<V>(bounds: Bounds<K>, state: Option<&State<K, V>>) -> Self {
        let made = state.map_or(0, |state| state.log.end());
        Self {
            bounds,
            made,
            position: None,
            listing: None,
            rest: None,
            queue: VecDeque::new(),
            queued: BTreeSet::new(),
        }
    }

    /// Takes everything for seen.
    pub(crate) fn skip_to<V>(&mut self, state: &State<K, V>) {
        self.position = Some(state.log.position());
        self.listing = None;
        self.rest = None;
        self.queue.clear();
        self.queued.clear();
    }

    /// Looks at a state. If user code panics, the watcher has not looked, or has looked at a part, which is no loss.
    pub(crate) fn look_at<V>(&mut self, state: &State<K, V>) {
        let log = &state.log;
        if self.position.is_none() {
            self.begin(state);
        }
        let Some(position) = self.position.as_ref().filter(|position| position.number != log.end()) else { return };
        if self.listing.is_none() && self.rest.is_none() && self.queue.is_empty() {
            if let Some(list) = Notes::changed(state, position.number) {
                self.take(list);
            }
        }
        self.note(state);
        self.position = Some(log.position());
    }

    /// The first look: the list is of the keys that were there when the watcher was made. Those inserted since come after them.
    fn begin<V>(&mut self, state: &State<K, V>) {
        self.rest = None;
        self.queue.clear();
        self.queued.clear();
        self.listing = Some(Listing { begun: self.made, last: None });
        let mut position = state.log.position();
        if position.number > self.made {
            let all = self.bounds.after(None).map(|all| state.items.range::<K, _>(all));
            let new = all.into_iter().flatten().filter(|(_, item)| item.created > self.made);
            let mut new: Vec<_> = new.map(|(key, item)| (item.created, key)).collect();
            new.sort_unstable_by_key(|(created, _)| *created);
            // A list has all keys, and is for those who want most of them.
            if new.len() >= LISTED_FROM && self.bounds.is_all() {
                let rest = Rest::of(Notes::inserted(state, self.made, &new));
                position = rest.position().clone();
                self.rest = Some(rest);
            } else {
                new.iter().for_each(|(_, key)| self.push(key, false));
            }
        }
        self.position = Some(position);
    }

    fn take(&mut self, list: Arc<Notes<K>>) {
        let rest = Rest::of(list);
        self.position = Some(rest.position().clone());
        self.rest = Some(rest);
    }

    /// Notes the keys that changed since the position.
    fn note<V>(&mut self, state: &State<K, V>) {
        let Some(at) = self.position.as_ref().map(|position| position.number) else { return };
        for turn in state.log.turns_after(at).filter(|turn| turn.concerns(at)) {
            let key = turn.key;
            if !self.bounds.contain(key) || self.is_queued(key) {
                continue;
            }
            if self.rest.as_ref().is_some_and(|rest| rest.contains(key)) {
                continue;
            }
            if turn.was_present() && self.listing.is_none() {
                self.push(key, true);
                continue;
            }
            let item = state.items.get(key);
            let unlisted = self.listing.as_ref().filter(|listing| listing.last.as_ref().is_none_or(|last| key > last));
            if unlisted.is_some_and(|listing| item.is_some_and(|item| item.created <= listing.begun)) {
                // The list will come to it.
                continue;
            }
            let was_told = turn.was_present() && unlisted.is_none();
            if item.is_none() && !was_told {
                continue;
            }
            self.push(key, was_told);
        }
    }

    /// What is to be told next, with its newest data. It stays next until [`pass`](Self::pass).
    pub(crate) fn next<V: Clone>(&mut self, state: &State<K, V>) -> Option<Change<K, V>> {
        if let Some(listing) = &self.listing {
            let rest = self.bounds.after(listing.last.as_ref()).map(|rest| state.items.range::<K, _>(rest));
            let listed = rest.and_then(|mut rest| rest.find(|(_, item)| item.created <= listing.begun));
            if let Some((key, item)) = listed {
                return Some(Change { key: key.clone(), value: Some(V::clone(&item.value)) });
            }
            self.listing = None;
        }
        if let Some(rest) = &mut self.rest {
            let bounds = &self.bounds;
            let is_wanted =
                |note: &Note<K>| bounds.contain(&note.key) && (note.was_present || state.items.contains_key(&note.key));
            if let Some(Note { key, .. }) = rest.next(is_wanted) {
                let item = state.items.get(key);
                return Some(Change { key: key.clone(), value: item.map(|item| V::clone(&item.value)) });
            }
            self.rest = None;
        }
        while let Some((key, was_told)) = self.queue.front() {
            let item = state.items.get(key);
            if item.is_some() || *was_told {
                return Some(Change { key: key.clone(), value: item.map(|item| V::clone(&item.value)) });
            }
            // It came and went.
            self.forget_first();
        }
        None
    }

    /// The watcher was told of `key`, which was next.
    pub(crate) fn pass(&mut self, key: &K) {
        match (&mut self.listing, &mut self.rest) {
            (Some(listing), _) => listing.last = Some(key.clone()),
            (None, Some(rest)) => rest.pass(),
            (None, None) => self.forget_first(),
        }
    }

    fn is_queued(&self, key: &K) -> bool {
        if self.queued.is_empty() {
            self.queue.iter().any(|(other, _)| other == key)
        } else {
            self.queued.contains(key)
        }
    }

    fn push(&mut self, key: &K, was_told: bool) {
        let key = key.clone();
        if !self.queued.is_empty() {
            self.queued.insert(key.clone());
        } else if self.queue.len() >= SEARCHED {
            let all = self.queue.iter().map(|(other, _)| other).chain([&key]);
            self.queued = all.cloned().collect();
        }
        self.queue.push_back((key, was_told));
    }

    fn forget_first(&mut self) {
        let Some((key, _)) = self.queue.front() else { return };
        if !self.queued.is_empty() {
            self.queued.remove(key);
        }
        self.queue.pop_front();
    }
}
