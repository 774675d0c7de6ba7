//! What a map is, and what its watchers have to be told, in the plainest words: every change is noted for every watcher when it
//! happens.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};

use super::program::Edit;
use super::{Data, Key};
use crate::Change;

#[derive(Clone, Copy)]
struct Entry {
    data: Data,
    created: u64,
    changed: u64,
}

/// The map, with the number of each change.
#[derive(Clone, Default)]
pub(super) struct Reference {
    entries: BTreeMap<Key, Entry>,
    changes: u64,
}

/// What a publication did to a key.
pub(super) struct Noted {
    pub(super) key: Key,
    was_present: bool,
}

impl Reference {
    pub(super) fn get(&self, key: Key) -> Option<Data> {
        self.entries.get(&key).map(|entry| entry.data)
    }

    pub(super) fn changed(&self, key: Key) -> Option<u64> {
        self.entries.get(&key).map(|entry| entry.changed)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Data)> {
        self.entries.iter().map(|(key, entry)| (*key, entry.data))
    }

    pub(super) fn map(&self) -> BTreeMap<Key, Data> {
        self.iter().collect()
    }

    pub(super) fn within(&self, bounds: (Bound<Key>, Bound<Key>)) -> BTreeMap<Key, Data> {
        self.iter().filter(|(key, _)| bounds.contains(key)).collect()
    }

    pub(super) fn keys_that_differ(&self, old: &Self) -> Vec<Key> {
        (0..=Key::MAX).filter(|key| self.changed(*key) != old.changed(*key)).collect()
    }

    /// Does one publication. Returns the keys that have changed by it, in the order in which they first did.
    pub(super) fn apply(&mut self, edits: &[Edit]) -> Vec<Noted> {
        let before = self.clone();
        let mut touched: Vec<Key> = Vec::new();
        for edit in edits {
            let (key, data) = match edit {
                Edit::Insert(key, data) => (*key, Some(*data)),
                Edit::Remove(key) if self.get(*key).is_none() => continue,
                Edit::Remove(key) => (*key, None),
                Edit::Update(key, data) => match self.get(*key) {
                    Some(old) => (*key, Some(old ^ data)),
                    None => continue,
                },
            };
            self.changes += 1;
            if !touched.contains(&key) {
                touched.push(key);
            }
            let created = self.entries.get(&key).map_or(self.changes, |entry| entry.created);
            match data {
                Some(data) => _ = self.entries.insert(key, Entry { data, created, changed: self.changes }),
                None => _ = self.entries.remove(&key),
            }
        }
        let differs = |key: &Key| before.changed(*key) != self.changed(*key);
        let touched = touched.into_iter().filter(differs);
        touched.map(|key| Noted { key, was_present: before.get(key).is_some() }).collect()
    }
}

/// What one watcher has to be told.
#[derive(Clone)]
pub(super) struct Expected {
    bounds: (Bound<Key>, Bound<Key>),
    /// The number of the newest change when it was made.
    made: u64,
    has_looked: bool,
    /// The last one of the first list that it was told of; nothing once it is through the list.
    listed: Option<Option<Key>>,
    /// Keys whose turn it is, and whether it was told that they are there.
    queue: VecDeque<(Key, bool)>,
    /// The same, of changes since it looked, and whether the key was there before.
    unseen: Vec<(Key, bool, bool)>,
}

impl Expected {
    pub(super) fn new(reference: &Reference, bounds: (Bound<Key>, Bound<Key>)) -> Self {
        Self {
            bounds,
            made: reference.changes,
            has_looked: false,
            listed: Some(None),
            queue: VecDeque::new(),
            unseen: Vec::new(),
        }
    }

    pub(super) fn skip_to(&mut self, reference: &Reference) {
        *self = Self { has_looked: true, listed: None, ..Self::new(reference, self.bounds) };
    }

    /// Whether the first list will come to this key.
    fn will_list(&self, key: Key, reference: &Reference) -> bool {
        self.is_unlisted(key) && reference.entries.get(&key).is_some_and(|entry| entry.created <= self.made)
    }

    /// Whether the first list has not come to this key.
    fn is_unlisted(&self, key: Key) -> bool {
        self.listed.is_some_and(|last| last.is_none_or(|last| key > last))
    }

    pub(super) fn note(&mut self, noted: &[Noted], reference: &Reference) {
        for Noted { key, was_present } in noted.iter().filter(|noted| self.bounds.contains(&noted.key)) {
            if !self.has_looked || self.queue.iter().any(|(queued, _)| queued == key) {
                continue;
            }
            match self.unseen.iter().position(|(unseen, ..)| unseen == key) {
                // It came and went: as far as this watcher knows, nothing has become of it.
                Some(at) if reference.get(*key).is_none() && !self.unseen[at].2 => _ = self.unseen.remove(at),
                Some(_) => {}
                None => self.unseen.push((*key, *was_present && !self.is_unlisted(*key), *was_present)),
            }
        }
    }

    /// A get looks at the newest state.
    pub(super) fn look(&mut self, reference: &Reference) {
        if !self.has_looked {
            self.has_looked = true;
            let new = reference.entries.iter().filter(|(_, entry)| entry.created > self.made);
            let mut new: Vec<_> = new.map(|(key, entry)| (entry.created, *key)).collect();
            new.sort_unstable();
            self.queue =
                new.into_iter().map(|(_, key)| (key, false)).filter(|(key, _)| self.bounds.contains(key)).collect();
        }
        for (key, was_told, _) in core::mem::take(&mut self.unseen) {
            // If the list will come to it, that is early enough.
            if !self.will_list(key, reference) && (was_told || reference.get(key).is_some()) {
                self.queue.push_back((key, was_told));
            }
        }
    }

    /// What would be told next by a get, if anything.
    pub(super) fn peek(&self, reference: &Reference) -> Option<Change<Key, Data>> {
        let mut clone = self.clone();
        clone.look(reference);
        clone.take(reference)
    }

    /// What is told next.
    pub(super) fn take(&mut self, reference: &Reference) -> Option<Change<Key, Data>> {
        if self.listed.is_some() {
            let listed =
                reference.entries.keys().find(|key| self.bounds.contains(*key) && self.will_list(**key, reference));
            if let Some(key) = listed {
                self.listed = Some(Some(*key));
                return Some(Change { key: *key, value: reference.get(*key) });
            }
            self.listed = None;
        }
        while let Some((key, was_told)) = self.queue.pop_front() {
            let value = reference.get(key);
            if value.is_some() || was_told {
                return Some(Change { key, value });
            }
        }
        None
    }
}
