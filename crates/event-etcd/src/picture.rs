//! What is stored in a range, as it is: one picture for all of its [watchers](crate::watcher), and as long as there are any.
//!
//! Watchers read it beside each other. What each has had of it is in its [cursor](crate::cursor). [Maps](crate::map) keep what they
//! decode, and have no use for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_map::MemoryMap;

use crate::api::KeyValue;
use crate::changes::{Change, Changes};
use crate::cursor::Differences;
use crate::store::harmless;

/// A key, as the cluster has it.
pub(crate) type Key = Arc<[u8]>;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) bytes: Arc<[u8]>,
    /// The revision of the cluster that stored it.
    pub(crate) mod_revision: i64,
}

/// What is stored in a range.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// Every state of it is the range at one revision of the cluster; but empty before it has a list.
    pub(crate) map: MemoryMap<Key, Stored>,
    pub(crate) differences: Differences,
    deletions: Mutex<Deletions>,
}

impl Picture {
    /// The revision that deleted a key, as far as it is known, and what it took away.
    pub(crate) fn deletion(&self, key: &[u8]) -> Deletion {
        self.deletions().get(key)
    }

    /// How many deletions are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        let deletions = self.deletions();
        deletions.known.len().max(deletions.order.len())
    }

    fn deletions(&self) -> MutexGuard<'_, Deletions> {
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes everything that is stored at a revision, in the order of keys: what is not in the list was deleted.
    pub(crate) fn replace(&self, all: &[KeyValue], revision: i64) {
        let before = self.map.snapshot();
        let mut changes: Vec<(Key, Option<Stored>)> = Vec::new();
        let mut gone: Vec<(Key, Option<Stored>)> = Vec::new();
        let mut old = before.iter().peekable();
        for KeyValue { key, value, mod_revision, .. } in all {
            while let Some((other, _)) = old.next_if(|(other, _)| ***other < **key) {
                gone.push((Arc::clone(other), None));
            }
            let mod_revision = *mod_revision;
            match old.next_if(|(other, _)| ***other == **key) {
                Some((known, had)) if *had.bytes == **value => {
                    if had.mod_revision != mod_revision {
                        let same = Stored { bytes: Arc::clone(&had.bytes), mod_revision };
                        changes.push((Arc::clone(known), Some(same)));
                    }
                }
                known => {
                    let key = known.map_or_else(|| Key::from(&**key), |(known, _)| Arc::clone(known));
                    changes.push((key, Some(Stored { bytes: Arc::from(&**value), mod_revision })));
                }
            }
        }
        gone.extend(old.map(|(other, _)| (Arc::clone(other), None)));
        {
            let mut deletions = self.deletions();
            for (key, _) in gone.iter().take(DELETIONS) {
                deletions.put(key, revision, before.get(key).map(|stored| Arc::clone(&stored.bytes)));
            }
            deletions.newest = deletions.newest.max(revision);
        }
        // A list has no order of change; that of the keys is at least always the same.
        changes.append(&mut gone);
        self.publish(&changes);
    }

    /// Notes a deletion, before it is [put](Self::put) with others. `earlier`: what is put with it and happened before.
    pub(crate) fn deleted(&self, deletion: &Change, earlier: &Changes) {
        let before = match earlier.get(&deletion.key) {
            Some(earlier) => earlier.bytes.as_deref().map(Arc::from),
            None => self.map.get(&*deletion.key).map(|stored: Stored| stored.bytes),
        };
        self.deletions().put(&deletion.key, deletion.revision, before);
    }

    /// Notes what became of keys.
    pub(crate) fn put(&self, changes: &Changes) {
        let stored = |Change { key, bytes, revision, .. }: &Change| {
            let stored = |bytes: &[u8]| Stored { bytes: Arc::from(bytes), mod_revision: *revision };
            (Key::from(&**key), bytes.as_deref().map(stored))
        };
        self.publish(&changes.iter().map(stored).collect::<Vec<_>>());
    }

    /// One publication: a watcher sees all of it or nothing.
    fn publish(&self, changes: &[(Key, Option<Stored>)]) {
        harmless(|| {
            self.map.transaction(|edit| {
                if edit.is_empty() {
                    // Mostly a first list.
                    let stored = |(key, stored): &(Key, Option<Stored>)| Some((Arc::clone(key), stored.clone()?));
                    edit.extend(changes.iter().filter_map(stored));
                    return;
                }
                for (key, stored) in changes {
                    match stored {
                        Some(stored) => _ = edit.insert(Arc::clone(key), stored.clone()),
                        None => _ = edit.remove(key),
                    }
                }
            });
        });
    }
}

/// How many deletions are remembered with what they took away. Watchers that keep up need the newest.
const DELETIONS: usize = 64;

/// Longer data is not kept for that.
const LONGEST_DELETED: usize = 16 << 10;

/// The revision, and what it took away.
type Deletion = (i64, Option<Arc<[u8]>>);

/// The newest deletions. Of the others it is only known that they are not newer than the newest.
#[derive(Debug, Default)]
struct Deletions {
    newest: i64,
    known: HashMap<Key, Deletion>,
    order: VecDeque<(Key, i64)>,
}

impl Deletions {
    fn put(&mut self, key: &[u8], revision: i64, before: Option<Arc<[u8]>>) {
        self.newest = self.newest.max(revision);
        let (key, before) = (Key::from(key), before.filter(|bytes| bytes.len() <= LONGEST_DELETED));
        self.known.insert(Arc::clone(&key), (revision, before));
        self.order.push_back((key, revision));
        if self.order.len() > DELETIONS {
            if let Some((key, revision)) = self.order.pop_front() {
                if self.known.get(&key).is_some_and(|(known, _)| *known == revision) {
                    self.known.remove(&key);
                }
            }
        }
    }

    fn get(&self, key: &[u8]) -> Deletion {
        self.known.get(key).cloned().unwrap_or((self.newest, None))
    }
}
