//! What is known of a range: one picture for all of its watchers, which the hub keeps up to date.
//!
//! Watchers read it beside each other. What each has had of it is in its [cursor](crate::cursor).

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use event_core::{MemoryValue, WeakValue};
use event_map::MemoryMap;

use crate::cursor::Differences;
use crate::error::Error;
use crate::range::KeyRange;
use crate::status::Status;

/// A key, as the cluster has it.
pub(crate) type Key = Arc<[u8]>;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) bytes: Arc<[u8]>,
    /// The revision of the cluster that stored it.
    pub(crate) mod_revision: i64,
}

/// What a list has found.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Everything that was stored at one revision, in the order of keys.
    All { revision: i64, stored: Vec<(Key, Stored)> },
    /// The keys that were written after the revision that was asked about and are there, and how many there are in all: a
    /// deletion shows in that number only. `None` if they are too many.
    Since { revision: i64, written: Option<Vec<(Key, Stored)>>, count: usize },
}

/// What became of a key: `None` when it was deleted.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) bytes: Option<&'a [u8]>,
    pub(crate) revision: i64,
}

/// A range, as far as a client knows it.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) id: u64,
    pub(crate) range: KeyRange,
    /// Every state of it is the range at one revision of the cluster; but empty before the first list.
    pub(crate) picture: MemoryMap<Key, Stored>,
    pub(crate) differences: Differences,
    /// The revision up to which the picture is known to be complete. It is set after the picture, and has no data before the
    /// first list.
    pub(crate) revision: MemoryValue<i64>,
    /// What became of the requests that watchers wait for.
    pub(crate) notes: MemoryValue<Note>,
    /// No user code runs while it is locked.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many lists were asked for, see [`Store::ask`].
    asked: u64,
    answered: u64,
    failures: u64,
    status: Status,
    statuses: Vec<Shown>,
    deletions: Deletions,
}

/// What became of the requests that watchers wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    /// The lists that were asked for up to this one have been answered.
    pub(crate) answered: u64,
    /// What went wrong since a list was answered last.
    pub(crate) failure: Option<Refusal>,
}

/// A request was refused, and would be again.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// Each has its own.
    pub(crate) number: u64,
    /// It concerns those who wait for a list up to this one.
    pub(crate) asked: u64,
    /// It concerns those who follow the range as well.
    pub(crate) followers: bool,
    pub(crate) error: Error,
}

/// The status of one watcher, while somebody is interested in it.
#[derive(Debug)]
struct Shown {
    /// The watcher's number.
    watcher: u64,
    status: WeakValue<Status>,
    /// Which list it waits for. None: it has not asked yet.
    asked: Option<u64>,
}

impl Store {
    pub(crate) fn new(id: u64, range: KeyRange) -> Self {
        let state = State {
            asked: 0,
            answered: 0,
            failures: 0,
            status: Status::Connecting,
            statuses: Vec::new(),
            deletions: Deletions::default(),
        };
        Self {
            id,
            range,
            picture: MemoryMap::new(),
            differences: Differences::default(),
            revision: MemoryValue::new(),
            notes: MemoryValue::with_value(Note::default()),
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    // What watchers do.

    /// The number of another list that is asked for: one whose request is made from now on.
    pub(crate) fn ask(&self) -> u64 {
        let mut state = self.lock();
        state.asked += 1;
        state.asked
    }

    /// The number of the newest refusal.
    pub(crate) fn refusals(&self) -> u64 {
        self.lock().failures
    }

    /// How a watcher stands that waits for a list with this number, from now on and until [`hide`](Self::hide).
    pub(crate) fn show(&self, watcher: u64, asked: Option<u64>) -> MemoryValue<Status> {
        let mut state = self.lock();
        let status = match asked {
            Some(asked) if asked <= state.answered || state.status.is_stale() => state.status.clone(),
            _ => Status::Connecting,
        };
        let value = MemoryValue::with_value(status);
        state.statuses.push(Shown { watcher, status: value.downgrade(), asked });
        value
    }

    /// How the range stands.
    pub(crate) fn status(&self) -> Status {
        self.lock().status.clone()
    }

    /// A watcher waits for the list with this number.
    pub(crate) fn shown_asks(&self, watcher: u64, asked: u64) {
        if let Some(shown) = self.lock().statuses.iter_mut().find(|shown| shown.watcher == watcher) {
            shown.asked = Some(asked);
        }
    }

    /// Nobody is interested in a watcher's status any more.
    pub(crate) fn hide(&self, watcher: u64) {
        self.lock().statuses.retain(|shown| shown.watcher != watcher);
    }

    /// The revision that deleted a key, as far as it is known, and what it took away.
    pub(crate) fn deletion(&self, key: &[u8]) -> Deletion {
        self.lock().deletions.get(key)
    }

    /// The revision up to which the picture is complete. None: before the first list.
    pub(crate) fn known(&self) -> Option<i64> {
        self.revision.borrow().map(|revision| *revision)
    }

    // What the hub does.

    /// How many lists were asked for until now.
    pub(crate) fn asked(&self) -> u64 {
        self.lock().asked
    }

    /// Notes a list. Returns whether that was possible; if not, everything has to be listed.
    pub(crate) fn put_list(&self, answer: Answer) -> bool {
        let known = self.known();
        match answer {
            Answer::All { revision, stored } => {
                if known.is_none_or(|known| known < revision) {
                    self.replace(stored, revision);
                }
                true
            }
            Answer::Since { revision, .. } if known.is_some_and(|known| known >= revision) => true,
            Answer::Since { revision, written, count } => {
                let (Some(known), Some(mut written)) = (known, written) else { return false };
                // The watch may have told of some of them meanwhile.
                written.retain(|(_, stored)| stored.mod_revision > known);
                let snapshot = self.picture.snapshot();
                let new = written.iter().filter(|(key, _)| !snapshot.contains_key(key)).count();
                if snapshot.len() + new != count {
                    return false;
                }
                self.publish(
                    &written.into_iter().map(|(key, stored)| (key, Some(stored))).collect::<Vec<_>>(),
                    revision,
                );
                true
            }
        }
    }

    /// Notes everything that is stored at a revision, in the order of keys: what is not in the list was deleted.
    fn replace(&self, stored: Vec<(Key, Stored)>, revision: i64) {
        let before = self.picture.snapshot();
        let mut changes: Vec<(Key, Option<Stored>)> = Vec::new();
        let mut gone: Vec<(Key, Option<Stored>)> = Vec::new();
        let mut old = before.iter().peekable();
        for (key, stored) in stored {
            while let Some((other, _)) = old.next_if(|(other, _)| ***other < *key) {
                gone.push((Arc::clone(other), None));
            }
            match old.next_if(|(other, _)| ***other == *key) {
                Some((known, had)) if had.bytes == stored.bytes => {
                    if had.mod_revision != stored.mod_revision {
                        let same = Stored { bytes: Arc::clone(&had.bytes), ..stored };
                        changes.push((Arc::clone(known), Some(same)));
                    }
                }
                _ => changes.push((key, Some(stored))),
            }
        }
        gone.extend(old.map(|(other, _)| (Arc::clone(other), None)));
        {
            let mut state = self.lock();
            for (key, _) in gone.iter().take(DELETIONS) {
                state.deletions.put(key, revision, before.get(key).map(|stored| Arc::clone(&stored.bytes)));
            }
            state.deletions.newest = state.deletions.newest.max(revision);
        }
        // A list has no order of change; that of the keys is at least always the same.
        changes.append(&mut gone);
        self.publish(&changes, revision);
    }

    /// Notes events, in the order of their revisions. What is known already is ignored. The result is the revision up to
    /// which the picture is complete, if there was a list before.
    pub(crate) fn put_events<'a>(&self, events: impl Iterator<Item = Event<'a>>) -> Option<i64> {
        let known = self.known()?;
        let mut revision = known;
        // Of each key the newest, in the order in which they first changed.
        let mut changes: Vec<(Key, Option<Stored>)> = Vec::new();
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        for event in events.filter(|event| event.revision > known) {
            revision = revision.max(event.revision);
            let stored = event.bytes.map(|bytes| Stored { bytes: bytes.into(), mod_revision: event.revision });
            if stored.is_none() {
                let at = places.get(event.key).copied();
                let before = match at {
                    Some(at) => changes[at].1.as_ref().map(|stored| Arc::clone(&stored.bytes)),
                    None => self.picture.get(event.key).map(|stored: Stored| stored.bytes),
                };
                self.lock().deletions.put(event.key, event.revision, before);
            }
            match places.entry(event.key) {
                std::collections::hash_map::Entry::Occupied(place) => changes[*place.get()].1 = stored,
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(changes.len());
                    changes.push((event.key.into(), stored));
                }
            }
        }
        if !changes.is_empty() {
            self.publish(&changes, revision);
        }
        Some(revision)
    }

    /// Notes that nothing happened up to a revision but what was told before.
    pub(crate) fn put_progress(&self, revision: i64) {
        if self.known().is_some_and(|known| known < revision) {
            harmless(|| _ = self.revision.set(revision));
        }
    }

    /// One publication: whoever looks has all of it or nothing.
    fn publish(&self, changes: &[(Key, Option<Stored>)], revision: i64) {
        harmless(|| {
            self.picture.transaction(|edit| {
                for (key, stored) in changes {
                    match stored {
                        Some(stored) => _ = edit.insert(Arc::clone(key), stored.clone()),
                        None => _ = edit.remove(key),
                    }
                }
            });
        });
        harmless(|| _ = self.revision.set(revision));
    }

    /// The lists that were asked for up to a number have been answered.
    pub(crate) fn answered(&self, covers: u64) {
        let (note, status, shown) = {
            let mut state = self.lock();
            let before = state.answered;
            state.answered = before.max(covers);
            let is_new = |shown: &&Shown| shown.asked.is_some_and(|asked| before < asked && asked <= covers);
            // They are in sync if the others are. If not, that comes later.
            let shown = if state.status.is_synced() { state.shown(is_new) } else { Vec::new() };
            (Note { answered: state.answered, failure: None }, state.status.clone(), shown)
        };
        harmless(|| _ = self.notes.set(note));
        for value in shown {
            harmless(|| _ = value.set(status.clone()));
        }
    }

    /// The requests of those who wait for a list up to this one are refused; or those of everybody.
    pub(crate) fn refuse(&self, asked: u64, followers: bool, error: Error) {
        let note = {
            let mut state = self.lock();
            state.failures += 1;
            let failure = Some(Refusal { number: state.failures, asked, followers, error });
            Note { answered: state.answered, failure }
        };
        harmless(|| _ = self.notes.set(note));
    }

    /// It is in sync up to a revision, and so are those whose list was answered.
    pub(crate) fn in_sync(&self, revision: i64) {
        let status = Status::Synced { revision };
        let shown = {
            let mut state = self.lock();
            state.status = status.clone();
            let answered = state.answered;
            state.shown(|shown| shown.asked.is_some_and(|asked| asked <= answered))
        };
        for value in shown {
            harmless(|| _ = value.set(status.clone()));
        }
    }

    /// It is out of touch.
    pub(crate) fn out_of_touch(&self, cause: &Arc<str>) {
        let shown = {
            let mut state = self.lock();
            state.status = state.status.after(cause);
            state.shown(|shown| shown.asked.is_some())
        };
        for value in shown {
            harmless(|| become_stale(&value, cause));
        }
    }

    /// A list failed, though the range is in sync for those who had one.
    pub(crate) fn list_failed(&self, cause: &Arc<str>) {
        let shown = {
            let state = self.lock();
            let answered = state.answered;
            state.shown(|shown| shown.asked.is_some_and(|asked| asked > answered))
        };
        for value in shown {
            harmless(|| become_stale(&value, cause));
        }
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        let shown = self.lock().shown(|_| true);
        harmless(|| self.picture.close());
        harmless(|| self.revision.close());
        harmless(|| self.notes.close());
        for value in shown {
            harmless(|| value.close());
        }
    }
}

impl State {
    fn shown(&self, of: impl Fn(&&Shown) -> bool) -> Vec<MemoryValue<Status>> {
        self.statuses.iter().filter(of).filter_map(|shown| shown.status.upgrade()).collect()
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

pub(crate) fn become_stale(status: &MemoryValue<Status>, cause: &Arc<str>) {
    status.update(|status| *status = status.after(cause));
}

/// Wakers are user code. One that panics harms nobody else.
pub(crate) fn harmless(wakes: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(wakes));
}

#[cfg(test)]
#[path = "store/tests.rs"]
mod tests;
