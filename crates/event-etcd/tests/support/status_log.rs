//! Notes each status of a watcher, also those that last for a moment only.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use event_core::{MemoryWatcher, Watcher};
use event_etcd::Status;
use tokio::sync::watch;

use super::PATIENCE;

/// All that a status has been.
#[derive(Debug)]
pub(crate) struct StatusLog(Arc<Log>);

/// A waker that looks when it is woken, which is while the status is set: so no status is skipped.
#[derive(Debug)]
struct Log {
    watcher: Mutex<MemoryWatcher<Status>>,
    states: watch::Sender<Vec<Status>>,
}

impl StatusLog {
    pub(crate) fn start(watcher: MemoryWatcher<Status>) -> Self {
        let log = Arc::new(Log { watcher: Mutex::new(watcher), states: watch::Sender::default() });
        Arc::clone(&log).wake();
        Self(log)
    }

    /// Of something that has begun before its status can be had, and may be in sync by now: it was connecting.
    pub(crate) fn start_late(watcher: MemoryWatcher<Status>) -> Self {
        let log = Self::start(watcher);
        log.0.states.send_modify(|states| {
            if !matches!(states.first(), Some(Status::Connecting)) {
                states.insert(0, Status::Connecting);
            }
        });
        log
    }

    pub(crate) fn all(&self) -> Vec<Status> {
        self.0.states.borrow().clone()
    }

    /// Waits until it is in sync now.
    pub(crate) async fn synced(&self) {
        self.wait("in sync", |states| states.last().is_some_and(Status::is_synced)).await;
    }

    /// Waits until it is out of touch now, and gives that.
    pub(crate) async fn stale(&self) -> Status {
        self.wait("out of touch", |states| states.last().is_some_and(Status::is_stale)).await
    }

    /// Waits until it has been out of touch since the first `skip` states, and gives the first that was.
    pub(crate) async fn stale_since(&self, skip: usize) -> Status {
        self.wait("out of touch", |states| states.iter().skip(skip).any(Status::is_stale)).await;
        self.all().into_iter().skip(skip).find(Status::is_stale).expect("that is what was waited for")
    }

    /// Waits until it is out of touch now for a reason that has this in it.
    pub(crate) async fn stale_because(&self, reason: &str) {
        let because = |status: &Status| matches!(status, Status::Stale { cause, .. } if cause.contains(reason));
        self.wait(reason, |states| states.last().is_some_and(because)).await;
    }

    /// Waits until it has been out of touch at least once since the first `skip` states, and is in sync now.
    pub(crate) async fn recovered_since(&self, skip: usize) {
        let recovered = |states: &[Status]| {
            states.last().is_some_and(Status::is_synced) && states.iter().skip(skip).any(Status::is_stale)
        };
        self.wait("out of touch and back", recovered).await;
    }

    async fn wait(&self, what: &str, is: impl Fn(&[Status]) -> bool) -> Status {
        let mut states = self.0.states.subscribe();
        match tokio::time::timeout(PATIENCE, states.wait_for(|states| is(states))).await {
            Ok(states) => states.expect("the sender is in here").last().expect("that is what was waited for").clone(),
            Err(_) => panic!("not {what} after {PATIENCE:?}: {:?}", self.all()),
        }
    }

    /// Panics if it has ever known less than before.
    pub(crate) fn assert_growing(&self) {
        let revision = |status: &Status| match status {
            Status::Synced { revision } => Some(*revision),
            _ => None,
        };
        let revisions: Vec<_> = self.all().iter().filter_map(revision).collect();
        assert!(revisions.is_sorted(), "{revisions:?}");
    }

    /// The states without their details, each run of the same as one.
    pub(crate) fn phases(&self) -> Vec<&'static str> {
        let mut phases: Vec<_> = self.all().iter().map(name).collect();
        phases.dedup();
        phases
    }

    /// Panics unless it has been in sync, then out of touch, any number of times but at least once, and is in sync again.
    pub(crate) fn assert_recovered(&self) {
        let phases = self.phases();
        let recovered = phases.len() >= 4 && phases.starts_with(&["connecting", "synced", "stale"]);
        assert!(recovered && phases.ends_with(&["synced"]), "{:?}", self.all());
    }
}

fn name(status: &Status) -> &'static str {
    match status {
        Status::Connecting => "connecting",
        Status::Synced { .. } => "synced",
        Status::Stale { .. } => "stale",
        _ => "unknown",
    }
}

impl Wake for Log {
    fn wake(self: Arc<Self>) {
        let mut watcher = self.watcher.lock().expect("nothing panics while it is locked");
        let waker = Waker::from(Arc::clone(&self));
        // Closed with the last watcher.
        while let Poll::Ready(Ok(status)) = watcher.poll_get(&mut Context::from_waker(&waker)) {
            self.states.send_modify(|states| states.push(status));
        }
    }
}
