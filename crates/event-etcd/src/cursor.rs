//! What one watcher has had of a range, and whose turn is next.
//!
//! A watcher goes through the differences of two states of the [picture](crate::picture) in *rounds*: from the
//! state that it has had to the newest one. The differences are those of two snapshots, so what a watcher keeps while it is up
//! to date is one snapshot, which it shares with the others.
//!
//! The picture may change while a round lasts. What is told is always the newest. Where that is not what the round's state
//! has, it is remembered until the next round, which compares with it; so nothing is told twice, and nothing is lost: a key
//! that changed after a round's state was taken differs in the next one.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use event_core::{Version, Watcher};
use event_map::{MapSnapshot, SnapshotWatcher};

use crate::picture::{Key, Picture, Stored};

/// A key and what became of it, compared with what the watcher has had.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) key: Key,
    /// None: it was deleted.
    pub(crate) bytes: Option<Arc<[u8]>>,
    /// The revision of the cluster that made it so, as far as it is known: a deletion that was found by listing has that
    /// of the list.
    pub(crate) revision: i64,
    /// What a deletion took away, as far as it is known.
    pub(crate) taken: Option<Arc<[u8]>>,
}

/// What a look at a cursor found.
#[derive(Debug)]
pub(crate) enum Looked {
    Told(Told),
    /// There is nothing more for now. The task is woken when there is, if it waits.
    Nothing,
    /// There was nothing among many keys, and there are more.
    Busy,
    /// Nothing more will come.
    Closed,
}

/// So many keys are compared in one go.
const KEYS_PER_LOOK: usize = 256;

type Data = Option<Arc<[u8]>>;

/// Where a watcher is.
#[derive(Clone)]
pub(crate) struct Cursor {
    /// It exists as long as somebody has a cursor.
    picture: Arc<Picture>,
    snapshots: SnapshotWatcher<Key, Stored>,
    /// What the watcher has had, but for `told`.
    had: MapSnapshot<Key, Stored>,
    /// What it was told that was newer than what it has had of the others.
    told: HashMap<Key, Data>,
    round: Option<Round>,
}

#[derive(Clone)]
struct Round {
    state: MapSnapshot<Key, Stored>,
    order: Order,
    /// What the watcher has of keys that are over in this round, where it is not what `state` has.
    told: HashMap<Key, Data>,
}

/// Which keys come next.
#[derive(Clone)]
enum Order {
    /// All of the round's state after this one.
    All(Option<Key>),
    These {
        keys: Arc<[Key]>,
        at: usize,
        others: Vec<Key>,
    },
}

impl Cursor {
    /// One that has had nothing. It begins with the keys that are there now, in their order.
    pub(crate) fn new(picture: Arc<Picture>) -> Self {
        let snapshots = picture.map.watch_snapshots();
        let round = Round { state: picture.map.snapshot(), order: Order::All(None), told: HashMap::new() };
        Self { picture, snapshots, had: MapSnapshot::default(), told: HashMap::new(), round: Some(round) }
    }

    /// The next change, which the watcher has had then. If there is none, the task of `cx` is woken when there is; without
    /// one nobody waits.
    pub(crate) fn next(&mut self, cx: Option<&mut Context<'_>>) -> Looked {
        let mut cx = cx;
        for _ in 0..KEYS_PER_LOOK {
            let Some(round) = &mut self.round else {
                let state = match &mut cx {
                    Some(cx) => self.snapshots.poll_get(cx),
                    None => Poll::Ready(self.snapshots.try_get()),
                };
                match state {
                    Poll::Ready(Ok(state)) => self.begin(state),
                    Poll::Ready(Err(error)) if error.is_closed() => return Looked::Closed,
                    Poll::Ready(Err(_)) | Poll::Pending => return Looked::Nothing,
                }
                continue;
            };
            let Some(key) = round.next() else {
                self.end();
                continue;
            };
            let known = round.state.get(&key);
            // It is mostly the newest.
            let is_newest = self.picture.map.version() == round.state.version();
            let newest = if is_newest { known.cloned() } else { self.picture.map.get(&key) };
            let had = self.told.get(&key).cloned();
            let had = had.unwrap_or_else(|| self.had.get(&key).map(|stored| Arc::clone(&stored.bytes)));
            let bytes = newest.as_ref().map(|stored| Arc::clone(&stored.bytes));
            if known.map(|stored| &stored.bytes) != bytes.as_ref() {
                round.told.insert(Arc::clone(&key), bytes.clone());
            }
            if had == bytes {
                continue;
            }
            let (revision, taken) = match newest {
                Some(stored) => (stored.mod_revision, None),
                None => self.picture.deletion(&key),
            };
            let taken = taken.or_else(|| had.filter(|_| bytes.is_none()));
            return Looked::Told(Told { key, bytes, revision, taken });
        }
        Looked::Busy
    }

    fn begin(&mut self, state: MapSnapshot<Key, Stored>) {
        let keys = self.picture.differences.between(&self.had, &state);
        // Those it was told of ahead of its time are compared in any case.
        let mut others = Vec::new();
        if !self.told.is_empty() {
            let differ: HashSet<&Key> = keys.iter().collect();
            others.extend(self.told.keys().filter(|key| !differ.contains(key)).cloned());
            others.sort_unstable_by(|one, other| other.cmp(one));
        }
        self.round = Some(Round { state, order: Order::These { keys, at: 0, others }, told: HashMap::new() });
    }

    fn end(&mut self) {
        if let Some(Round { state, told, .. }) = self.round.take() {
            self.had = state;
            self.told = told;
        }
    }
}

/// Which keys differ between two states, in the order in which they first changed. Watchers that keep up with each other go
/// from the same state to the same, so the newest answer is kept for the next one.
#[derive(Debug, Default)]
pub(crate) struct Differences(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    between: [Version; 2],
    keys: Arc<[Key]>,
}

impl Differences {
    pub(crate) fn between(&self, old: &MapSnapshot<Key, Stored>, new: &MapSnapshot<Key, Stored>) -> Arc<[Key]> {
        let between = [old.version(), new.version()];
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().as_ref().filter(|known| known.between == between) {
            return Arc::clone(&known.keys);
        }
        let keys: Arc<[Key]> = new.since(old).map(|change| Arc::clone(change.key)).collect();
        let known = Known { between, keys: Arc::clone(&keys) };
        let replaced = lock().replace(known);
        drop(replaced);
        keys
    }
}

impl Round {
    fn next(&mut self) -> Option<Key> {
        match &mut self.order {
            Order::These { keys, at, others } => {
                let key = keys.get(*at).cloned().or_else(|| others.pop());
                *at += 1;
                key
            }
            Order::All(last) => {
                let from = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                let (key, _) = self.state.range::<Key, _>((from, Bound::Unbounded)).next()?;
                let key = Arc::clone(key);
                *last = Some(Arc::clone(&key));
                Some(key)
            }
        }
    }
}

#[cfg(test)]
#[path = "cursor/tests.rs"]
mod tests;
