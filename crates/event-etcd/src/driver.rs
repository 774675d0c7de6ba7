//! The task behind a map: it decodes what becomes of the range, and keeps the map's picture up to date.
//!
//! It goes from one state of the [store](crate::store) to the newest, so it skips what it is too slow for, and every state that it
//! publishes is one that the store had. Codecs, and `Ord`, `Clone` and `Drop` of keys and items, are user code: it runs in here,
//! where it holds up this map and nobody else.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use event_core::{MemoryWatcher, Watcher};
use event_map::MapSnapshot;
use tokio::task::yield_now;

use crate::codec::{BoxError, Codec, DecodeError};
use crate::error::Error;
use crate::map::Picture;
use crate::range::Readable;
use crate::share::{Asked, Share, Standing};
use crate::status::Status;
use crate::store::{Key, Stored, harmless};

/// How a map's keys and items are written in the cluster.
pub(crate) struct Names<K, V> {
    /// What the keys in the cluster begin with, and those of the map do not.
    pub(crate) prefix: Vec<u8>,
    pub(crate) keys: Arc<dyn Codec<K>>,
    pub(crate) codec: Arc<dyn Codec<V>>,
}

impl<K: 'static, V: 'static> Names<K, V> {
    /// The key in the cluster.
    pub(crate) fn name(&self, key: &K) -> Result<Vec<u8>, Error> {
        let rest = self.keys.encode(key);
        let rest = rest.map_err(|cause| Error::InvalidArgument(format!("the key cannot be encoded: {cause}")))?;
        Ok([&*self.prefix, &*rest].concat())
    }

    pub(crate) fn encode(&self, key: &K, item: &V) -> Result<Vec<u8>, Error> {
        self.codec.encode(item).map_err(|cause| {
            let name = self.name(key).unwrap_or_default();
            Error::InvalidArgument(format!("the item for {} cannot be encoded: {cause}", Readable(&name)))
        })
    }

    fn key(&self, name: &[u8]) -> Result<K, BoxError> {
        let rest = name.strip_prefix(&*self.prefix).ok_or("it does not begin as the map's keys do")?;
        let key = self.keys.decode(rest)?;
        // Two keys of the cluster must not be one of the map.
        if self.keys.encode(&key)? != rest {
            return Err("the key is not written as its codec writes it".into());
        }
        Ok(key)
    }

    fn decode(&self, name: &Key, bytes: Option<&[u8]>) -> Decoded<K, V> {
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let key = match self.key(name) {
                Ok(key) => key,
                Err(error) => return (None, Err(error)),
            };
            (Some(key), bytes.map(|bytes| self.codec.decode(bytes)).transpose())
        }));
        let (key, item) = decoded.unwrap_or_else(|_| (None, Err("the codec panicked".into())));
        Decoded {
            name: Arc::clone(name),
            key,
            item: item.map_err(|cause| DecodeError::new(name, cause)),
            is_deleted: bytes.is_none(),
        }
    }
}

/// What became of a key.
struct Decoded<K, V> {
    name: Key,
    /// None: it is none of the map's.
    key: Option<K>,
    /// None: it was deleted.
    item: Result<Option<V>, DecodeError>,
    is_deleted: bool,
}

/// The task.
pub(crate) struct Driver<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    share: Share,
    picture: Picture<K, V>,
    names: Arc<Names<K, V>>,
    revision: MemoryWatcher<i64>,
    status: MemoryWatcher<Status>,
    /// What the picture is of.
    had: Option<MapSnapshot<Key, Stored>>,
}

/// So many keys are decoded before the task yields to the executor.
const KEYS_PER_POLL: usize = 128;

impl<K, V> Driver<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(share: Share, picture: Picture<K, V>, names: Arc<Names<K, V>>) -> Self {
        let (revision, status) = (share.store.revision.watch(), share.status().watch());
        Self { share, picture, names, revision, status, had: None }
    }

    /// Works until it is aborted, or until the client's hub has ended.
    pub(crate) async fn run(mut self) {
        while let Some(news) = self.news().await {
            if let Some(error) = news.refusal {
                harmless(|| _ = self.picture.refused.set(error));
            }
            // It is known first, and what is known grows: the store has at least this.
            let known = self.share.store.known().filter(|_| news.is_listed);
            if let Some(revision) = known {
                self.catch_up().await;
                if self.picture.revision.load() != Some(revision) {
                    if self.picture.refused.is_set() {
                        harmless(|| self.picture.refused.clear());
                    }
                    harmless(|| _ = self.picture.revision.set(revision));
                }
            }
            match (news.status, known) {
                // It was set after the store was brought up to that.
                (Some(Status::Synced { .. }), Some(revision)) => {
                    harmless(|| _ = self.picture.status.set(Status::Synced { revision }));
                }
                (Some(Status::Synced { .. }), None) | (None, _) => {}
                (Some(status), _) => harmless(|| _ = self.picture.status.set(status)),
            }
        }
    }

    /// Waits for something new. `None`: nothing will come.
    async fn news(&mut self) -> Option<News> {
        let Self { share, revision, status, .. } = self;
        poll_fn(|cx| {
            // Again after it was refused; the hub makes the pauses.
            share.ask(Asked::Follow);
            let standing = share.poll(cx);
            let refusal = share.take_refusal();
            let is_listed = standing == Standing::Listed;
            let revision = is_listed && revision.poll_get(cx).is_ready();
            let status = match status.poll_get(cx) {
                Poll::Ready(Ok(status)) => Some(status),
                _ => None,
            };
            if refusal.is_none() && (standing == Standing::Closed || share.store.picture.is_closed()) {
                return Poll::Ready(None);
            }
            if refusal.is_some() {
                cx.waker().wake_by_ref();
            }
            if refusal.is_none() && !revision && status.is_none() {
                return Poll::Pending;
            }
            Poll::Ready(Some(News { refusal, is_listed, status }))
        })
        .await
    }

    /// Brings the picture from the state that it is of to the newest one, in one publication.
    async fn catch_up(&mut self) {
        let state = self.share.store.picture.snapshot();
        let is_first = self.had.is_none();
        let had = self.had.take().unwrap_or_default();
        let changes = if is_first { self.decode_all(&state).await } else { self.decode_changes(&had, &state).await };
        let done = catch_unwind(AssertUnwindSafe(|| self.publish(&changes, is_first)));
        // User code, too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(changes)));
        // If user code panicked, it is done again with the next change.
        self.had = if done.is_ok() { Some(state) } else { Some(had).filter(|_| !is_first) };
    }

    async fn decode_all(&self, state: &MapSnapshot<Key, Stored>) -> Vec<Decoded<K, V>> {
        let mut changes = Vec::with_capacity(state.len());
        for (key, stored) in state {
            if changes.len() % KEYS_PER_POLL == KEYS_PER_POLL - 1 {
                yield_now().await;
            }
            changes.push(self.names.decode(key, Some(&stored.bytes)));
        }
        changes
    }

    async fn decode_changes(
        &self,
        had: &MapSnapshot<Key, Stored>,
        state: &MapSnapshot<Key, Stored>,
    ) -> Vec<Decoded<K, V>> {
        let mut changes = Vec::new();
        let keys = self.share.store.differences.between(had, state);
        for (number, key) in keys.iter().enumerate() {
            if number % KEYS_PER_POLL == KEYS_PER_POLL - 1 {
                yield_now().await;
            }
            let bytes = |state: &MapSnapshot<Key, Stored>| state.get(key).map(|stored| Arc::clone(&stored.bytes));
            let now = bytes(state);
            // Unless it was written again as it was: nothing has become of it.
            if now != bytes(had) {
                changes.push(self.names.decode(key, now.as_deref()));
            }
        }
        changes
    }

    fn publish(&self, changes: &[Decoded<K, V>], is_first: bool) {
        let Picture { map, failures, .. } = &self.picture;
        map.transaction(|edit| {
            if is_first && !edit.is_empty() {
                // What was there initially and is not in the list.
                let initial: Vec<K> = edit.iter().map(|(key, _)| key.clone()).collect();
                let listed: std::collections::BTreeSet<&K> =
                    changes.iter().filter_map(|change| change.key.as_ref()).collect();
                initial.iter().filter(|key| !listed.contains(key)).for_each(|key| _ = edit.remove(key));
            }
            for Decoded { key, item, .. } in changes {
                match (key, item) {
                    (Some(key), Ok(Some(item))) => _ = edit.insert(key.clone(), item.clone()),
                    (Some(key), _) => _ = edit.remove(key),
                    (None, _) => {}
                }
            }
        });
        if failures.is_empty() && changes.iter().all(|change| change.item.is_ok()) {
            return;
        }
        failures.transaction(|edit| {
            for Decoded { name, item, is_deleted, .. } in changes {
                match item {
                    Err(error) if !is_deleted => _ = edit.insert(name.to_vec(), error.clone()),
                    _ => _ = edit.remove(&**name),
                }
            }
        });
    }
}

struct News {
    refusal: Option<Error>,
    is_listed: bool,
    status: Option<Status>,
}

/// The runtime may end before the map does. Its watchers are not to wait for what cannot come.
impl<K, V> Drop for Driver<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        let Picture { map, revision, failures, refused, status } = &self.picture;
        harmless(|| map.close());
        harmless(|| revision.close());
        harmless(|| failures.close());
        harmless(|| refused.close());
        harmless(|| status.close());
    }
}

impl<K, V> fmt::Debug for Driver<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("range", &self.share.store.range).finish_non_exhaustive()
    }
}
