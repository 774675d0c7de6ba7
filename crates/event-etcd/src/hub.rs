//! The task behind a client: it lists and watches each range that has watchers, once however many those are, and tells the range's
//! [`Store`] what becomes of it.
//!
//! ```text
//! watcher --Start--> list, retried until it is answered --> watch on the one stream, from the revision after the list
//!                      ^                                      |
//!                      |<---- compacted, or not permitted ----|  lost: again from the first revision that was not told
//! ```
//!
//! A watcher's first get is not older than what was stored when it began. So one that joins others has the hub ask for what
//! was written after what the store knows, one request for all that join at the same time; and if keys were deleted, which
//! such an answer does not show, for everything.
//!
//! The hub never waits for a watcher: what it tells goes into the picture of the watchers and the inboxes of the maps, which keep the
//! newest per key. So a slow watcher holds neither the stream up nor its neighbours.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use event_core::MemoryValue;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api::{self, EventType, WatchResponse};
use crate::changes::Change;
use crate::error::{Error, Failure};
use crate::lists::{Done, Lists};
use crate::members::Members;
use crate::pauses::Pauses;
use crate::session::{Create, Event, Session};
use crate::status::Status;
use crate::store::{Store, become_stale, harmless};

/// What watchers ask of the hub.
#[derive(Debug)]
pub(crate) enum Command {
    /// A watcher wants something of its range: another list if `lists`, and to be told of what is newer if `follows`. It is
    /// counted if `joins`, and if `follows`, each of which it says once.
    Start { store: Arc<Store>, lists: bool, joins: bool, follows: bool },
    /// A watcher is gone.
    Stop { id: u64, followed: bool },
}

/// The task.
pub(crate) struct Hub {
    members: Arc<Members>,
    commands: UnboundedReceiver<Command>,
    status: MemoryValue<Status>,
    ranges: HashMap<u64, Range>,
    lists: Lists,
    session: Session,
    /// Whose watch is whose, on the present stream.
    watches: HashMap<i64, u64>,
    /// Watches that the member has not confirmed.
    unconfirmed: HashSet<i64>,
    next_watch: i64,
    /// Up to which revision each range is known that is followed, with its number.
    known: BTreeSet<(i64, u64)>,
    /// The task that keeps the endpoints up to date, if that is wanted. It ends with this.
    following: JoinSet<()>,
}

/// A range that has watchers.
struct Range {
    store: Arc<Store>,
    watchers: usize,
    /// Those of them that want to be told of what is newer.
    followers: usize,
    phase: Phase,
    list: List,
    /// What the store knows does not lead to what is stored now: everything has to be listed.
    list_all: bool,
    /// The revision it has in `known`.
    known: Option<i64>,
    /// Between requests that the cluster refuses, so that a watcher that insists does not flood it.
    pauses: Pauses,
    not_before: Option<Instant>,
}

impl Range {
    /// Has the next get of its watchers fail: of those who wait for a list up to this one, and of everybody if nothing goes
    /// on any more. The one after that asks again, but not immediately.
    fn refuse(&mut self, asked: u64, error: Error) {
        let is_watched = matches!(self.phase, Phase::Watching(Some(_)));
        if !is_watched {
            self.phase = Phase::Resting;
        }
        self.not_before = Some(Instant::now() + self.pauses.next());
        self.store.refuse(asked, !is_watched, error);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There has to be a list first.
    Listing,
    /// The list is in, and nobody wants more; or it was refused.
    Resting,
    /// Watches from where the store knows up to, or will as soon as there is a stream: with this number if there is.
    Watching(Option<i64>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    None,
    Queued,
    /// On its way, and another one is wanted after it if `again`.
    Running {
        number: u64,
        again: bool,
    },
}

impl Hub {
    pub(crate) fn new(
        members: Arc<Members>,
        commands: UnboundedReceiver<Command>,
        status: MemoryValue<Status>,
    ) -> Self {
        let longest = members.options().max_pause;
        Self {
            session: Session::new(Arc::clone(&members)),
            members,
            commands,
            status,
            ranges: HashMap::new(),
            lists: Lists::new(longest),
            watches: HashMap::new(),
            unconfirmed: HashSet::new(),
            next_watch: 1,
            known: BTreeSet::new(),
            following: JoinSet::new(),
        }
    }

    /// Works until every client, value and watcher is gone.
    pub(crate) async fn run(mut self) {
        if self.members.options().follow_members {
            self.following.spawn(Arc::clone(&self.members).follow());
        }
        loop {
            self.start_lists();
            self.open_stream();
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Start { store, lists, joins, follows }) => self.start(store, lists, joins, follows),
                    Some(Command::Stop { id, followed }) => self.stop(id, followed),
                    None => return,
                },
                done = self.lists.next() => if let Some(done) = done {
                    self.listed(done);
                },
                event = self.session.next() => match event {
                    Some(Event::Opened { first }) => self.opened(first),
                    Some(Event::Told(mut responses)) => {
                        // What has arrived together of one watch is one change.
                        let is_same = |one: &WatchResponse, other: &WatchResponse| {
                            has_events(one) && has_events(other) && one.watch_id == other.watch_id
                        };
                        responses.chunk_by_mut(is_same).for_each(|responses| self.told(responses));
                    }
                    Some(Event::Lost(cause)) => self.lost(&cause),
                    Some(Event::Refused(error)) => self.refused(&error),
                    None => {}
                },
            }
        }
    }

    // Watchers come and go.

    fn start(&mut self, store: Arc<Store>, lists: bool, joins: bool, follows: bool) {
        let id = store.id;
        let longest = self.members.options().max_pause;
        let range = self.ranges.entry(id).or_insert_with(|| Range {
            store,
            watchers: 0,
            followers: 0,
            phase: Phase::Resting,
            list: List::None,
            list_all: false,
            known: None,
            pauses: Pauses::new(longest),
            not_before: None,
        });
        range.watchers += usize::from(joins);
        range.followers += usize::from(follows);
        let is_refused = range.not_before.is_some();
        let (follow, resting) = (range.followers > 0, range.phase == Phase::Resting);
        if follow && resting && range.store.is_kept() && !is_refused {
            self.watch(id);
        } else if follow && resting {
            // Nothing is known, or the last list was refused. The next one may be as well, which harms nobody else; a
            // watch that is refused costs all of them the stream.
            range.phase = Phase::Listing;
            self.want_list(id);
        }
        if lists {
            self.want_list(id);
        }
    }

    fn stop(&mut self, id: u64, followed: bool) {
        let Some(range) = self.ranges.get_mut(&id) else { return };
        range.watchers -= 1;
        range.followers -= usize::from(followed);
        if range.followers > 0 {
            return;
        }
        if let Phase::Watching(watch_id) = range.phase {
            range.phase = Phase::Resting;
            if let Some(watch_id) = watch_id {
                self.watches.remove(&watch_id);
                self.unconfirmed.remove(&watch_id);
                self.session.cancel(watch_id);
            }
        }
        if range.watchers == 0 {
            self.lists.forget(id);
        }
        self.note_known(id);
        if self.ranges.get(&id).is_some_and(|range| range.watchers == 0) {
            self.ranges.remove(&id);
        }
        if !self.ranges.values().any(|range| matches!(range.phase, Phase::Watching(_))) {
            self.session.close();
            self.forget_watches();
        }
    }

    // Lists.

    /// Lists a range, after what is on its way already: that may be older than what is asked for now.
    fn want_list(&mut self, id: u64) {
        let Some(range) = self.ranges.get_mut(&id) else { return };
        match &mut range.list {
            List::Queued => {}
            List::Running { again, .. } => *again = true,
            list @ List::None => {
                *list = List::Queued;
                self.lists.queue(id, range.not_before);
            }
        }
    }

    fn start_lists(&mut self) {
        while let Some(id) = self.lists.due() {
            if let Some(range) = self.ranges.get_mut(&id) {
                let (members, store) = (Arc::clone(&self.members), Arc::clone(&range.store));
                range.list = List::Running { number: self.lists.start(members, store, range.list_all), again: false };
            }
        }
    }

    fn listed(&mut self, Done { id, number, begun, covers, result }: Done) {
        let Some(range) = self.ranges.get_mut(&id) else { return };
        let again = match range.list {
            List::Running { number: running, again } if running == number => again,
            // It was for watchers that have gone, and others have come.
            _ => return,
        };
        range.list = List::None;
        match result {
            Ok(answer) => {
                self.lists.succeeded();
                range.pauses.reset();
                range.not_before = None;
                range.list_all = !range.store.put_list(answer);
                if range.list_all {
                    range.list = List::Queued;
                    self.lists.queue_first(id);
                    return;
                }
                range.store.answered(covers);
                if again {
                    range.list = List::Queued;
                    self.lists.queue(id, None);
                }
                self.note_known(id);
                self.go_on(id);
            }
            Err(Failure::Permanent(error)) => {
                range.store.drop_list();
                let cause = Arc::from(error.to_string());
                if matches!(range.phase, Phase::Watching(_)) {
                    range.store.list_failed(&cause);
                } else {
                    range.store.out_of_touch(&cause);
                }
                range.refuse(covers, error);
                if again {
                    self.want_list(id);
                }
            }
            Err(failure) => {
                let cause = Arc::from(failure.to_string());
                if matches!(range.phase, Phase::Watching(_)) {
                    range.store.list_failed(&cause);
                } else {
                    range.store.out_of_touch(&cause);
                }
                if !self.session.is_open() {
                    harmless(|| become_stale(&self.status, &cause));
                }
                range.list = List::Queued;
                self.lists.queue_first(id);
                if !matches!(failure, Failure::Compacted) {
                    self.lists.failed(begun);
                }
            }
        }
    }

    /// A list is in.
    fn go_on(&mut self, id: u64) {
        let Some(range) = self.ranges.get_mut(&id) else { return };
        if matches!(range.phase, Phase::Watching(_)) {
            return;
        }
        range.phase = Phase::Resting;
        if range.followers > 0 {
            // It is in sync when it is told of everything newer as well.
            self.watch(id);
            return;
        }
        let Some(revision) = range.store.known() else { return };
        range.store.in_sync(revision);
        if !self.session.is_open() {
            harmless(|| _ = self.status.set(Status::Synced { revision }));
        }
    }

    /// Keeps up to which revision a range is known, if it is followed.
    fn note_known(&mut self, id: u64) {
        let Some(range) = self.ranges.get_mut(&id) else { return };
        let known = range.store.known().filter(|_| range.followers > 0);
        if range.known == known {
            return;
        }
        if let Some(known) = std::mem::replace(&mut range.known, known) {
            self.known.remove(&(known, id));
        }
        if let Some(known) = known {
            self.known.insert((known, id));
        }
    }

    /// The client is in sync up to the revision up to which every range is known that is followed.
    fn in_sync(&self) {
        let Some((revision, _)) = self.known.first() else { return };
        let status = Status::Synced { revision: *revision };
        if self.status.borrow().is_none_or(|known| *known != status) {
            harmless(|| _ = self.status.set(status));
        }
    }

    // Watches.

    /// Watches from where the store knows up to, now or as soon as there is a stream.
    fn watch(&mut self, id: u64) {
        let open = self.session.is_open();
        let Some(create) = self.prepare(id, open) else { return };
        if open {
            self.session.create(create);
        }
    }

    /// Gives a range a watch to be created, which has its place on the stream already if `numbered`.
    fn prepare(&mut self, id: u64, numbered: bool) -> Option<Create> {
        let range = self.ranges.get_mut(&id)?;
        let from = range.store.known()?.saturating_add(1);
        let create = Create { watch_id: self.next_watch, range: range.store.range.clone(), from };
        range.phase = Phase::Watching(numbered.then_some(create.watch_id));
        if numbered {
            self.next_watch += 1;
            self.watches.insert(create.watch_id, id);
            self.unconfirmed.insert(create.watch_id);
        }
        self.note_known(id);
        Some(create)
    }

    /// Opens a stream, if there is none and somebody wants one.
    fn open_stream(&mut self) {
        if !self.session.is_ready() {
            return;
        }
        let wanted = self.ranges.iter().find(|(_, range)| range.phase == Phase::Watching(None));
        if let Some(first) = wanted.map(|(id, _)| *id).and_then(|id| self.prepare(id, true)) {
            self.session.open(first);
        }
    }

    fn opened(&mut self, first: i64) {
        if !self.watches.contains_key(&first) {
            // Whoever it was for is gone.
            self.session.cancel(first);
        }
        let waiting = self.ranges.iter().filter(|(_, range)| range.phase == Phase::Watching(None));
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            self.watch(id);
        }
    }

    /// What a member said of one watch: one response, or several that have events.
    fn told(&mut self, responses: &mut [WatchResponse]) {
        let Some(response) = responses.first() else { return };
        let watch_id = response.watch_id;
        if response.canceled {
            self.cancelled(response);
            return;
        }
        // Answers to probes belong to no watch, and some members send them ahead of what they have yet to tell. Of a watch that
        // has ended meanwhile, something may still be on its way.
        let Some((id, range)) = self.watches.get(&watch_id).and_then(|id| Some((*id, self.ranges.get(id)?))) else {
            return;
        };
        let store = &range.store;
        let revision = if response.created {
            self.unconfirmed.remove(&watch_id);
            store.known()
        } else if response.events.is_empty() {
            // A member says so of a watch that was told of everything.
            store.put_progress(api::revision(response.header.as_ref()));
            store.known()
        } else {
            // The revision in the header is that of the member, which may be ahead of what is told here.
            let events = responses.iter_mut().flat_map(|response| std::mem::take(&mut response.events));
            store.put_events(events.filter_map(|event| {
                let kind = EventType::try_from(event.r#type);
                let change = Change::from(event.kv?);
                match kind {
                    Ok(EventType::Put) => Some(change),
                    Ok(EventType::Delete) => Some(Change { bytes: None, creates: false, ..change }),
                    // Of a later API: whatever it means, it is neither.
                    Err(_) => None,
                }
            }))
        };
        if let Some(revision) = revision {
            store.in_sync(revision);
        }
        self.note_known(id);
        self.in_sync();
    }

    /// The member has ended a watch, or has not even begun it.
    fn cancelled(&mut self, response: &WatchResponse) {
        let watch_id = response.watch_id;
        self.unconfirmed.remove(&watch_id);
        let id = self.watches.remove(&watch_id);
        if response.compact_revision > 0 {
            // What it missed is gone. The list tells what has become of it.
            if let Some(id) = id {
                self.list_again(id, "what happened meanwhile is compacted; listing again");
            }
            return;
        }
        // etcd checks the token that the stream was opened with when a watch is created, and says no more than that it is
        // not permitted; some versions do not even say which watch. A list tells whether it really is not, and has the
        // token renewed if that is all there is to it.
        let cause = format!("the member has refused a watch: {}", response.cancel_reason);
        let refused: Vec<_> = match id {
            Some(id) => vec![id],
            // It is one of ours, but its watcher has gone: this confirms that.
            None if watch_id > 0 || self.unconfirmed.is_empty() => return,
            None => self.unconfirmed.iter().filter_map(|watch_id| self.watches.get(watch_id).copied()).collect(),
        };
        self.session.give_up();
        self.lost(&Arc::from(&*cause));
        for id in refused {
            self.list_again(id, &cause);
        }
    }

    fn list_again(&mut self, id: u64, cause: &str) {
        if let Some(range) = self.ranges.get_mut(&id) {
            range.store.out_of_touch(&Arc::from(cause));
            range.phase = Phase::Listing;
            self.want_list(id);
        }
    }

    /// The stream is gone. Everyone who had a watch on it gets one on the next.
    fn lost(&mut self, cause: &Arc<str>) {
        self.forget_watches();
        harmless(|| become_stale(&self.status, cause));
        for range in self.ranges.values_mut() {
            if matches!(range.phase, Phase::Watching(_)) {
                range.phase = Phase::Watching(None);
                range.store.out_of_touch(cause);
            }
        }
    }

    /// No stream can be had, because of something that a person has to do. Whoever waits for one is told, and the next get
    /// begins with a list, which finds out whether it was done.
    fn refused(&mut self, error: &Error) {
        self.lost(&Arc::from(error.to_string()));
        for range in self.ranges.values_mut().filter(|range| range.phase == Phase::Watching(None)) {
            range.phase = Phase::Resting;
            range.refuse(0, error.clone());
        }
    }

    fn forget_watches(&mut self) {
        self.watches.clear();
        self.unconfirmed.clear();
    }
}

fn has_events(response: &WatchResponse) -> bool {
    !response.canceled && !response.created && !response.events.is_empty()
}

impl Drop for Hub {
    /// The runtime may end before the watchers do. They are not to wait for what cannot come.
    fn drop(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Start { store, .. } = command {
                store.close();
            }
        }
        for range in self.ranges.values() {
            range.store.close();
        }
        harmless(|| self.status.close());
    }
}
