//! What a client knows of a range, which the hub keeps up to date: up to which revision, and who keeps what is stored.
//!
//! Those are the [picture](crate::picture) of the range's watchers, and the [inboxes](crate::inbox) of its maps. Each exists as long
//! as somebody has it, so what is stored is held by those who need it, in their form, and by nobody else. One that is new is not
//! *whole* before everything was listed once more; what happened while the list was on its way is added to that.
//!
//! Nothing is held here but the number of keys. It is enough to find out whether a list of what was written since a revision is
//! all that became of the range, since events and lists say which keys are new.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use event_core::{MemoryValue, WeakValue};

use crate::api::KeyValue;
use crate::changes::{Change, Changes};
use crate::error::Error;
use crate::inbox::Inbox;
use crate::picture::Picture;
use crate::range::KeyRange;
use crate::status::Status;

/// What a list has found.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Everything that was stored at one revision, in the order of keys.
    All { revision: i64, stored: Vec<KeyValue> },
    /// The keys that were written after the revision that was asked about and are there, and how many there are in all: a
    /// deletion shows in that number only. `None` if they are too many.
    Since { revision: i64, written: Option<Vec<KeyValue>>, count: i64 },
}

/// A list that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// Each has its own.
    pub(crate) number: u64,
    /// It answers those who have asked for a list up to this one.
    pub(crate) covers: u64,
    /// It is to find what was written after this revision, or everything.
    pub(crate) since: Option<i64>,
}

/// A range, as far as a client knows it.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) id: u64,
    pub(crate) range: KeyRange,
    /// The revision up to which is known what became of the range. It is set after those were told who keep what is stored, and has no
    /// data before the first list.
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
    /// How many lists were begun.
    begun: u64,
    status: Status,
    statuses: Vec<Shown>,
    /// How many keys there are at the revision that is known.
    count: i64,
    picture: Keeper<Picture>,
    maps: Vec<Keeper<Inbox>>,
    /// What happens while everything is listed, if it is.
    meanwhile: Option<Changes>,
}

/// Somebody who keeps what is stored.
#[derive(Debug)]
struct Keeper<T> {
    keeper: Weak<T>,
    /// It has everything up to the revision that is known.
    is_whole: bool,
}

impl<T> Keeper<T> {
    fn new(keeper: &Arc<T>) -> Self {
        Self { keeper: Arc::downgrade(keeper), is_whole: false }
    }

    fn is_there(&self) -> bool {
        self.keeper.strong_count() > 0
    }

    /// It, if it is to be told what changes.
    fn whole(&self) -> Option<Arc<T>> {
        self.keeper.upgrade().filter(|_| self.is_whole)
    }

    /// It, if it is to be told a list that is `new`, or that makes it whole.
    fn complete(&mut self, is_new: bool) -> Option<Arc<T>> {
        let keeper = self.keeper.upgrade().filter(|_| is_new || !self.is_whole);
        self.is_whole = true;
        keeper
    }
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
    /// It is not to be told each revision up to which it is in sync, but that it is.
    is_coarse: bool,
}

impl Store {
    pub(crate) fn new(id: u64, range: KeyRange) -> Self {
        let state = State {
            asked: 0,
            answered: 0,
            failures: 0,
            begun: 0,
            status: Status::Connecting,
            statuses: Vec::new(),
            count: 0,
            picture: Keeper { keeper: Weak::new(), is_whole: false },
            maps: Vec::new(),
            meanwhile: None,
        };
        Self {
            id,
            range,
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
    /// If it `is_coarse`, being in sync up to a later revision is not told.
    pub(crate) fn show(&self, watcher: u64, asked: Option<u64>, is_coarse: bool) -> MemoryValue<Status> {
        let mut state = self.lock();
        let status = match asked {
            Some(asked) if asked <= state.answered || state.status.is_stale() => state.status.clone(),
            _ => Status::Connecting,
        };
        let value = MemoryValue::with_value(status);
        state.statuses.push(Shown { watcher, status: value.downgrade(), asked, is_coarse });
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

    /// The picture that the watchers of the range share, before one of them asks for a list.
    pub(crate) fn picture(&self) -> Arc<Picture> {
        let mut state = self.lock();
        state.picture.keeper.upgrade().unwrap_or_else(|| {
            let picture = Arc::default();
            state.picture = Keeper::new(&picture);
            picture
        })
    }

    /// An inbox for a map, before that asks for a list.
    pub(crate) fn inbox(&self) -> Arc<Inbox> {
        let (mut state, inbox) = (self.lock(), Arc::default());
        state.maps.retain(Keeper::is_there);
        state.maps.push(Keeper::new(&inbox));
        inbox
    }

    /// The revision up to which is known what became of the range. None: before the first list.
    pub(crate) fn known(&self) -> Option<i64> {
        self.revision.borrow().map(|revision| *revision)
    }

    // What the hub does.

    /// Whether somebody has everything up to the revision that is known, so that it is worth while to go on from there.
    pub(crate) fn is_kept(&self) -> bool {
        let state = self.lock();
        self.known().is_some()
            && (state.picture.whole().is_some() || state.maps.iter().any(|map| map.whole().is_some()))
    }

    /// A list begins, of everything if it is to be `all` or has to be.
    pub(crate) fn begin_list(&self, all: bool) -> Begun {
        let mut state = self.lock();
        let is_incomplete = state.picture.is_there() && !state.picture.is_whole
            || state.maps.iter().any(|map| map.is_there() && !map.is_whole);
        let since = self.known().filter(|_| !all && !is_incomplete);
        state.meanwhile = since.is_none().then(Changes::default);
        state.begun += 1;
        Begun { number: state.begun, covers: state.asked, since }
    }

    /// The list that has begun comes to nothing, and another one is not on its way.
    pub(crate) fn drop_list(&self) {
        self.lock().meanwhile = None;
    }

    /// Notes a list. Returns whether that was possible; if not, everything has to be listed.
    pub(crate) fn put_list(&self, answer: Answer) -> bool {
        let known = self.known();
        match answer {
            Answer::All { revision, stored } => {
                self.put_all(stored, revision);
                true
            }
            Answer::Since { revision, .. } if known.is_some_and(|known| known >= revision) => true,
            Answer::Since { revision, written, count } => {
                let (Some(known), Some(mut written)) = (known, written) else { return false };
                // The watch may have told of some of them meanwhile.
                written.retain(|pair| pair.mod_revision > known);
                let new = written.iter().filter(|pair| pair.create_revision > known).count();
                if self.lock().count + i64::try_from(new).unwrap_or(i64::MAX) != count {
                    return false;
                }
                let mut changes = Changes::default();
                written.into_iter().for_each(|pair| changes.push(pair.into()));
                self.tell(changes, count, revision);
                true
            }
        }
    }

    /// Notes everything that was stored at a revision. Those who have had a list need it only if it is newer than what is known.
    fn put_all(&self, mut stored: Vec<KeyValue>, listed: i64) {
        let known = self.known();
        let (is_new, revision) = (known.is_none_or(|known| known < listed), known.unwrap_or(listed).max(listed));
        let (picture, mut maps) = {
            let mut state = self.lock();
            let meanwhile = state.meanwhile.take();
            if is_new || meanwhile.is_some() {
                meanwhile.unwrap_or_default().bring_up(&mut stored, listed);
                state.count = i64::try_from(stored.len()).unwrap_or(i64::MAX);
            }
            let maps: Vec<_> = state.maps.iter_mut().filter_map(|map| map.complete(is_new)).collect();
            (state.picture.complete(is_new), maps)
        };
        if let Some(picture) = picture {
            picture.replace(&stored, revision);
        }
        let last = maps.pop();
        maps.iter().for_each(|map| map.put_all(stored.clone()));
        if let Some(map) = last {
            map.put_all(stored);
        }
        // Also if it is the same: those who were told are woken by it.
        harmless(|| _ = self.revision.set(revision));
    }

    /// Notes events, in the order of their revisions. What is known already is ignored. The result is the revision up to
    /// which everything is known, if there was a list before.
    pub(crate) fn put_events(&self, events: impl Iterator<Item = Change>) -> Option<i64> {
        let known = self.known()?;
        let picture = self.lock().picture.whole();
        let (mut revision, mut count, mut changes) = (known, 0, Changes::default());
        for event in events.filter(|event| event.revision > known) {
            revision = revision.max(event.revision);
            match &event.bytes {
                Some(_) => count += i64::from(event.creates),
                None => count -= 1,
            }
            if let Some(picture) = picture.as_ref().filter(|_| event.bytes.is_none()) {
                picture.deleted(&event, &changes);
            }
            changes.push(event);
        }
        if !changes.is_empty() {
            let count = self.lock().count + count;
            self.tell(changes, count, revision);
        }
        Some(revision)
    }

    /// Notes that nothing happened up to a revision but what was told before.
    pub(crate) fn put_progress(&self, revision: i64) {
        if self.known().is_some_and(|known| known < revision) {
            harmless(|| _ = self.revision.set(revision));
        }
    }

    /// Tells those who keep what is stored what became of it up to a revision, which has so many keys: all of it or nothing.
    fn tell(&self, changes: Changes, count: i64, revision: i64) {
        let picture = {
            let mut state = self.lock();
            state.count = count;
            if let Some(meanwhile) = &mut state.meanwhile {
                meanwhile.append(changes.clone());
            }
            let picture = state.picture.whole();
            let mut maps = state.maps.iter().filter_map(Keeper::whole);
            let first = maps.next();
            maps.for_each(|map| map.append(changes.clone()));
            match (first, picture) {
                (Some(map), None) => {
                    map.append(changes);
                    None
                }
                (map, picture) => {
                    if let Some(map) = map {
                        map.append(changes.clone());
                    }
                    picture.map(|picture| (picture, changes))
                }
            }
        };
        if let Some((picture, changes)) = picture {
            picture.put(&changes);
        }
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
            let was_synced = state.status.is_synced();
            state.status = status.clone();
            let answered = state.answered;
            state.shown(|shown| shown.asked.is_some_and(|asked| asked <= answered) && !(shown.is_coarse && was_synced))
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
        let (shown, picture) = {
            let state = self.lock();
            (state.shown(|_| true), state.picture.keeper.upgrade())
        };
        if let Some(picture) = picture {
            harmless(|| picture.map.close());
        }
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
