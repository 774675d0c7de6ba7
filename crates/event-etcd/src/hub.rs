//! The task behind a client: it lists and watches on behalf of all of its watchers, and tells each what is new.
//!
//! ```text
//! watcher --Start--> list, retried until it is answered --> watch on the one stream, from the revision after the list
//!                      ^                                      |
//!                      |<---- compacted, or not permitted ----|  lost: again from the first revision that was not told
//! ```
//!
//! The hub never waits for a watcher: what it tells goes into the watcher's [`Inbox`](crate::inbox::Inbox), which keeps the
//! newest per key. So a slow watcher holds neither the stream up nor its neighbours, and costs no more than the keys it
//! watches.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use event_core::MemoryValue;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::api::{self, EventType, WatchResponse};
use crate::error::{Error, Failure};
use crate::feed::Feed;
use crate::list::Listing;
use crate::lists::Lists;
use crate::members::Members;
use crate::pauses::Pauses;
use crate::session::{Create, Event, Session};
use crate::status::Status;

/// What watchers ask of the hub.
#[derive(Debug)]
pub(crate) enum Command {
    /// List, and watch from there if `follow`.
    Start { feed: Arc<Feed>, follow: bool },
    /// Somebody is gone.
    Stop(u64),
}

/// The task.
pub(crate) struct Hub {
    members: Arc<Members>,
    commands: UnboundedReceiver<Command>,
    status: MemoryValue<Status>,
    followers: HashMap<u64, Follower>,
    lists: Lists,
    session: Session,
    /// Whose watch is whose, on the present stream.
    watches: HashMap<i64, u64>,
    /// Watches that the member has not confirmed.
    unconfirmed: HashSet<i64>,
    next_watch: i64,
}

/// A watcher, as the hub sees it.
struct Follower {
    feed: Arc<Feed>,
    follow: bool,
    phase: Phase,
    /// Between requests that the cluster refuses, so that a watcher that insists does not flood it.
    pauses: Pauses,
    not_before: Option<Instant>,
}

impl Follower {
    /// Has the next get fail. The one after that asks again, but not at once.
    fn refuse(&mut self, error: Error) {
        self.phase = Phase::Resting;
        self.not_before = Some(Instant::now() + self.pauses.next());
        self.feed.fail(error);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A list is in the queue or on its way.
    Listing,
    /// The list is in, and nobody wants more; or it was refused.
    Resting,
    /// Watches from where the feed was told up to, or will as soon as there is a stream: with this number if there is.
    Watching(Option<i64>),
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
            followers: HashMap::new(),
            lists: Lists::new(longest),
            watches: HashMap::new(),
            unconfirmed: HashSet::new(),
            next_watch: 1,
        }
    }

    /// Works until every client, value and watcher is gone.
    pub(crate) async fn run(mut self) {
        loop {
            self.start_lists();
            self.open_stream();
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Start { feed, follow }) => self.start(feed, follow),
                    Some(Command::Stop(id)) => self.stop(id),
                    None => return,
                },
                done = self.lists.next() => if let Some((id, begun, result)) = done {
                    self.listed(id, begun, result);
                },
                event = self.session.next() => match event {
                    Some(Event::Opened { first }) => self.opened(first),
                    Some(Event::Told(response)) => self.told(&response),
                    Some(Event::Lost(cause)) => self.lost(&cause),
                    Some(Event::Refused(error)) => self.refused(&error),
                    None => {}
                },
            }
        }
    }

    // Watchers come and go.

    fn start(&mut self, feed: Arc<Feed>, follow: bool) {
        let id = feed.id;
        let longest = self.members.options().max_pause;
        let follower = self.followers.entry(id).or_insert_with(|| Follower {
            feed,
            follow,
            phase: Phase::Resting,
            pauses: Pauses::new(longest),
            not_before: None,
        });
        follower.follow |= follow;
        if follower.phase != Phase::Resting {
            return;
        }
        match follower.feed.resume() {
            Some(_) if !follower.follow => {}
            Some(_) if follower.not_before.is_none() => self.watch(id),
            // Nothing is known, or the last list was refused. The next one may be as well, which harms nobody else; a
            // watch that is refused costs all of them the stream.
            _ => {
                follower.phase = Phase::Listing;
                self.lists.queue(id, follower.not_before);
            }
        }
    }

    fn stop(&mut self, id: u64) {
        self.lists.forget(id);
        if let Some(Follower { phase: Phase::Watching(Some(watch_id)), .. }) = self.followers.remove(&id) {
            self.watches.remove(&watch_id);
            self.unconfirmed.remove(&watch_id);
            self.session.cancel(watch_id);
        }
        if !self.followers.values().any(|follower| matches!(follower.phase, Phase::Watching(_))) {
            self.session.close();
            self.forget_watches();
        }
    }

    // Lists.

    fn start_lists(&mut self) {
        while let Some(id) = self.lists.due() {
            if let Some(follower) = self.followers.get(&id) {
                self.lists.start(id, Arc::clone(&self.members), Arc::clone(&follower.feed));
            }
        }
    }

    fn listed(&mut self, id: u64, begun: Instant, result: Result<Listing, Failure>) {
        let Some(follower) = self.followers.get_mut(&id) else { return };
        match result {
            Ok(Listing { revision, present }) => {
                self.lists.succeeded();
                follower.pauses.reset();
                follower.not_before = None;
                follower.feed.put_list(present, revision);
                follower.phase = Phase::Resting;
                if follower.follow {
                    // It is in sync when it is told of everything newer as well.
                    self.watch(id);
                    return;
                }
                follower.feed.status.set(Status::Synced { revision });
                if !self.session.is_open() {
                    self.status.set(Status::Synced { revision });
                }
            }
            Err(Failure::Permanent(error)) => {
                become_stale(&follower.feed.status, &Arc::from(error.to_string()));
                follower.refuse(error);
            }
            Err(failure) => {
                let cause = Arc::from(failure.to_string());
                become_stale(&follower.feed.status, &cause);
                if !self.session.is_open() {
                    become_stale(&self.status, &cause);
                }
                if !matches!(failure, Failure::Compacted) {
                    self.lists.failed(begun);
                }
                self.lists.queue_first(id);
            }
        }
    }

    // Watches.

    /// Watches from where the feed was told up to, now or as soon as there is a stream.
    fn watch(&mut self, id: u64) {
        let open = self.session.is_open();
        let Some(create) = self.prepare(id, open) else { return };
        if open {
            self.session.create(create);
        }
    }

    /// Gives a watcher a watch to be created, which has its place on the stream already if `numbered`.
    fn prepare(&mut self, id: u64, numbered: bool) -> Option<Create> {
        let follower = self.followers.get_mut(&id)?;
        let from = follower.feed.resume()?;
        let create = Create { watch_id: self.next_watch, range: follower.feed.range.clone(), from };
        follower.phase = Phase::Watching(numbered.then_some(create.watch_id));
        if numbered {
            self.next_watch += 1;
            self.watches.insert(create.watch_id, id);
            self.unconfirmed.insert(create.watch_id);
        }
        Some(create)
    }

    /// Opens a stream, if there is none and somebody wants one.
    fn open_stream(&mut self) {
        if !self.session.is_ready() {
            return;
        }
        let wanted = self.followers.iter().find(|(_, follower)| follower.phase == Phase::Watching(None));
        if let Some(first) = wanted.map(|(id, _)| *id).and_then(|id| self.prepare(id, true)) {
            self.session.open(first);
        }
    }

    fn opened(&mut self, first: i64) {
        if !self.watches.contains_key(&first) {
            // Whoever it was for is gone.
            self.session.cancel(first);
        }
        let waiting = self.followers.iter().filter(|(_, follower)| follower.phase == Phase::Watching(None));
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            self.watch(id);
        }
    }

    fn told(&mut self, response: &WatchResponse) {
        let revision = api::revision(response.header.as_ref());
        let watch_id = response.watch_id;
        if response.canceled {
            self.cancelled(response);
            return;
        }
        if !matches!(*self.status.borrow().expect("it was set when it was made"), Status::Synced { revision: r } if r >= revision)
        {
            self.status.set(Status::Synced { revision });
        }
        // Answers to probes belong to no watch. Of one that has ended meanwhile, something may still be on its way.
        let Some(follower) = self.watches.get(&watch_id).and_then(|id| self.followers.get_mut(id)) else { return };
        let feed = &follower.feed;
        if response.created {
            self.unconfirmed.remove(&watch_id);
            if let Some(resume) = feed.resume() {
                feed.status.set(Status::Synced { revision: resume - 1 });
            }
            return;
        }
        if response.events.is_empty() {
            feed.put_progress(revision);
            feed.status.set(Status::Synced { revision });
            return;
        }
        let changes = response.events.iter().filter_map(|event| {
            let pair = event.kv.as_ref()?;
            let bytes = match EventType::try_from(event.r#type) {
                Ok(EventType::Put) => Some(&*pair.value),
                Ok(EventType::Delete) => None,
                // Of a later API: whatever it means, it is neither.
                Err(_) => return None,
            };
            Some((&*pair.key, bytes, pair.mod_revision))
        });
        if let Some(revision) = feed.put_changes(changes) {
            feed.status.set(Status::Synced { revision });
        }
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
        if let Some(follower) = self.followers.get_mut(&id) {
            become_stale(&follower.feed.status, &Arc::from(cause));
            follower.phase = Phase::Listing;
            self.lists.queue(id, None);
        }
    }

    /// The stream is gone. Everyone who had a watch on it gets one on the next.
    fn lost(&mut self, cause: &Arc<str>) {
        self.forget_watches();
        become_stale(&self.status, cause);
        for follower in self.followers.values_mut() {
            if matches!(follower.phase, Phase::Watching(_)) {
                follower.phase = Phase::Watching(None);
                become_stale(&follower.feed.status, cause);
            }
        }
    }

    /// No stream can be had, because of something that a person has to do. Whoever waits for one is told, and the next get
    /// begins with a list, which finds out whether it was done.
    fn refused(&mut self, error: &Error) {
        self.lost(&Arc::from(error.to_string()));
        for follower in self.followers.values_mut().filter(|follower| follower.phase == Phase::Watching(None)) {
            follower.refuse(error.clone());
        }
    }

    fn forget_watches(&mut self) {
        self.watches.clear();
        self.unconfirmed.clear();
    }
}

fn become_stale(status: &MemoryValue<Status>, cause: &Arc<str>) {
    status.update(|status| *status = status.after(cause));
}

impl Drop for Hub {
    /// The runtime may end before the watchers do. They are not to wait for what cannot come.
    fn drop(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Start { feed, .. } = command {
                feed.close();
            }
        }
        for follower in self.followers.values() {
            follower.feed.close();
        }
        self.status.close();
    }
}
