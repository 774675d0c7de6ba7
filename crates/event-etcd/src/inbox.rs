//! What one watcher has been told by the cluster and has not had yet: per key the newest, in the order of first change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What is stored under a key.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Arc<[u8]>,
    /// The revision of the cluster that stored it.
    pub(crate) mod_revision: i64,
}

/// A key and what became of it: `None` when it was deleted.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: Arc<[u8]>,
    pub(crate) bytes: Option<Arc<[u8]>>,
    /// The revision of the cluster that made it so, as far as it is known: a deletion that was found by listing has that
    /// of the list.
    pub(crate) revision: i64,
}

/// One key.
///
/// `seen` and `newest` are what the watcher has had, and what is present as far as is known; `None` where there is
/// nothing. `turn` is there if and only if the two differ in their bytes. A key where all three are `None` has no entry.
#[derive(Clone, Debug, Default)]
struct Entry {
    seen: Option<Arc<[u8]>>,
    newest: Option<Arc<[u8]>>,
    /// The revision behind `newest`.
    revision: i64,
    turn: Option<u64>,
}

/// The keys of one watcher. It holds one entry for a key that is present, or that was and whose deletion is still to be
/// told: however long nobody asks, nothing else is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox {
    entries: HashMap<Arc<[u8]>, Entry>,
    /// The keys whose turn it is to be told about, by when they first changed.
    turns: BTreeMap<u64, Arc<[u8]>>,
    next_turn: u64,
}

impl Inbox {
    /// Whether there is anything to tell.
    pub(crate) fn has_changes(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Notes what was stored under a key, or that it was deleted.
    pub(crate) fn note(&mut self, key: &[u8], stored: Option<Stored>, revision: i64) {
        let (key, mut entry) = match self.entries.remove_entry(key) {
            Some(known) => known,
            None if stored.is_none() => return,
            None => (Arc::from(key), Entry::default()),
        };
        entry.revision = stored.as_ref().map_or(revision, |stored| stored.mod_revision);
        entry.newest = stored.map(|stored| stored.bytes);
        if entry.newest == entry.seen {
            // As it was when the watcher looked: the same bytes are kept once, and there is nothing to tell.
            entry.newest.clone_from(&entry.seen);
            if let Some(turn) = entry.turn.take() {
                self.turns.remove(&turn);
            }
        } else if entry.turn.is_none() {
            entry.turn = Some(self.next_turn);
            self.turns.insert(self.next_turn, Arc::clone(&key));
            self.next_turn += 1;
        }
        self.keep(key, entry);
    }

    /// Notes everything that is present in the range at a revision: what is not in the list is there no more.
    pub(crate) fn note_all(&mut self, present: Vec<(Vec<u8>, Stored)>, revision: i64) {
        let known = self.entries.iter().filter(|(_, entry)| entry.newest.is_some());
        let mut gone: HashSet<_> = known.map(|(key, _)| Arc::clone(key)).collect();
        for (key, stored) in present {
            gone.remove(key.as_slice());
            self.note(&key, Some(stored), revision);
        }
        let mut gone: Vec<_> = gone.into_iter().collect();
        // A list has no order of change; that of the keys is at least always the same.
        gone.sort_unstable();
        for key in gone {
            self.note(&key, None, revision);
        }
    }

    /// Takes the change whose turn it is. The watcher has had it then.
    pub(crate) fn take(&mut self) -> Option<Change> {
        let (_, key) = self.turns.pop_first()?;
        let (key, mut entry) = self.entries.remove_entry(&key).expect("a key whose turn it is has an entry");
        entry.turn = None;
        entry.seen.clone_from(&entry.newest);
        let change = Change { key: Arc::clone(&key), bytes: entry.newest.clone(), revision: entry.revision };
        self.keep(key, entry);
        Some(change)
    }

    fn keep(&mut self, key: Arc<[u8]>, entry: Entry) {
        if entry.seen.is_some() || entry.newest.is_some() {
            self.entries.insert(key, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(bytes: &str, mod_revision: i64) -> Option<Stored> {
        Some(Stored { bytes: Arc::from(bytes.as_bytes()), mod_revision })
    }

    fn taken(inbox: &mut Inbox) -> Vec<(String, Option<String>, i64)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("only text is stored here");
        std::iter::from_fn(|| inbox.take())
            .map(|change| (text(&change.key), change.bytes.as_deref().map(text), change.revision))
            .collect()
    }

    #[test]
    fn of_each_key_the_newest_is_kept_in_the_order_of_first_change() {
        let mut inbox = Inbox::default();
        for (revision, (key, bytes)) in [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5")].iter().enumerate()
        {
            inbox.note(key.as_bytes(), stored(bytes, revision as i64), revision as i64);
        }
        assert_eq!(
            taken(&mut inbox),
            [("b", "3", 2), ("a", "5", 4), ("c", "4", 3)].map(|(k, b, r)| (k.into(), Some(b.into()), r))
        );
        assert_eq!(taken(&mut inbox), []);
    }

    #[test]
    fn what_has_come_back_to_what_it_was_is_not_told() {
        let mut inbox = Inbox::default();
        inbox.note(b"a", stored("1", 1), 1);
        inbox.take();
        inbox.note(b"a", stored("1", 2), 2);
        assert!(!inbox.has_changes(), "the same bytes");
        inbox.note(b"a", stored("2", 3), 3);
        inbox.note(b"a", stored("1", 4), 4);
        assert!(!inbox.has_changes(), "as before");
        inbox.note(b"a", None, 5);
        inbox.note(b"a", stored("1", 6), 6);
        assert!(!inbox.has_changes(), "deleted and stored again");
        inbox.note(b"never had", stored("1", 7), 7);
        inbox.note(b"never had", None, 8);
        assert!(!inbox.has_changes(), "nobody knows of it");
        assert_eq!(inbox.entries.len(), 1);
    }

    #[test]
    fn a_list_tells_of_deletions_and_changes_and_of_nothing_else() {
        let mut inbox = Inbox::default();
        for key in ["a", "b", "c", "d"] {
            inbox.note(key.as_bytes(), stored("1", 1), 1);
        }
        taken(&mut inbox);
        let present = [("b", "1", 1), ("c", "2", 9), ("e", "1", 8)];
        let present = present.map(|(key, bytes, revision)| (key.into(), stored(bytes, revision).expect("is stored")));
        inbox.note_all(present.into(), 9);
        assert_eq!(
            taken(&mut inbox),
            [("c", Some("2"), 9), ("e", Some("1"), 8), ("a", None, 9), ("d", None, 9)].map(|(key, bytes, revision)| (
                key.into(),
                bytes.map(Into::into),
                revision
            ))
        );
    }

    #[test]
    fn keys_that_come_and_go_unseen_leave_nothing_behind() {
        let mut inbox = Inbox::default();
        for revision in 0..10_000 {
            let key = format!("key {revision}");
            inbox.note(key.as_bytes(), stored("1", revision), revision);
            inbox.note(key.as_bytes(), None, revision);
        }
        for revision in 0..10_000 {
            inbox.note(b"one", stored(&format!("{}", revision % 2), revision), revision);
        }
        assert_eq!((inbox.entries.len(), inbox.turns.len()), (1, 1));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Note(u8, Option<u8>),
        List(Vec<(u8, u8)>),
        Take,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..5_u8, prop::option::weighted(0.7, 0..3_u8)).prop_map(|(key, data)| Step::Note(key, data)),
            1 => prop::collection::btree_map(0..5_u8, 0..3_u8, 0..5).prop_map(|all| Step::List(all.into_iter().collect())),
            3 => Just(Step::Take),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        /// The model: what is present, what the watcher has, and the keys in the order in which the two began to differ.
        #[test]
        fn the_watcher_catches_up_with_what_is_present(steps in steps()) {
            let mut inbox = Inbox::default();
            let (mut present, mut had, mut order) = (BTreeMap::new(), BTreeMap::new(), Vec::<u8>::new());
            for step in steps {
                let mut changes = Vec::new();
                match step {
                    Step::Note(key, data) => {
                        inbox.note(&[key], data.map(|data| Stored { bytes: Arc::from([data]), mod_revision: 1 }), 1);
                        changes.push((key, data));
                    }
                    Step::List(all) => {
                        let stored = |data: u8| Stored { bytes: Arc::from([data]), mod_revision: 1 };
                        inbox.note_all(all.iter().map(|(key, data)| (vec![*key], stored(*data))).collect(), 1);
                        changes.extend(all.iter().map(|(key, data)| (*key, Some(*data))));
                        let listed: BTreeMap<_, _> = all.into_iter().collect();
                        changes.extend(present.keys().filter(|key| !listed.contains_key(*key)).map(|key| (*key, None)));
                    }
                    Step::Take => {
                        let change = inbox.take();
                        prop_assert_eq!(change.is_some(), !order.is_empty());
                        if let Some(change) = change {
                            let key = order.remove(0);
                            prop_assert_eq!(&*change.key, &[key]);
                            prop_assert_eq!(change.bytes.as_deref(), present.get(&key).map(std::slice::from_ref));
                            match present.get(&key) {
                                Some(data) => had.insert(key, *data),
                                None => had.remove(&key),
                            };
                        }
                    }
                }
                for (key, data) in changes {
                    match data {
                        Some(data) => present.insert(key, data),
                        None => present.remove(&key),
                    };
                    let differs = present.get(&key) != had.get(&key);
                    if !differs {
                        order.retain(|other| *other != key);
                    } else if !order.contains(&key) {
                        order.push(key);
                    }
                }
                prop_assert_eq!(inbox.has_changes(), !order.is_empty());
                let known: std::collections::BTreeSet<_> = present.keys().chain(had.keys()).collect();
                prop_assert_eq!(inbox.entries.len(), known.len());
            }
        }
    }
}
