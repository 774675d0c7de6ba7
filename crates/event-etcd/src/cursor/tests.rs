//! A store and cursors on it, step by step; and random steps beside a plain model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::api::{KeyValue, Slice};
use crate::changes::Change;
use crate::range::KeyRange;
use crate::store::{Answer, Store};

/// A store whose picture somebody has.
struct Watched {
    store: Store,
    picture: Arc<Picture>,
}

/// A store that knows what is stored at a revision.
fn listed(keys: &[(&str, &str)], revision: i64) -> Watched {
    let store = Store::new(1, KeyRange::prefix(""));
    let watched = Watched { picture: store.picture(), store };
    list(&watched, keys, revision);
    watched
}

impl Watched {
    fn cursor(&self) -> Cursor {
        Cursor::new(Arc::clone(&self.picture))
    }
}

fn slice(bytes: impl AsRef<[u8]>) -> Slice {
    Slice::copy_from_slice(bytes.as_ref())
}

fn list(watched: &Watched, keys: &[(&str, &str)], revision: i64) {
    let pair = |(key, value): &(&str, &str)| KeyValue {
        key: slice(key),
        create_revision: 1,
        mod_revision: revision,
        value: slice(value),
    };
    assert!(watched.store.put_list(Answer::All { revision, stored: keys.iter().map(pair).collect() }));
}

/// One transaction.
fn put(watched: &Watched, changes: &[(&str, Option<&str>)], revision: i64) {
    let change = |(key, bytes): &(&str, Option<&str>)| Change {
        key: slice(key),
        bytes: bytes.map(slice),
        revision,
        creates: false,
    };
    watched.store.put_events(changes.iter().map(change));
}

type Item = (String, Option<String>, i64);

fn item(told: &Told) -> Item {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("only text is stored here");
    (text(&told.key), told.bytes.as_deref().map(text), told.revision)
}

fn next(cursor: &mut Cursor) -> Option<Told> {
    loop {
        match cursor.next(None) {
            Looked::Told(told) => return Some(told),
            Looked::Busy => {}
            Looked::Nothing | Looked::Closed => return None,
        }
    }
}

fn rest(cursor: &mut Cursor) -> Vec<Item> {
    std::iter::from_fn(|| next(cursor)).map(|told| item(&told)).collect()
}

fn items<const N: usize>(items: [(&str, Option<&str>, i64); N]) -> Vec<Item> {
    items.map(|(key, bytes, revision)| (key.to_owned(), bytes.map(str::to_owned), revision)).into()
}

#[test]
fn of_each_key_the_newest_is_told_in_the_order_of_first_change() {
    let store = listed(&[], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor), []);
    for (revision, (key, bytes)) in (2..).zip([("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5")]) {
        put(&store, &[(key, Some(bytes))], revision);
    }
    assert_eq!(rest(&mut cursor), items([("b", Some("3"), 4), ("a", Some("5"), 6), ("c", Some("4"), 5)]));
    assert_eq!(rest(&mut cursor), []);
}

#[test]
fn a_watcher_begins_with_the_keys_in_their_order_and_then_what_changed_since_it_asked() {
    let store = listed(&[("a", "1"), ("b", "1")], 1);
    let mut cursor = store.cursor();
    put(&store, &[("d", Some("1"))], 2);
    put(&store, &[("c", Some("1"))], 3);
    put(&store, &[("a", Some("2"))], 4);
    let expected = items([("a", Some("2"), 4), ("b", Some("1"), 1), ("d", Some("1"), 2), ("c", Some("1"), 3)]);
    assert_eq!(rest(&mut cursor), expected);
}

#[test]
fn what_has_come_back_to_what_it_was_is_not_told() {
    let store = listed(&[("a", "1")], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor).len(), 1);
    put(&store, &[("a", Some("1"))], 2);
    assert_eq!(rest(&mut cursor), [], "the same bytes");
    put(&store, &[("a", Some("2"))], 3);
    put(&store, &[("a", Some("1"))], 4);
    assert_eq!(rest(&mut cursor), [], "as before");
    put(&store, &[("a", None)], 5);
    put(&store, &[("a", Some("1"))], 6);
    assert_eq!(rest(&mut cursor), [], "deleted and stored again");
    put(&store, &[("never had", Some("1"))], 7);
    put(&store, &[("never had", None)], 8);
    assert_eq!(rest(&mut cursor), [], "nobody knows of it");
}

/// What is told while a round lasts is newer than the round's state; the next one compares with that.
#[test]
fn what_was_told_ahead_of_its_round_is_not_told_again_and_its_deletion_is() {
    let store = listed(&[("a", "1"), ("b", "1"), ("c", "1")], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor).len(), 3);
    put(&store, &[("a", Some("2")), ("b", None), ("c", Some("2"))], 2);
    assert_eq!(next(&mut cursor).as_ref().map(item), items([("a", Some("2"), 2)]).pop());
    // Behind the round's state, in which `b` is not there.
    put(&store, &[("b", Some("3")), ("c", Some("1"))], 3);
    assert_eq!(next(&mut cursor).as_ref().map(item), items([("b", Some("3"), 3)]).pop());
    put(&store, &[("b", None)], 4);
    assert_eq!(rest(&mut cursor), items([("b", None, 4)]), "and `c` is as it was");
    put(&store, &[("c", Some("2"))], 5);
    assert_eq!(rest(&mut cursor), items([("c", Some("2"), 5)]));
}

#[test]
fn a_list_tells_of_deletions_and_changes_and_of_nothing_else() {
    let store = listed(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor).len(), 4);
    list(&store, &[("b", "1"), ("c", "2"), ("e", "1")], 9);
    let expected = items([("c", Some("2"), 9), ("e", Some("1"), 9), ("a", None, 9), ("d", None, 9)]);
    assert_eq!(rest(&mut cursor), expected);
    list(&store, &[], 8);
    assert_eq!(rest(&mut cursor), [], "an old list");
}

#[test]
fn a_deletion_says_what_it_took_away() {
    let store = listed(&[("a", "1"), ("b", "1")], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor).len(), 2);
    put(&store, &[("a", Some("2"))], 2);
    put(&store, &[("a", None)], 3);
    let told = next(&mut cursor).expect("it was deleted");
    assert_eq!((told.taken.as_deref(), told.revision), (Some(&b"2"[..]), 3), "which is not what the watcher had");
    list(&store, &[], 5);
    let told = next(&mut cursor).expect("it was deleted");
    assert_eq!((told.taken.as_deref(), told.revision), (Some(&b"1"[..]), 5));
}

/// In memory it would be a snapshot for each watcher, and for those that are behind one entry per key.
#[test]
fn keys_that_come_and_go_unseen_leave_nothing_behind() {
    let store = listed(&[], 1);
    let mut cursor = store.cursor();
    assert_eq!(rest(&mut cursor), []);
    for revision in 2..5_000 {
        let key = format!("key {revision}");
        put(&store, &[(&key, Some("1"))], revision);
        put(&store, &[(&key, None), ("one", Some(&revision.to_string()))], revision + 1);
    }
    assert_eq!(store.picture.map.len(), 1);
    assert_eq!(rest(&mut cursor).len(), 1);
    assert!(cursor.told.is_empty() && cursor.round.is_none());
}

#[derive(Clone, Debug)]
enum Step {
    /// One transaction.
    Put(Vec<(u8, Option<u8>)>),
    List(BTreeMap<u8, u8>),
    Take(usize),
    Join,
    Clone(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let change = || (0..5_u8, prop::option::weighted(0.7, 0..3_u8));
    let step = prop_oneof![
        6 => prop::collection::vec(change(), 1..4).prop_map(Step::Put),
        1 => prop::collection::btree_map(0..5_u8, 0..3_u8, 0..5).prop_map(Step::List),
        8 => (0..8_usize).prop_map(Step::Take),
        1 => Just(Step::Join),
        1 => (0..8_usize).prop_map(Step::Clone),
    ];
    prop::collection::vec(step, 0..80)
}

/// What a watcher has had.
type Had = BTreeMap<u8, u8>;

fn take(cursor: &mut Cursor, had: &mut Had, present: &Had) -> Result<bool, TestCaseError> {
    let Some(told) = next(cursor) else {
        prop_assert_eq!(&*had, present, "it has had everything");
        return Ok(false);
    };
    let (key, data) = (told.key[0], told.bytes.as_ref().map(|bytes| bytes[0]));
    prop_assert_eq!(data, present.get(&key).copied(), "the newest");
    prop_assert_ne!(data, had.get(&key).copied(), "something else than before");
    match data {
        Some(data) => had.insert(key, data),
        None => had.remove(&key),
    };
    Ok(true)
}

proptest! {
    #[test]
    fn every_watcher_catches_up_and_is_told_nothing_twice(steps in steps()) {
        let store = listed(&[], 1);
        let (mut present, mut revision) = (Had::new(), 1);
        let mut watchers = vec![(store.cursor(), Had::new())];
        for step in steps {
            revision += 1;
            match step {
                Step::Put(changes) => {
                    let mut events = BTreeMap::new();
                    for (key, data) in changes {
                        // etcd has no event for the deletion of what is not there, and one event of a key in a transaction.
                        if data.is_some() || present.contains_key(&key) {
                            events.insert(key, data);
                        }
                    }
                    for (key, data) in &events {
                        match data {
                            Some(data) => present.insert(*key, *data),
                            None => present.remove(key),
                        };
                    }
                    store.store.put_events(events.into_iter().map(|(key, data)| {
                        let (key, bytes) = (slice([key]), data.map(|data| slice([data])));
                        Change { key, bytes, revision, creates: false }
                    }));
                }
                Step::List(all) => {
                    let pair = |(key, data): (&u8, &u8)| KeyValue {
                        key: slice([*key]),
                        create_revision: 1,
                        mod_revision: revision,
                        value: slice([*data]),
                    };
                    let stored = all.iter().map(pair).collect();
                    assert!(store.store.put_list(Answer::All { revision, stored }));
                    present = all;
                }
                Step::Take(watcher) => {
                    let which = watcher % watchers.len();
                    let (cursor, had) = &mut watchers[which];
                    take(cursor, had, &present)?;
                }
                Step::Join => watchers.push((store.cursor(), Had::new())),
                Step::Clone(watcher) => {
                    let which = watcher % watchers.len();
                    let clone = watchers[which].clone();
                    watchers.push(clone);
                }
            }
        }
        for (cursor, had) in &mut watchers {
            while take(cursor, had, &present)? {}
            prop_assert!(cursor.told.is_empty());
        }
    }
}
