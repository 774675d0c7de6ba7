//! The watcher of a value in the cluster.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use event_core::{BackendError, Get, GetError, MemoryReader, Watcher, WatcherExt};

use crate::client::EtcdClient;
use crate::cursor::{Cursor, Looked, Told};
use crate::decoder::Decode;
use crate::range::KeyRange;
use crate::seen::Seen;
use crate::share::{Asked, Share, Standing};
use crate::status::Status;

/// Watches one key of a cluster, or each key of a range.
///
/// The first gets return what is stored, one key each; later ones wait for changes. Of several changes of a key, only the newest is
/// returned, and none if the key has the bytes again that were returned last. Keys come in the order in which they first changed. A
/// deletion is a change, if the watcher has returned what is deleted.
///
/// Once it was polled, a watcher follows the cluster in the background. A watcher that is polled late or seldom takes no more memory than
/// the keys do. It keeps working when members, leaders and connections are lost, and when revisions are compacted; it returns afterwards what changed
/// meanwhile. [`status`](Self::status) is its connection state.
///
/// A get fails with [`GetError::Backend`] if the decoder fails, which costs that one change, and if the cluster refuses
/// the request, which is asked again by the next get. The source of the latter is an [`Error`](crate::Error).
/// [`GetError::Closed`] means that the client's runtime has ended.
///
/// A clone has seen what the original has seen, and is independent from then on.
pub struct EtcdWatcher<T> {
    share: Share,
    /// Made with the first get.
    cursor: Option<Cursor>,
    decoder: Box<dyn Decode<T>>,
    /// How long the namespace is that the keys lose.
    namespace: usize,
    /// What the first get returns if nothing is known then.
    initial: Option<Initial<T>>,
    last: Option<Last>,
}

/// Makes what is there before anything is known.
pub(crate) type Initial<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// What the last get was about.
#[derive(Clone)]
struct Last {
    key: Arc<[u8]>,
    seen: Seen,
    revision: i64,
    taken: Option<Arc<[u8]>>,
}

impl<T> EtcdWatcher<T> {
    pub(crate) fn new(
        client: EtcdClient,
        range: KeyRange,
        decoder: Box<dyn Decode<T>>,
        initial: Option<Initial<T>>,
    ) -> Self {
        let namespace = client.prefix().len();
        Self { share: Share::new(client, range), cursor: None, decoder, namespace, initial, last: None }
    }

    /// A future that returns what is stored and unseen, or waits for it; see [`WatcherExt::get`].
    pub fn get(&mut self) -> Get<'_, Self> {
        WatcherExt::get(self)
    }

    /// The connection state of this watcher. Before the first get it is connecting.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.share.status()
    }

    /// How the key of the last get was then, for [`compare_and_set`](crate::EtcdValue::compare_and_set).
    /// [`Seen::Absent`] if the get returned a deletion, and before the first get has returned what is stored.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.last.as_ref().map_or(Seen::Absent, |last| last.seen)
    }

    /// The revision of the cluster that wrote what the last get returned, or deleted it; 0 before.
    ///
    /// A deletion that was found out later has a revision that did not have the key.
    #[must_use]
    pub fn mod_revision(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.revision)
    }

    /// The key of what the last get returned, also if the decoder failed on it.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.last.as_ref().and_then(|last| last.key.get(self.namespace..))
    }

    /// What was deleted, if the last get returned a deletion: what was stored under the key last, where that is known, and
    /// otherwise what this watcher has returned last. `None` if the last get returned something else.
    #[must_use]
    pub fn deleted(&self) -> Option<&[u8]> {
        self.last.as_ref().and_then(|last| last.taken.as_deref())
    }

    fn poll_any(&mut self, cx: &mut Context<'_>, backlog_only: bool) -> Poll<Result<T, GetError>> {
        // Before it asks: what comes with the answer has the order of its changes.
        let cursor = self.cursor.get_or_insert_with(|| Cursor::new(self.share.store.picture()));
        self.share.ask(if backlog_only { Asked::List } else { Asked::Follow });
        let standing = self.share.poll(cx);
        if let Some(initial) = self.initial.take() {
            // User code. It is taken before, and so it costs no more than the item if it panics.
            if standing == Standing::Waiting {
                return Poll::Ready(Ok(initial()));
            }
        }
        if standing == Standing::Listed {
            match cursor.next((!backlog_only).then_some(&mut *cx)) {
                Looked::Told(Told { key, bytes, revision, taken }) => {
                    let seen = bytes.as_ref().map_or(Seen::Absent, |_| Seen::of_mod_revision(revision));
                    self.last = Some(Last { key: Arc::clone(&key), seen, revision, taken });
                    let key = key.get(self.namespace..).unwrap_or_default();
                    return Poll::Ready(self.decoder.decode(key, bytes.as_deref()).map_err(GetError::Backend));
                }
                Looked::Busy => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Looked::Closed => return Poll::Ready(Err(GetError::Closed)),
                Looked::Nothing => {}
            }
        }
        if let Some(error) = self.share.take_refusal() {
            return Poll::Ready(Err(GetError::Backend(BackendError::new(error))));
        }
        match standing {
            Standing::Closed => Poll::Ready(Err(GetError::Closed)),
            Standing::Listed if backlog_only => Poll::Ready(Err(GetError::BacklogDone)),
            Standing::Listed | Standing::Waiting => Poll::Pending,
        }
    }
}

impl<T> Watcher for EtcdWatcher<T> {
    type Item = T;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_any(cx, false)
    }

    /// If it watches one key. Otherwise each item is about one of several.
    fn supersedes(&self) -> bool {
        self.share.store.range.as_key().is_some()
    }

    /// Waits for the first list. A watcher that is only ever asked for its backlog makes no other request.
    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_any(cx, true)
    }
}

impl<T> Clone for EtcdWatcher<T> {
    fn clone(&self) -> Self {
        Self {
            share: self.share.clone(),
            cursor: self.cursor.clone(),
            decoder: self.decoder.duplicate(),
            namespace: self.namespace,
            initial: self.initial.clone(),
            last: self.last.clone(),
        }
    }
}

impl<T> fmt::Debug for EtcdWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdWatcher")
            .field("range", &self.share.store.range)
            .field("status", &self.share.shown())
            .finish_non_exhaustive()
    }
}
