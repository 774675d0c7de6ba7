//! The lists that are asked for: some at a time, and after a failure none for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::error::Failure;
use crate::list::{list_all, list_since};
use crate::members::Members;
use crate::pauses::Pauses;
use crate::store::{Answer, Begun, Store};
use crate::trace;

/// So many lists are asked for at a time, so that a thousand watchers that start at once do not overrun a member.
const LISTS_AT_ONCE: usize = 32;

/// A list that has ended.
pub(crate) struct Done {
    /// The number of the store.
    pub(crate) id: u64,
    /// That of the list.
    pub(crate) number: u64,
    pub(crate) begun: Instant,
    /// The answer is not older than what was asked for by the watchers up to this one.
    pub(crate) covers: u64,
    pub(crate) result: Result<Answer, Failure>,
}

/// The lists that are on their way, and those that wait for their turn.
pub(crate) struct Lists {
    running: JoinSet<Done>,
    queue: VecDeque<(u64, Option<Instant>)>,
    pauses: Pauses,
    /// After a failure nobody is asked before this.
    resume_at: Instant,
}

impl Lists {
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            running: JoinSet::new(),
            queue: VecDeque::new(),
            pauses: Pauses::new(longest),
            resume_at: Instant::now(),
        }
    }

    pub(crate) fn queue(&mut self, id: u64, not_before: Option<Instant>) {
        self.queue.push_back((id, not_before));
    }

    pub(crate) fn queue_first(&mut self, id: u64) {
        self.queue.push_front((id, None));
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.queue.retain(|(queued, _)| *queued != id);
    }

    /// Takes the next that may be started now.
    pub(crate) fn due(&mut self) -> Option<u64> {
        if self.queue.is_empty() || self.running.len() >= LISTS_AT_ONCE {
            return None;
        }
        let now = Instant::now();
        if self.resume_at > now {
            return None;
        }
        let place = self.queue.iter().position(|(_, not_before)| not_before.is_none_or(|time| time <= now))?;
        self.queue.remove(place).map(|(id, _)| id)
    }

    /// Lists a range: what has changed since the revision that is known, or `all` of it if that is wanted or needed.
    /// The result is the number of the list.
    pub(crate) fn start(&mut self, members: Arc<Members>, store: Arc<Store>, all: bool) -> u64 {
        let range = store.range.clone();
        // Before the request is made: whoever asks from now on needs another one.
        let Begun { number, covers, since } = store.begin_list(all);
        let list = async move {
            let begun = Instant::now();
            let result = match since {
                Some(revision) => list_since(&members, &store.range, revision).await,
                None => list_all(&members, &store.range).await,
            };
            trace::listed(&result);
            Done { id: store.id, number, begun, covers, result }
        };
        self.running.spawn(trace::in_list(&range, since, list));
        number
    }

    /// When to look again though nothing else happens.
    fn next_due(&self) -> Option<Instant> {
        let first = self.queue.iter().map(|(_, not_before)| not_before.unwrap_or(self.resume_at)).min()?;
        (self.running.len() < LISTS_AT_ONCE).then(|| first.max(self.resume_at))
    }

    /// A list that ended, or nothing as soon as one is due to be started.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Option<Done> {
        let due = self.next_due();
        if self.running.is_empty() && due.is_none() {
            // Mostly, and without a timer then.
            return std::future::pending().await;
        }
        tokio::select! {
            done = self.running.join_next(), if !self.running.is_empty() => match done? {
                Ok(done) => Some(done),
                // A bug in here. Closing every watcher is better than to leave one waiting for ever.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => None,
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.pauses.reset();
    }

    /// Lists that began before the last failure was known do not make the pause longer.
    pub(crate) fn failed(&mut self, begun: Instant) {
        if begun >= self.resume_at {
            self.resume_at = Instant::now() + self.pauses.next();
        }
    }
}
