//! The watcher of a value in the cluster.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use event_core::{BackendError, Get, GetError, MemoryReader, Watcher, WatcherExt};

use crate::client::EtcdClient;
use crate::decoder::Decode;
use crate::feed::{Feed, Taken};
use crate::hub::Command;
use crate::inbox::Change;
use crate::range::KeyRange;
use crate::status::Status;

/// Watches one key of a cluster, or each key of a range.
///
/// The first gets give what is stored, one key each; later ones wait for what becomes of a key. Of several changes of a
/// key only the newest is given, and none at all if it has come back to the bytes that were given last. Keys come in the
/// order in which they first changed. A deletion is a change, if the watcher had been given what is deleted.
///
/// Once it was polled, a watcher follows the cluster in the background, so polling it late or seldom costs no more than
/// the keys are long. It lives through the loss of members, leaders and connections, and through compaction; what changed
/// meanwhile is told afterwards. [`status`](Self::status) shows how it stands.
///
/// A get fails with [`GetError::Backend`] if the decoder fails, which costs that one change, and if the cluster refuses
/// the request, which is asked again by the next get. The source of the latter is an [`Error`](crate::Error).
/// [`GetError::Closed`] means that the client's runtime is gone.
///
/// A clone knows and has had what the original has, and goes its own way from there.
pub struct EtcdWatcher<T> {
    client: EtcdClient,
    feed: Arc<Feed>,
    decoder: Box<dyn Decode<T>>,
    asked: Asked,
    /// Whether the hub has heard of this watcher.
    known: bool,
    last: Option<(Arc<[u8]>, i64)>,
}

/// What the hub was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Nothing,
    List,
    Follow,
}

impl<T> EtcdWatcher<T> {
    pub(crate) fn new(client: EtcdClient, range: KeyRange, decoder: Box<dyn Decode<T>>) -> Self {
        let feed = Arc::new(Feed::new(client.next_id(), range));
        Self { client, feed, decoder, asked: Asked::Nothing, known: false, last: None }
    }

    /// A future that gives what is present and unseen, or waits for it; see [`WatcherExt::get`].
    pub fn get(&mut self) -> Get<'_, Self> {
        WatcherExt::get(self)
    }

    /// How this watcher stands to the cluster. Before the first get it is connecting.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.feed.status.reader()
    }

    /// The revision of the cluster that wrote what the last get gave, or deleted it; 0 before. This is what
    /// [`compare_and_set`](crate::EtcdValue::compare_and_set) wants to see.
    ///
    /// A deletion that was found out later has a revision that did not have the key.
    #[must_use]
    pub fn mod_revision(&self) -> i64 {
        self.last.as_ref().map_or(0, |(_, revision)| *revision)
    }

    /// The key of what the last get gave, also if the decoder failed on it.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.last.as_ref().map(|(key, _)| &**key)
    }

    /// Has the hub do what the watcher needs, if it does not do so already.
    fn ask(&mut self, wanted: Asked) {
        if self.asked >= wanted {
            return;
        }
        self.asked = wanted;
        self.known = true;
        let start = Command::Start { feed: Arc::clone(&self.feed), follow: wanted == Asked::Follow };
        if self.client.tell(start).is_err() {
            self.feed.close();
        }
    }

    fn poll_any(&mut self, cx: &mut Context<'_>, backlog_only: bool) -> Poll<Result<T, GetError>> {
        self.ask(if backlog_only { Asked::List } else { Asked::Follow });
        Poll::Ready(match ready!(self.feed.poll_take(cx, backlog_only)) {
            Taken::Change(Change { key, bytes, revision }) => {
                self.last = Some((Arc::clone(&key), revision));
                self.decoder.decode(&key, bytes.as_deref()).map_err(GetError::Backend)
            }
            Taken::Failed(error) => {
                self.asked = Asked::Nothing;
                Err(GetError::Backend(BackendError::new(error)))
            }
            Taken::Nothing => Err(GetError::BacklogDone),
            Taken::Closed => Err(GetError::Closed),
        })
    }
}

impl<T> Watcher for EtcdWatcher<T> {
    type Item = T;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_any(cx, false)
    }

    /// If it watches one key. Otherwise each item is about one of several.
    fn supersedes(&self) -> bool {
        self.feed.range.as_key().is_some()
    }

    /// Waits for the first list. A watcher that is only ever asked for its backlog makes no other request.
    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_any(cx, true)
    }
}

impl<T> Clone for EtcdWatcher<T> {
    fn clone(&self) -> Self {
        let client = self.client.clone();
        let feed = Arc::new(self.feed.duplicate(client.next_id()));
        Self {
            client,
            feed,
            decoder: self.decoder.duplicate(),
            asked: Asked::Nothing,
            known: false,
            last: self.last.clone(),
        }
    }
}

impl<T> Drop for EtcdWatcher<T> {
    fn drop(&mut self) {
        if self.known {
            // If the hub is gone, so is what it knew of this watcher.
            let _ = self.client.tell(Command::Stop(self.feed.id));
        }
    }
}

impl<T> fmt::Debug for EtcdWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.feed.status.borrow().map(|status| status.to_string());
        f.debug_struct("EtcdWatcher").field("range", &self.feed.range).field("status", &status).finish_non_exhaustive()
    }
}
