//! What becomes of keys, on its way from the cluster to those who keep what is stored.

use std::collections::HashMap;

use crate::api::{KeyValue, Slice};

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) key: Slice,
    /// `None`: it was deleted.
    pub(crate) bytes: Option<Slice>,
    /// The revision of the cluster that did it.
    pub(crate) revision: i64,
    /// The key was not there before.
    pub(crate) creates: bool,
}

/// Of each key the newest change, in the order in which the keys first changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    list: Vec<Change>,
    /// Where in the list the keys are, if they are many.
    places: HashMap<Slice, usize>,
}

/// As long as there are no more, they are searched one by one.
const FEW: usize = 8;

/// If so many changes wait to be taken, what comes is copied, since each that waits keeps the whole message that it came in.
const COPIED: usize = 256;

impl Changes {
    pub(crate) fn push(&mut self, mut change: Change) {
        if let Some(place) = self.place(&change.key) {
            self.list[place] = change;
            return;
        }
        if self.list.len() >= COPIED {
            change.key = Slice::copy_from_slice(&change.key);
            change.bytes = change.bytes.map(|bytes| Slice::copy_from_slice(&bytes));
        }
        if self.list.len() >= FEW {
            if self.places.is_empty() {
                self.places.extend((0..).zip(&self.list).map(|(place, change)| (change.key.clone(), place)));
            }
            self.places.insert(change.key.clone(), self.list.len());
        }
        self.list.push(change);
    }

    /// Adds later ones.
    pub(crate) fn append(&mut self, later: Self) {
        if self.list.is_empty() {
            *self = later;
        } else {
            later.list.into_iter().for_each(|change| self.push(change));
        }
    }

    fn place(&self, key: &Slice) -> Option<usize> {
        if self.places.is_empty() {
            return self.list.iter().position(|change| change.key == *key);
        }
        self.places.get(key).copied()
    }

    pub(crate) fn get(&self, key: &Slice) -> Option<&Change> {
        self.place(key).map(|place| &self.list[place])
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.list.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Brings a list of what was stored at a revision up to these changes, as far as they are newer.
    pub(crate) fn bring_up(self, stored: &mut Vec<KeyValue>, revision: i64) {
        let is_newer = |change: &Change| change.revision > revision;
        if !self.iter().any(is_newer) {
            return;
        }
        stored.retain(|pair| !self.get(&pair.key).is_some_and(is_newer));
        stored.extend(self.list.into_iter().filter(is_newer).filter_map(|Change { key, bytes, revision, .. }| {
            // Nobody asks any more when a key of a whole list was created.
            Some(KeyValue { key, create_revision: 0, mod_revision: revision, value: bytes? })
        }));
        stored.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    }
}

impl From<KeyValue> for Change {
    fn from(pair: KeyValue) -> Self {
        let creates = pair.create_revision == pair.mod_revision;
        Self { key: pair.key, bytes: Some(pair.value), revision: pair.mod_revision, creates }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: usize, bytes: Option<&'static str>, revision: i64) -> Change {
        Change { key: key.to_string().into(), bytes: bytes.map(Slice::from), revision, creates: false }
    }

    #[test]
    fn of_each_key_the_newest_counts_however_many_there_are() {
        for count in [1, FEW - 1, FEW, FEW + 1, COPIED + 10] {
            let mut changes = Changes::default();
            assert!(changes.is_empty());
            (0..count).for_each(|key| changes.push(change(key, Some("old"), 1)));
            let mut later = Changes::default();
            (0..count).rev().for_each(|key| later.push(change(key, Some("new"), 2)));
            later.push(change(count, None, 3));
            changes.append(later);
            let keys: Vec<_> = changes.iter().map(|change| change.key.clone()).collect();
            assert_eq!(keys, (0..=count).map(|key| Slice::from(key.to_string())).collect::<Vec<_>>());
            assert!(changes.iter().take(count).all(|change| change.bytes.as_deref() == Some(b"new")));
            assert_eq!(changes.get(&count.to_string().into()), Some(&change(count, None, 3)));
            assert_eq!(changes.get(&"none".into()), None);
        }
    }

    /// Otherwise a single key that waits could keep a response of many megabytes.
    #[test]
    fn what_waits_behind_many_keeps_no_message() {
        let message = Slice::from(vec![7; 1 << 16]);
        let mut changes = Changes::default();
        (0..COPIED).for_each(|key| changes.push(change(key, None, 1)));
        changes.push(Change { key: message.slice(0..1), bytes: Some(message.slice(1..2)), ..change(0, None, 1) });
        assert!(message.is_unique());
        assert_eq!(changes.get(&message.slice(0..1)).and_then(|change| change.bytes.clone()), Some(vec![7].into()));
    }

    #[test]
    fn a_list_is_brought_up_to_what_is_newer() {
        let pair = |key: usize, value: &'static str, mod_revision| KeyValue {
            key: key.to_string().into(),
            create_revision: 0,
            mod_revision,
            value: value.into(),
        };
        let mut stored = vec![pair(1, "a", 1), pair(2, "a", 1), pair(3, "a", 1), pair(5, "a", 6)];
        let mut changes = Changes::default();
        changes.push(change(5, Some("in the list"), 5));
        changes.push(change(4, Some("b"), 7));
        changes.push(change(2, None, 8));
        changes.push(change(3, Some("b"), 9));
        changes.push(change(0, None, 9));
        changes.bring_up(&mut stored, 6);
        assert_eq!(stored, [pair(1, "a", 1), pair(3, "b", 9), pair(4, "b", 7), pair(5, "a", 6)]);
    }
}
