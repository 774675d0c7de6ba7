//! The task behind a map: it decodes what becomes of the range, and keeps the map's picture up to date.
//!
//! It takes what its [inbox](crate::inbox) has, which leads from one state of the range to a later one, so it skips what it is too slow
//! for, and every state that it publishes is one that the range had. What is stored is kept decoded, and as it is only where the codec
//! would write something else: so it is known what a key holds when it is written again as it was. Codecs, and `Ord`, `Clone` and `Drop` of keys and items, are user code: it runs in here,
//! where it holds up this map and nobody else.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use event_core::{MemoryWatcher, Watcher};
use event_map::{MapEdit, MapSnapshot};
use tokio::task::yield_now;

use crate::api::{KeyValue, Slice};
use crate::changes::Change;
use crate::codec::{BoxError, Codec, DecodeError};
use crate::error::Error;
use crate::inbox::{Inbox, Mail};
use crate::map::Picture;
use crate::range::Readable;
use crate::share::{Asked, Share, Standing};
use crate::status::Status;
use crate::store::harmless;

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
        if !self.keys.is_stored_as(&key, rest) {
            return Err("the key is not written as its codec writes it".into());
        }
        Ok(key)
    }
}

/// What became of a key.
struct Decoded<K, V> {
    name: Slice,
    /// None: it is none of the map's.
    key: Option<K>,
    item: Item<V>,
    /// What is stored, if the item does not say that.
    raw: Option<Slice>,
}

enum Item<V> {
    /// As it was.
    Same,
    New(V),
    Undecodable(DecodeError),
    Deleted,
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
    /// The range is in sync, so the picture is up to its own revision.
    is_synced: bool,
    inbox: Arc<Inbox>,
    /// What was taken and is not in the picture yet.
    pending: Mail,
    /// What is stored under the keys that cannot be decoded, or whose items are written in another way.
    raw: HashMap<Box<[u8]>, Box<[u8]>>,
    /// The picture has no list yet.
    is_first: bool,
    /// The codec has not panicked when it encoded an item to be compared.
    encodes: bool,
}

/// So many keys are decoded before the task yields to the executor.
const KEYS_PER_POLL: usize = 128;

impl<K, V> Driver<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(share: Share, picture: Picture<K, V>, names: Arc<Names<K, V>>) -> Self {
        let (revision, status) = (share.store.revision.watch(), share.coarse_status().watch());
        let (inbox, pending, raw) = (share.store.inbox(), Mail::default(), HashMap::new());
        Self {
            share,
            picture,
            names,
            revision,
            status,
            is_synced: false,
            inbox,
            pending,
            raw,
            is_first: true,
            encodes: true,
        }
    }

    /// Works until it is aborted, or until the client's hub has ended.
    pub(crate) async fn run(mut self) {
        while let Some(news) = self.news().await {
            if let Some(error) = news.refusal {
                harmless(|| _ = self.picture.refused.set(error));
            }
            if let Some(status) = &news.status {
                self.is_synced = status.is_synced();
            }
            // It is known first, and what is known grows: the inbox has at least this.
            let known = self.share.store.known().filter(|_| news.is_listed);
            let mut is_newer = false;
            if let Some(revision) = known {
                self.catch_up().await;
                is_newer = self.picture.revision.load() != Some(revision);
                if is_newer {
                    if self.picture.refused.is_set() {
                        harmless(|| self.picture.refused.clear());
                    }
                    harmless(|| _ = self.picture.revision.set(revision));
                }
            }
            match (news.status, known) {
                (Some(status), _) if !status.is_synced() => harmless(|| _ = self.picture.status.set(status)),
                // Up to what the picture has, which is all that the store had when it was in sync.
                (status, Some(revision)) if self.is_synced && (is_newer || status.is_some()) => {
                    harmless(|| _ = self.picture.status.set(Status::Synced { revision }));
                }
                _ => {}
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
            if refusal.is_none() && (standing == Standing::Closed || share.store.revision.is_closed()) {
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

    /// Brings the picture to the newest state, in one publication.
    async fn catch_up(&mut self) {
        let mut mail = std::mem::take(&mut self.pending);
        mail.append(self.inbox.take());
        if mail.is_empty() {
            return;
        }
        let (changes, listed) = self.decode(&mail).await;
        let done = catch_unwind(AssertUnwindSafe(|| self.publish(&changes, listed)));
        if done.is_ok() {
            self.keep_raw(&changes, listed.is_some());
            self.is_first = false;
        } else {
            // User code panicked. It is done again with the next change.
            self.pending = mail;
        }
        // User code, too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(changes)));
    }

    /// What is to be done, and how much of it is from a list of everything, if there was one.
    async fn decode(&mut self, Mail { all, changes }: &Mail) -> (Vec<Decoded<K, V>>, Option<usize>) {
        let state = self.picture.map.snapshot();
        let mut decoded = Vec::with_capacity(all.as_ref().map_or(0, Vec::len) + changes.iter().len());
        for KeyValue { key, value, .. } in all.iter().flatten() {
            if decoded.len() % KEYS_PER_POLL == KEYS_PER_POLL - 1 {
                yield_now().await;
            }
            // Otherwise something newer comes below, at its place among the changes.
            if changes.get(key).is_none() {
                decoded.push(self.decode_one(&state, key, Some(value)));
            }
        }
        let listed = all.as_ref().map(|_| decoded.len());
        for Change { key, bytes, .. } in changes.iter() {
            if decoded.len() % KEYS_PER_POLL == KEYS_PER_POLL - 1 {
                yield_now().await;
            }
            decoded.push(self.decode_one(&state, key, bytes.as_ref()));
        }
        (decoded, listed)
    }

    fn decode_one(&mut self, state: &MapSnapshot<K, V>, name: &Slice, bytes: Option<&Slice>) -> Decoded<K, V> {
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let key = self.names.key(name);
            let Some(bytes) = bytes else { return (key.ok(), Ok(Item::Deleted)) };
            if !self.is_first && self.is_same(state, name, key.as_ref().ok(), bytes) {
                return (key.ok(), Ok(Item::Same));
            }
            match key {
                Ok(key) => (Some(key), self.names.codec.decode(bytes).map(Item::New)),
                Err(error) => (None, Err(error)),
            }
        }));
        let (key, item) = decoded.unwrap_or_else(|_| (None, Err("the codec panicked".into())));
        let item = match item {
            Ok(item) => item,
            Err(_) if bytes.is_none() => Item::Deleted,
            Err(cause) => Item::Undecodable(DecodeError::new(&Arc::from(&**name), cause)),
        };
        let raw = bytes.filter(|bytes| match &item {
            Item::New(item) => !self.says(item, bytes),
            Item::Undecodable(_) => true,
            Item::Same | Item::Deleted => false,
        });
        Decoded { name: name.clone(), key, item, raw: raw.cloned() }
    }

    /// Whether a key was written again as it was.
    fn is_same(&self, state: &MapSnapshot<K, V>, name: &Slice, key: Option<&K>, bytes: &Slice) -> bool {
        // There are none, mostly.
        let raw = if self.raw.is_empty() { None } else { self.raw.get(&**name) };
        match (raw, key) {
            (Some(raw), _) => **raw == **bytes,
            // That the codec writes the item as it was stored was found out when it was decoded.
            (None, Some(key)) => state.get(key).is_some_and(|item| self.names.codec.is_stored_as(item, bytes)),
            (None, None) => false,
        }
    }

    /// Whether what is stored for an item is what its codec would store.
    fn says(&mut self, item: &V, bytes: &[u8]) -> bool {
        let codec = &self.names.codec;
        let says = self.encodes.then(|| catch_unwind(AssertUnwindSafe(|| codec.is_stored_as(item, bytes))));
        // A codec that only decodes is not asked again: each panic writes a message.
        self.encodes &= !matches!(says, Some(Err(_)));
        matches!(says, Some(Ok(true)))
    }

    fn publish(&self, changes: &[Decoded<K, V>], listed: Option<usize>) {
        let Picture { map, failures, .. } = &self.picture;
        map.transaction(|edit| {
            let put = |edit: &mut MapEdit<'_, '_, K, V>, changes: &[Decoded<K, V>]| {
                for Decoded { key, item, .. } in changes {
                    match (key, item) {
                        (_, Item::Same) | (None, _) => {}
                        (Some(key), Item::New(item)) => _ = edit.insert(key.clone(), item.clone()),
                        (Some(key), Item::Undecodable(_) | Item::Deleted) => _ = edit.remove(key),
                    }
                }
            };
            let (of_list, later) = changes.split_at(listed.unwrap_or(0));
            if edit.is_empty() {
                edit.extend(of_list.iter().filter_map(|change| match (&change.key, &change.item) {
                    (Some(key), Item::New(item)) => Some((key.clone(), item.clone())),
                    _ => None,
                }));
            } else if listed.is_some() {
                put(edit, of_list);
                // What was there, in an earlier list or initially, and is not in this one.
                let there: BTreeSet<&K> = changes.iter().filter_map(|change| change.key.as_ref()).collect();
                edit.retain(|key, _| there.contains(key));
            }
            put(edit, later);
        });
        let is_good = |change: &Decoded<K, V>| !matches!(change.item, Item::Undecodable(_));
        if failures.is_empty() && changes.iter().all(is_good) {
            return;
        }
        failures.transaction(|edit| {
            if listed.is_some() {
                let there: BTreeSet<&[u8]> = changes.iter().map(|change| &*change.name).collect();
                edit.retain(|name, _| there.contains(&**name));
            }
            for Decoded { name, item, .. } in changes {
                match item {
                    Item::Same => {}
                    Item::Undecodable(error) => _ = edit.insert(name.to_vec(), error.clone()),
                    Item::New(_) | Item::Deleted => _ = edit.remove(&**name),
                }
            }
        });
    }

    fn keep_raw(&mut self, changes: &[Decoded<K, V>], is_list: bool) {
        if is_list && !self.raw.is_empty() {
            let there: BTreeSet<&[u8]> = changes.iter().map(|change| &*change.name).collect();
            self.raw.retain(|name, _| there.contains(&**name));
        }
        for Decoded { name, item, raw, .. } in changes {
            match raw {
                Some(raw) => _ = self.raw.insert((&**name).into(), (&**raw).into()),
                None if self.raw.is_empty() || matches!(item, Item::Same) => {}
                None => _ = self.raw.remove(&**name),
            }
        }
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
