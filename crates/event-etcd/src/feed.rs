//! What a watcher and the hub share: the hub puts in what the cluster says, the watcher takes it out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use event_core::MemoryValue;

use crate::error::Error;
use crate::inbox::{Change, Inbox, Stored};
use crate::range::KeyRange;
use crate::status::Status;

/// One watcher's part of what the hub is told.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) id: u64,
    pub(crate) range: KeyRange,
    pub(crate) status: MemoryValue<Status>,
    state: Mutex<State>,
}

/// Of user code only a waker's `clone` runs with this locked, before anything is changed. Wakers that wake, or are dropped,
/// are taken out first.
#[derive(Debug, Default)]
struct State {
    inbox: Inbox,
    /// The first revision that is not in the inbox, once there was a list.
    resume: Option<i64>,
    error: Option<Error>,
    closed: bool,
    waker: Option<Waker>,
}

/// Something for the watcher to do.
#[derive(Debug)]
pub(crate) enum Taken {
    Change(Change),
    /// A request failed in a way that would not pass by itself.
    Failed(Error),
    /// There is nothing more for now.
    Nothing,
    /// The hub has gone, and with it all that could come.
    Closed,
}

impl Feed {
    pub(crate) fn new(id: u64, range: KeyRange) -> Self {
        Self { id, range, status: MemoryValue::with_value(Status::Connecting), state: Mutex::default() }
    }

    /// One that has been told the same, for a clone of the watcher.
    pub(crate) fn duplicate(&self, id: u64) -> Self {
        let state = self.lock();
        let state =
            State { inbox: state.inbox.clone(), resume: state.resume, closed: state.closed, ..State::default() };
        let mut duplicate = Self::new(id, self.range.clone());
        duplicate.state = Mutex::new(state);
        duplicate
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    // What the watcher does.

    /// Takes what is there. If that is nothing, whoever polled is woken when there is.
    ///
    /// With `backlog_only` it is woken for the first list only, and what is there once that is in is all.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, backlog_only: bool) -> Poll<Taken> {
        let mut state = self.lock();
        if let Some(change) = state.inbox.take() {
            return Poll::Ready(Taken::Change(change));
        }
        if let Some(error) = state.error.take() {
            return Poll::Ready(Taken::Failed(error));
        }
        if state.closed {
            return Poll::Ready(Taken::Closed);
        }
        if backlog_only && state.resume.is_some() {
            return Poll::Ready(Taken::Nothing);
        }
        let replaced = match &mut state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            waker => waker.replace(cx.waker().clone()),
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    // What the hub does.

    /// The first revision that the watcher was not told about; `None` before the first list.
    pub(crate) fn resume(&self) -> Option<i64> {
        self.lock().resume
    }

    /// Notes a list of all that is present at a revision.
    pub(crate) fn put_list(&self, present: Vec<(Vec<u8>, Stored)>, revision: i64) {
        let mut state = self.lock();
        state.inbox.note_all(present, revision);
        state.resume = Some(revision.saturating_add(1));
        state.error = None;
        // A backlog get waits for the list even if there is nothing in it.
        Self::wake(state);
    }

    /// Notes changes, each with its key, what is stored (`None` if it was deleted) and the revision, in the order of the
    /// revisions. What it knows already is ignored. The result is how far it knows now, if there was a list before.
    pub(crate) fn put_changes<'a>(
        &self,
        changes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>, i64)>,
    ) -> Option<i64> {
        let mut state = self.lock();
        let known = state.resume?;
        let mut resume = known;
        for (key, bytes, revision) in changes.filter(|(_, _, revision)| *revision >= known) {
            let stored = bytes.map(|bytes| Stored { bytes: bytes.into(), mod_revision: revision });
            state.inbox.note(key, stored, revision);
            resume = resume.max(revision.saturating_add(1));
        }
        state.resume = Some(resume);
        if state.inbox.has_changes() {
            Self::wake(state);
        }
        Some(resume - 1)
    }

    /// Nothing happened up to a revision but what was told before.
    pub(crate) fn put_progress(&self, revision: i64) {
        let mut state = self.lock();
        state.resume = state.resume.map(|resume| resume.max(revision.saturating_add(1)));
    }

    /// The next get fails.
    pub(crate) fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.error = Some(error);
        Self::wake(state);
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        Self::wake(state);
        self.status.close();
    }

    /// Wakes the watcher, if it waits. A waker that panics harms nobody else.
    fn wake(mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_revision_there_is_overflows_nothing() {
        let feed = Feed::new(1, KeyRange::prefix(""));
        let stored = Stored { bytes: b"1".as_slice().into(), mod_revision: i64::MAX };
        feed.put_list(vec![(b"a".to_vec(), stored)], i64::MAX);
        feed.put_progress(i64::MAX);
        assert_eq!(feed.put_changes([(&b"a"[..], None, i64::MAX)].into_iter()), Some(i64::MAX - 1));
        assert_eq!(feed.resume(), Some(i64::MAX));
    }
}
