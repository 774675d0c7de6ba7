//! What a store makes of answers and events, and whom it tells.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::task::Wake;

use event_core::Watcher;

use crate::api::Slice;
use crate::inbox::Mail;

use super::*;

/// A store whose picture somebody has.
struct Watched {
    store: Store,
    picture: Arc<Picture>,
}

impl core::ops::Deref for Watched {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Watched {
    fn new() -> Self {
        let store = Store::new(1, KeyRange::prefix(""));
        Self { picture: store.picture(), store }
    }
}

/// Keys, each with the revision that wrote it last, and created it.
fn pairs(keys: &[(&'static str, i64)]) -> Vec<KeyValue> {
    let pair = |(key, revision): &(&'static str, i64)| KeyValue {
        key: Slice::from(*key),
        create_revision: *revision,
        mod_revision: *revision,
        value: revision.to_string().into(),
    };
    keys.iter().map(pair).collect()
}

fn listed(keys: &[(&'static str, i64)], revision: i64) -> Watched {
    let store = Watched::new();
    assert!(store.put_list(Answer::All { revision, stored: pairs(keys) }));
    store
}

/// What was written since: keys that were created, and others.
fn since(created: &[(&'static str, i64)], written: &[(&'static str, i64)], count: i64, revision: i64) -> Answer {
    let written = pairs(written).into_iter().map(|pair| KeyValue { create_revision: 1, ..pair });
    Answer::Since { revision, written: Some(pairs(created).into_iter().chain(written).collect()), count }
}

/// The key is new unless it is written in capitals.
fn event(key: &'static str, bytes: Option<&'static str>, revision: i64) -> Change {
    let creates = bytes.is_some() && key.to_lowercase() == key;
    Change { key: key.to_lowercase().into(), bytes: bytes.map(Slice::from), revision, creates }
}

fn keys(store: &Watched) -> Vec<String> {
    store.picture.map.snapshot().keys().map(|key| String::from_utf8(key.to_vec()).expect("text")).collect()
}

#[test]
fn what_was_written_since_is_enough_unless_something_was_deleted() {
    let store = listed(&[("a", 1), ("b", 2)], 5);
    assert!(store.put_list(since(&[("c", 8)], &[("b", 7)], 3, 9)));
    assert_eq!((keys(&store), store.known()), (vec!["a".into(), "b".into(), "c".into()], Some(9)));
    assert!(store.put_list(since(&[], &[], 3, 12)));
    assert_eq!(store.known(), Some(12));
    // One is gone, and another one has come: the number is the same as before.
    assert!(!store.put_list(since(&[("d", 14)], &[], 3, 15)));
    assert_eq!((keys(&store).len(), store.known()), (3, Some(12)), "nothing of it is noted");
    assert!(!store.put_list(since(&[], &[], 2, 15)));
    assert!(!store.put_list(Answer::Since { revision: 15, written: None, count: 3 }), "too many");
    assert!(!Watched::new().put_list(since(&[], &[], 0, 15)), "there was no list");
}

#[test]
fn the_number_of_keys_is_known_whatever_becomes_of_them() {
    let store = listed(&[("a", 1), ("b", 1)], 1);
    // Two are new, of which one is deleted again, one is written again, and one is deleted.
    let events = [("c", Some("1")), ("d", Some("1")), ("A", Some("2")), ("D", None), ("B", None), ("C", Some("2"))];
    store.put_events((2..).zip(events).map(|(revision, (key, bytes))| event(key, bytes, revision)));
    assert_eq!((keys(&store), store.known()), (vec!["a".into(), "c".into()], Some(7)));
    assert!(!store.put_list(since(&[], &[], 1, 8)) && !store.put_list(since(&[], &[], 3, 8)));
    assert!(store.put_list(since(&[], &[], 2, 8)));
    assert!(store.put_list(since(&[("e", 9)], &[("a", 9)], 3, 9)));
    assert!(store.put_list(Answer::All { revision: 12, stored: pairs(&[("a", 9)]) }));
    assert!(!store.put_list(since(&[], &[], 3, 13)) && store.put_list(since(&[], &[], 1, 13)));
}

#[test]
fn an_answer_that_the_watch_has_overtaken_changes_nothing() {
    let store = listed(&[("a", 1)], 5);
    assert_eq!(store.put_events([event("A", None, 6), event("b", Some("1"), 8)].into_iter()), Some(8));
    assert!(store.put_list(since(&[("a", 4)], &[], 9, 7)));
    assert!(store.put_list(Answer::All { revision: 8, stored: pairs(&[("a", 1)]) }));
    assert_eq!((keys(&store), store.known()), (vec!["b".into()], Some(8)));
    // In part: what is older than the newest event is known, the rest is not.
    assert!(store.put_list(since(&[("b", 8), ("c", 9)], &[], 2, 9)));
    assert_eq!((keys(&store), store.known()), (vec!["b".into(), "c".into()], Some(9)));
    assert_eq!(store.put_events([event("C", None, 9)].into_iter()), Some(9), "and so is the event");
    assert_eq!(keys(&store).len(), 2);
}

#[test]
fn a_response_is_one_publication() {
    let store = listed(&[("a", 1), ("b", 1)], 1);
    let before = store.picture.map.version().as_u64();
    let events = [event("A", None, 2), event("c", Some("1"), 2), event("C", Some("2"), 3), event("a", Some("1"), 3)];
    store.put_events(events.into_iter());
    assert_eq!((keys(&store).len(), store.picture.map.version().as_u64()), (3, before + 1));
    assert_eq!(store.picture.map.get(&b"c"[..]).map(|stored| stored.mod_revision), Some(3));
}

/// The keys and data that an inbox has, and how many of them are from a list.
fn mail(inbox: &Inbox) -> (Option<usize>, Vec<(String, Option<String>)>) {
    let text = |slice: &Slice| String::from_utf8(slice.to_vec()).expect("text");
    let Mail { all, changes } = inbox.take();
    let listed = all.iter().flatten().map(|pair| (text(&pair.key), Some(text(&pair.value))));
    let changed = changes.iter().map(|change| (text(&change.key), change.bytes.as_ref().map(text)));
    (all.as_ref().map(Vec::len), listed.chain(changed).collect())
}

fn some(items: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    items.iter().map(|(key, bytes)| ((*key).to_owned(), bytes.map(str::to_owned))).collect()
}

#[test]
fn who_comes_later_has_everything_listed_and_is_told_what_happened_meanwhile() {
    let store = listed(&[("a", 1), ("b", 1), ("c", 1)], 1);
    let begun = store.begin_list(false);
    assert_eq!((begun.since, store.is_kept()), (Some(1), true), "the picture is whole");
    let inbox = store.inbox();
    store.put_events([event("A", Some("2"), 2)].into_iter());
    assert_eq!(mail(&inbox), (None, vec![]), "it has nothing that this could be a change of");
    assert!(store.put_list(since(&[], &[], 3, 2)));
    assert_eq!(mail(&inbox), (None, vec![]), "that list was not for it");

    assert_eq!(store.begin_list(false).since, None);
    store.put_events([event("d", Some("4"), 4), event("B", None, 5), event("A", Some("6"), 6)].into_iter());
    let before = (store.picture.map.version(), store.revision.version());
    assert!(store.put_list(Answer::All { revision: 4, stored: pairs(&[("a", 2), ("b", 1), ("c", 1), ("d", 4)]) }));
    assert_eq!(mail(&inbox), (Some(3), some(&[("a", Some("6")), ("c", Some("1")), ("d", Some("4"))])));
    assert_eq!((store.picture.map.version(), store.known()), (before.0, Some(6)), "the picture had it");
    assert_ne!(store.revision.version(), before.1, "the inbox is looked at");

    // From now on each is told everything once.
    store.put_events([event("C", None, 7), event("e", Some("8"), 8), event("E", Some("9"), 9)].into_iter());
    assert_eq!(
        (mail(&inbox), keys(&store)),
        ((None, some(&[("c", None), ("e", Some("9"))])), vec!["a".into(), "d".into(), "e".into()])
    );
    assert_eq!(store.begin_list(false).since, Some(9));
    assert!(store.put_list(since(&[], &[("a", 10)], 3, 10)), "and the number of keys is right");
    assert_eq!(mail(&inbox), (None, some(&[("a", Some("10"))])));
    assert_eq!(store.begin_list(true).since, None, "if that is wanted");
    assert!(store.put_list(Answer::All { revision: 11, stored: pairs(&[("z", 11)]) }));
    assert_eq!((mail(&inbox), keys(&store)), ((Some(1), some(&[("z", Some("11"))])), vec!["z".into()]));
}

#[test]
fn what_happens_is_kept_for_a_list_only_while_that_is_on_its_way() {
    let store = listed(&[("a", 1)], 1);
    let kept = || store.lock().meanwhile.as_ref().map(|changes| changes.iter().len());
    store.begin_list(true);
    store.put_events([event("A", Some("2"), 2)].into_iter());
    assert_eq!(kept(), Some(1));
    store.drop_list();
    store.put_events([event("A", Some("3"), 3)].into_iter());
    assert_eq!(kept(), None);
    store.begin_list(true);
    assert_eq!(kept(), Some(0));
    assert!(store.put_list(Answer::All { revision: 3, stored: pairs(&[("a", 3)]) }));
    assert_eq!(kept(), None);
    store.begin_list(false);
    assert_eq!(kept(), None, "what was written since needs none of it");
}

#[test]
fn a_list_takes_the_place_of_what_an_inbox_had() {
    let store = Store::new(1, KeyRange::prefix(""));
    let inboxes = [store.inbox(), store.inbox()];
    assert!(store.put_list(Answer::All { revision: 1, stored: pairs(&[("a", 1)]) }));
    store.put_events([event("A", None, 2)].into_iter());
    store.begin_list(true);
    assert!(store.put_list(Answer::All { revision: 3, stored: pairs(&[("b", 3)]) }));
    store.put_events([event("c", Some("4"), 4)].into_iter());
    for inbox in inboxes {
        assert_eq!(mail(&inbox), (Some(1), some(&[("b", Some("3")), ("c", Some("4"))])));
    }
}

#[test]
fn what_nobody_needs_is_not_held() {
    let store = listed(&[("a", 1)], 1);
    let (inbox, Watched { store, picture }) = (store.inbox(), store);
    store.begin_list(false);
    assert!(store.put_list(Answer::All { revision: 1, stored: pairs(&[("a", 1)]) }));
    assert_eq!(mail(&inbox).0, Some(1));
    let gone = Arc::downgrade(&picture);
    drop(picture);
    assert!(gone.upgrade().is_none());
    store.put_events([event("b", Some("1"), 2)].into_iter());
    assert_eq!((mail(&inbox).1.len(), store.is_kept(), store.begin_list(false).since), (1, true, Some(2)));
    drop(inbox);
    assert!(!store.is_kept());
    // A watcher that comes again begins with a list.
    let picture = store.picture();
    assert_eq!((store.begin_list(false).since, store.is_kept(), picture.map.len()), (None, false, 0));
    store.inbox();
    store.inbox();
    assert_eq!(store.lock().maps.len(), 1, "of those that are gone nothing stays");
}

#[test]
fn the_last_revision_there_is_overflows_nothing() {
    let store = listed(&[("a", i64::MAX)], i64::MAX);
    store.put_progress(i64::MAX);
    assert_eq!(store.put_events([event("A", None, i64::MAX)].into_iter()), Some(i64::MAX));
    assert_eq!(keys(&store).len(), 1);
}

#[test]
fn deletions_are_remembered_for_a_while_and_never_newer_than_the_newest() {
    let store = listed(&[], 1);
    for revision in 0..500 {
        let key = revision.to_string();
        let put = Change { key: key.clone().into(), revision: 2 * revision + 2, ..event("", Some("1"), 0) };
        let delete = Change { bytes: None, revision: 2 * revision + 3, ..put.clone() };
        store.put_events([put, delete].into_iter());
        assert_eq!(store.picture.deletion(key.as_bytes()), (2 * revision + 3, Some(Arc::from(&b"1"[..]))));
    }
    assert_eq!(store.picture.deletion(b"0"), (1001, None));
    assert!(store.picture.remembered() <= 64);
}

fn state(status: &MemoryValue<Status>) -> String {
    status.borrow().map(|status| status.to_string()).unwrap_or_default()
}

#[test]
fn a_watcher_is_in_sync_when_its_own_list_is_in() {
    let store = listed(&[], 5);
    let (first, silent) = (store.ask(), store.show(9, None, false));
    let (one, coarse) = (store.show(7, Some(first), false), store.show(6, Some(first), true));
    store.in_sync(5);
    assert_eq!(state(&one), "connecting", "it waits for its list");
    store.answered(first);
    assert_eq!((state(&one), state(&coarse)), ("in sync at revision 5".into(), "in sync at revision 5".into()));
    let second = store.ask();
    let other = store.show(8, None, false);
    store.shown_asks(8, second);
    store.in_sync(6);
    assert_eq!((state(&one), state(&other)), ("in sync at revision 6".into(), "connecting".into()));
    assert_eq!(state(&coarse), "in sync at revision 5", "that it is in sync is all it is told");
    store.list_failed(&Arc::from("a cause"));
    assert!(state(&other).ends_with("a cause") && state(&one).starts_with("in sync"));
    store.out_of_touch(&Arc::from("another"));
    assert!([&one, &other, &coarse].iter().all(|status| state(status).ends_with("another")));
    store.answered(second);
    assert!(state(&other).ends_with("another"), "there is a list, and nobody is told of what is newer");
    store.in_sync(7);
    assert_eq!((state(&other), state(&silent)), ("in sync at revision 7".into(), "connecting".into()));
    assert_eq!(state(&coarse), "in sync at revision 7", "again");
    store.hide(8);
    store.in_sync(8);
    assert_eq!((state(&one), state(&other)), ("in sync at revision 8".into(), "in sync at revision 7".into()));
}

struct Panics(AtomicUsize);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        // Ordering: a counter in one thread.
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("on purpose");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    let store = listed(&[], 1);
    let panics = Arc::new(Panics(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&panics));
    let mut cx = Context::from_waker(&waker);
    let (mut snapshots, mut revision, mut notes) =
        (store.picture.map.watch_snapshots(), store.revision.watch(), store.notes.watch());
    let status = store.show(1, Some(0), false);
    let mut status = status.watch();
    while snapshots.poll_get(&mut cx).is_ready() {}
    while revision.poll_get(&mut cx).is_ready() {}
    while notes.poll_get(&mut cx).is_ready() {}
    while status.poll_get(&mut cx).is_ready() {}
    assert_eq!(store.put_events([event("a", Some("1"), 2)].into_iter()), Some(2));
    store.in_sync(2);
    store.answered(1);
    // Ordering: a counter in one thread.
    assert_eq!(panics.0.load(Ordering::Relaxed), 4);
    assert!(matches!(snapshots.poll_get(&mut cx), Poll::Ready(Ok(state)) if state.len() == 1));
    assert!(matches!(revision.poll_get(&mut cx), Poll::Ready(Ok(2))));
    store.close();
}
