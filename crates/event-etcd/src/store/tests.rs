//! What a store makes of answers and events, and whom it tells.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::task::Wake;

use event_core::Watcher;

use super::*;

fn pairs(keys: &[(&str, i64)]) -> Vec<(Key, Stored)> {
    let stored = |revision: i64| Stored { bytes: Arc::from(revision.to_string().as_bytes()), mod_revision: revision };
    keys.iter().map(|(key, revision)| (Key::from(key.as_bytes()), stored(*revision))).collect()
}

fn listed(keys: &[(&str, i64)], revision: i64) -> Store {
    let store = Store::new(1, KeyRange::prefix(""));
    assert!(store.put_list(Answer::All { revision, stored: pairs(keys) }));
    store
}

fn since(keys: &[(&str, i64)], count: usize, revision: i64) -> Answer {
    Answer::Since { revision, written: Some(pairs(keys)), count }
}

fn event(key: &'static str, bytes: Option<&'static str>, revision: i64) -> Event<'static> {
    Event { key: key.as_bytes(), bytes: bytes.map(str::as_bytes), revision }
}

fn keys(store: &Store) -> Vec<String> {
    store.picture.snapshot().keys().map(|key| String::from_utf8(key.to_vec()).expect("text")).collect()
}

#[test]
fn what_was_written_since_is_enough_unless_something_was_deleted() {
    let store = listed(&[("a", 1), ("b", 2)], 5);
    assert!(store.put_list(since(&[("b", 7), ("c", 8)], 3, 9)));
    assert_eq!((keys(&store), store.known()), (vec!["a".into(), "b".into(), "c".into()], Some(9)));
    assert!(store.put_list(since(&[], 3, 12)));
    assert_eq!(store.known(), Some(12));
    // One is gone, and another one has come: the number is the same as before.
    assert!(!store.put_list(since(&[("d", 14)], 3, 15)));
    assert_eq!((keys(&store).len(), store.known()), (3, Some(12)), "nothing of it is noted");
    assert!(!store.put_list(since(&[], 2, 15)));
    assert!(!store.put_list(Answer::Since { revision: 15, written: None, count: 3 }), "too many");
    assert!(!Store::new(2, KeyRange::prefix("")).put_list(since(&[], 0, 15)), "there was no list");
}

#[test]
fn an_answer_that_the_watch_has_overtaken_changes_nothing() {
    let store = listed(&[("a", 1)], 5);
    assert_eq!(store.put_events([event("a", None, 6), event("b", Some("1"), 8)].into_iter()), Some(8));
    assert!(store.put_list(since(&[("a", 4)], 9, 7)));
    assert!(store.put_list(Answer::All { revision: 8, stored: pairs(&[("a", 1)]) }));
    assert_eq!((keys(&store), store.known()), (vec!["b".into()], Some(8)));
    // In part: what is older than the newest event is known, the rest is not.
    assert!(store.put_list(since(&[("b", 8), ("c", 9)], 2, 9)));
    assert_eq!((keys(&store), store.known()), (vec!["b".into(), "c".into()], Some(9)));
    assert_eq!(store.put_events([event("c", None, 9)].into_iter()), Some(9), "and so is the event");
    assert_eq!(keys(&store).len(), 2);
}

#[test]
fn a_response_is_one_publication() {
    let store = listed(&[("a", 1), ("b", 1)], 1);
    let before = store.picture.version().as_u64();
    let events = [event("a", None, 2), event("c", Some("1"), 2), event("c", Some("2"), 3), event("a", Some("1"), 3)];
    store.put_events(events.into_iter());
    assert_eq!((keys(&store).len(), store.picture.version().as_u64()), (3, before + 1));
    assert_eq!(store.picture.get(&b"c"[..]).map(|stored| stored.mod_revision), Some(3));
}

#[test]
fn the_last_revision_there_is_overflows_nothing() {
    let store = listed(&[("a", i64::MAX)], i64::MAX);
    store.put_progress(i64::MAX);
    assert_eq!(store.put_events([event("a", None, i64::MAX)].into_iter()), Some(i64::MAX));
    assert_eq!(keys(&store).len(), 1);
}

#[test]
fn deletions_are_remembered_for_a_while_and_never_newer_than_the_newest() {
    let store = listed(&[], 1);
    for revision in 0..500 {
        let key = revision.to_string();
        let put = Event { key: key.as_bytes(), bytes: Some(b"1"), revision: 2 * revision + 2 };
        let delete = Event { bytes: None, revision: 2 * revision + 3, ..put };
        store.put_events([put, delete].into_iter());
        assert_eq!(store.deletion(key.as_bytes()), (2 * revision + 3, Some(Arc::from(&b"1"[..]))));
    }
    assert_eq!(store.deletion(b"0"), (1001, None));
    let state = store.lock();
    assert!(state.deletions.known.len() <= DELETIONS && state.deletions.order.len() <= DELETIONS);
}

fn state(status: &MemoryValue<Status>) -> String {
    status.borrow().map(|status| status.to_string()).unwrap_or_default()
}

#[test]
fn a_watcher_is_in_sync_when_its_own_list_is_in() {
    let store = listed(&[], 5);
    let (first, silent) = (store.ask(), store.show(9, None));
    let one = store.show(7, Some(first));
    store.in_sync(5);
    assert_eq!(state(&one), "connecting", "it waits for its list");
    store.answered(first);
    assert_eq!(state(&one), "in sync at revision 5");
    let second = store.ask();
    let other = store.show(8, None);
    store.shown_asks(8, second);
    store.in_sync(6);
    assert_eq!((state(&one), state(&other)), ("in sync at revision 6".into(), "connecting".into()));
    store.list_failed(&Arc::from("a cause"));
    assert!(state(&other).ends_with("a cause") && state(&one).starts_with("in sync"));
    store.out_of_touch(&Arc::from("another"));
    assert!(state(&one).ends_with("another") && state(&other).ends_with("another"));
    store.answered(second);
    assert!(state(&other).ends_with("another"), "there is a list, and nobody is told of what is newer");
    store.in_sync(7);
    assert_eq!((state(&other), state(&silent)), ("in sync at revision 7".into(), "connecting".into()));
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
        (store.picture.watch_snapshots(), store.revision.watch(), store.notes.watch());
    let status = store.show(1, Some(0));
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
