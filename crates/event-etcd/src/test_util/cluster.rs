//! What the members of the fake cluster share, and who asks them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until};

use super::links::Links;
use super::store::Store;
use crate::api::WatchResponse;

/// The cluster. It exists for as long as somebody holds it, or is connected to it.
#[derive(Debug)]
pub(super) struct Cluster {
    store: Mutex<Store>,
    pub(super) links: Links,
    members: AtomicU64,
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self { store: Mutex::new(Store::new()), links: Links::default(), members: AtomicU64::new(0) }
    }

    /// The number of another member.
    pub(super) fn add_member(&self) -> u64 {
        // Ordering: the numbers have to differ, nothing else.
        self.members.fetch_add(1, Ordering::Relaxed)
    }

    /// Does something in one step, as the test's own code does.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Store) -> R) -> R {
        act(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what a client asks for: after the leases have ended whose time is over, should their task be late.
    pub(super) fn call<R>(&self, act: impl FnOnce(&mut Store) -> R) -> R {
        self.with(|store| {
            store.expire(Instant::now());
            act(store)
        })
    }
}

/// Ends a lease when its time is over.
pub(super) async fn keep_time(cluster: Weak<Cluster>, lease: i64) {
    loop {
        let expires = cluster.upgrade().and_then(|cluster| cluster.with(|store| store.expires(lease)));
        let Some(expires) = expires else { return };
        sleep_until(expires).await;
        if let Some(cluster) = cluster.upgrade() {
            cluster.with(|store| store.expire(Instant::now()));
        }
    }
}

/// An open stream of watches, which is closed when this is dropped.
#[derive(Debug)]
pub(super) struct OpenStream {
    cluster: Arc<Cluster>,
    pub(super) number: u64,
}

impl OpenStream {
    pub(super) fn open(cluster: &Arc<Cluster>, responses: UnboundedSender<WatchResponse>) -> Self {
        let number = cluster.with(|store| store.watches.open(responses));
        Self { cluster: Arc::clone(cluster), number }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.cluster.with(|store| store.watches.close(self.number));
    }
}
