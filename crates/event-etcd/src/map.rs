//! A range of the cluster as a map: decoded once, however many watchers it has.

use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::ops::{Range, RangeBounds};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use event_core::{Get, GetError, MemoryReader, MemoryValue, Watch, Watcher, WatcherExt};
use event_map::{
    Change, KeyWatcher, MapReader, MapSnapshot, MapWatcher, MemoryMap, RangeWatcher, SnapshotWatcher, WatchMap,
};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::client::EtcdClient;
use crate::codec::{Codec, DecodeError, Text};
use crate::driver::{Driver, Names};
use crate::error::Error;
use crate::pauses::Pauses;
use crate::range::KeyRange;
use crate::share::{Asked, Share, Standing};
use crate::status::Status;
use crate::write::EtcdKey;

/// A range of keys of an etcd cluster as a map: a local copy, which is always whole and of one revision.
///
/// It is a [`WatchMap`], so what is written against that runs in memory and on a cluster. What its watchers get, and in which
/// order, is what those of a [`MemoryMap`] get; see there. Every state of the picture is one that the cluster had: all changes
/// of a transaction or none. It keeps working when members or connections are lost, as an [`EtcdWatcher`](crate::EtcdWatcher) does.
///
/// The range is followed from when the map is built until the last handle and the last watcher are dropped. Maps and
/// watchers of the same range and client share one list and one watch; maps that decode by the same codec without data of its own,
/// such as [`Text`], are the same map. Each change is decoded once.
///
/// # Examples
///
/// ```no_run
/// use event_core::prelude::*;
/// use event_etcd::{EtcdClient, EtcdMap, Text};
/// use event_map::Change;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = EtcdClient::connect(["http://127.0.0.1:2379"]).await?;
/// let limits: EtcdMap<String, u32> = EtcdMap::builder(&client).prefix("limits/").map(Text).build()?;
///
/// limits.ready().await?;
/// println!("{} limits at revision {}", limits.len(), limits.revision());
///
/// // Read your own writes.
/// let revision = limits.insert(&"upload".to_owned(), &17).await?;
/// limits.reached(revision).await?;
/// assert_eq!(limits.get("upload"), Some(17));
///
/// let mut watcher = limits.watch();
/// let Change { key, value } = watcher.get().await?;
/// println!("{key} is {value:?}");
/// # Ok(())
/// # }
/// ```
pub struct EtcdMap<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    client: EtcdClient,
    range: KeyRange,
    names: Arc<Names<K, V>>,
    picture: Picture<K, V>,
    driver: AbortHandle,
}

impl<K, V> Drop for Inner<K, V> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What the driver keeps up to date.
pub(crate) struct Picture<K, V> {
    pub(crate) map: MemoryMap<K, V>,
    /// It is set after the map. No data: there was no list.
    pub(crate) revision: MemoryValue<i64>,
    pub(crate) failures: MemoryMap<Vec<u8>, DecodeError>,
    /// Why the cluster refuses the range, while it does.
    pub(crate) refused: MemoryValue<Error>,
    pub(crate) status: MemoryValue<Status>,
}

impl<K, V> Clone for Picture<K, V> {
    fn clone(&self) -> Self {
        Self {
            map: self.map.clone(),
            revision: self.revision.clone(),
            failures: self.failures.clone(),
            refused: self.refused.clone(),
            status: self.status.clone(),
        }
    }
}

/// How long an event is waited for before the cluster is asked.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(100);

impl<K, V> EtcdMap<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Prepares a map. It needs [`prefix`](MapBuilder::prefix) or [`range`](MapBuilder::range), and a
    /// [codec](MapBuilder::map).
    pub fn builder(client: &EtcdClient) -> MapBuilder<K, V> {
        MapBuilder::of(client.clone(), None, Vec::new())
    }

    /// Waits until the first list is complete. Returns the revision of the picture.
    ///
    /// # Errors
    ///
    /// [`Error::PermissionDenied`] and [`Error::Unauthenticated`] while the cluster refuses the range. The map keeps asking, less
    /// and less often. [`Error::NoRuntime`] when the client's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn ready(&self) -> Result<i64, Error> {
        self.known_from(i64::MIN).await
    }

    /// The revision of the cluster that the picture is of: it has every change up to it. 0 before the first list.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.0.picture.revision.load().unwrap_or(0)
    }

    /// Waits until the picture has everything up to a revision, such as one that a write returned.
    ///
    /// If nothing in the range says so soon, since the revision is of a change elsewhere, the cluster is asked.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn reached(&self, revision: i64) -> Result<(), Error> {
        if self.0.picture.revision.load().is_some_and(|known| known >= revision) {
            return Ok(());
        }
        let Inner { client, range, .. } = &*self.0;
        client
            .on_runtime(async {
                let mut pauses = Pauses::new(client.members().options().max_pause);
                let mut patience = PATIENCE;
                loop {
                    tokio::select! {
                        // First this: a runtime that has ended has no timers.
                        biased;
                        known = self.known_from(revision) => return known.map(drop),
                        () = sleep(patience) => {}
                    }
                    patience = pauses.next().max(PATIENCE);
                    // A list brings the picture to the revision of the cluster.
                    let mut share = Share::new(client.clone(), range.clone());
                    share.ask(Asked::List);
                    let listed = std::future::poll_fn(|cx| match share.poll(cx) {
                        Standing::Waiting if !share.is_refused() => std::task::Poll::Pending,
                        _ => std::task::Poll::Ready(()),
                    });
                    tokio::select! {
                        known = self.known_from(revision) => return known.map(drop),
                        () = listed => {}
                    }
                }
            })
            .await
    }

    async fn known_from(&self, revision: i64) -> Result<i64, Error> {
        let Picture { revision: known, refused, .. } = &self.0.picture;
        let (mut known, mut refused) = (known.watch(), refused.watch());
        tokio::select! {
            biased;
            known = known.get().filter(|known| *known >= revision) => known.map_err(|_| Error::NoRuntime),
            refused = refused.get() => Err(refused.unwrap_or(Error::NoRuntime)),
        }
    }

    /// What `key` holds in the picture.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.picture.map.get(key)
    }

    /// Whether the picture has `key`.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.picture.map.contains_key(key)
    }

    /// How many keys the picture has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.picture.map.len()
    }

    /// Whether the picture has no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The picture, as a whole and immutable. Empty before the first list, unless there was something
    /// [initial](MapBuilder::initial).
    #[must_use]
    pub fn snapshot(&self) -> MapSnapshot<K, V> {
        self.0.picture.map.snapshot()
    }

    /// A new watcher of all keys, one [`Change`] per get; see [`MemoryMap::watch`].
    ///
    /// Watchers that are made before the map is [ready](Self::ready) share a list of the keys of the first list until they have
    /// returned them.
    #[must_use]
    pub fn watch(&self) -> EtcdMapWatcher<MapWatcher<K, V>> {
        self.keep(self.0.picture.map.watch())
    }

    /// A new watcher of the keys in `range`; see [`MemoryMap::watch_range`].
    #[must_use]
    pub fn watch_range<R: RangeBounds<K>>(&self, range: R) -> EtcdMapWatcher<RangeWatcher<K, V>> {
        self.keep(self.0.picture.map.watch_range(range))
    }

    /// A new watcher of what one key holds; see [`MemoryMap::watch_key`].
    #[must_use]
    pub fn watch_key(&self, key: K) -> EtcdMapWatcher<KeyWatcher<K, V>> {
        self.keep(self.0.picture.map.watch_key(key))
    }

    /// A new watcher of whole pictures: the current one, and then always the newest.
    #[must_use]
    pub fn watch_snapshots(&self) -> EtcdMapWatcher<SnapshotWatcher<K, V>> {
        self.keep(self.0.picture.map.watch_snapshots())
    }

    fn keep<W>(&self, watcher: W) -> EtcdMapWatcher<W> {
        EtcdMapWatcher { watcher, keeps: Arc::<Inner<K, V>>::clone(&self.0) }
    }

    /// The keys, as the cluster has them, that are not in the picture since they or their data cannot be decoded, with the reasons.
    #[must_use]
    pub fn failures(&self) -> MapReader<Vec<u8>, DecodeError> {
        self.0.picture.failures.reader()
    }

    /// The connection state of the map. It is in sync up to a revision when the picture has everything up to it.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.0.picture.status.reader()
    }

    /// Stores an item under a key. The result is the revision of the cluster that has it, for [`reached`](Self::reached).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it cannot be encoded, or if the key is outside of the range; and those of
    /// [`EtcdValue::set`](crate::EtcdValue::set).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    #[doc(alias("set", "put"))]
    pub async fn insert(&self, key: &K, value: &V) -> Result<i64, Error> {
        let bytes = self.0.names.encode(key, value)?;
        self.key(key)?.set(bytes).await
    }

    /// Deletes a key, if it is there. The result is a revision of the cluster that does not have it.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    #[doc(alias("delete"))]
    pub async fn remove(&self, key: &K) -> Result<i64, Error> {
        self.key(key)?.delete().await
    }

    /// A key of the map as the cluster has it, to be written in other ways: with a lease, or if it is as it was seen.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it cannot be encoded, or is outside of the range.
    pub fn key(&self, key: &K) -> Result<EtcdKey, Error> {
        let name = self.0.names.name(key)?;
        if !self.0.range.contains(&name) {
            let name = crate::range::Readable(&name).to_string();
            return Err(Error::InvalidArgument(format!(
                "the key {name} is not in the map, which is {:?}",
                self.0.range
            )));
        }
        self.0.client.key(name.get(self.0.client.prefix().len()..).unwrap_or_default())
    }
}

impl<K, V> Watch for EtcdMap<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    type Item = Change<K, V>;
    type Watcher = EtcdMapWatcher<MapWatcher<K, V>>;

    fn watch(&self) -> Self::Watcher {
        self.watch()
    }
}

impl<K, V> WatchMap for EtcdMap<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    type Key = K;
    type Value = V;
    type Snapshots = EtcdMapWatcher<SnapshotWatcher<K, V>>;

    fn watch_snapshots(&self) -> Self::Snapshots {
        self.watch_snapshots()
    }

    fn snapshot(&self) -> MapSnapshot<K, V> {
        self.snapshot()
    }
}

/// Another handle to the same map.
impl<K, V> Clone for EtcdMap<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Shows everything but keys and data, which need not implement `Debug`.
impl<K, V> fmt::Debug for EtcdMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0.picture.status.borrow().map(|status| status.to_string());
        f.debug_struct("EtcdMap").field("range", &self.0.range).field("status", &status).finish_non_exhaustive()
    }
}

/// A watcher of an [`EtcdMap`], which keeps the map following the cluster. Its items are those of the watcher in it.
pub struct EtcdMapWatcher<W> {
    watcher: W,
    keeps: Arc<dyn Any + Send + Sync>,
}

impl<W: Watcher> EtcdMapWatcher<W> {
    /// A future for the next item; see [`WatcherExt::get`].
    pub fn get(&mut self) -> Get<'_, Self> {
        WatcherExt::get(self)
    }
}

impl<W: Watcher> Watcher for EtcdMapWatcher<W> {
    type Item = W::Item;

    fn poll_get(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<W::Item, GetError>> {
        self.watcher.poll_get(cx)
    }

    fn poll_backlog(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<W::Item, GetError>> {
        self.watcher.poll_backlog(cx)
    }

    fn poll_get_if(
        &mut self,
        cx: &mut std::task::Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> std::task::Poll<Result<W::Item, GetError>> {
        self.watcher.poll_get_if(cx, accept)
    }

    fn poll_backlog_if(
        &mut self,
        cx: &mut std::task::Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> std::task::Poll<Result<W::Item, GetError>> {
        self.watcher.poll_backlog_if(cx, accept)
    }

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: Clone> Clone for EtcdMapWatcher<W> {
    fn clone(&self) -> Self {
        Self { watcher: self.watcher.clone(), keeps: Arc::clone(&self.keeps) }
    }
}

impl<W: fmt::Debug> fmt::Debug for EtcdMapWatcher<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdMapWatcher").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}

/// Prepares an [`EtcdMap`].
#[must_use = "nothing comes of it before `build`"]
pub struct MapBuilder<K, V> {
    client: EtcdClient,
    range: Option<Result<KeyRange, Error>>,
    prefix: Vec<u8>,
    codec: Option<Codecs<K, V>>,
    /// The types of the codecs, where they are all that tells one from another.
    codecs: Option<TypeId>,
    initial: Vec<(K, V)>,
}

/// Of the keys, and of what is stored under them.
type Codecs<K, V> = (Arc<dyn Codec<K>>, Arc<dyn Codec<V>>);

impl<K, V> MapBuilder<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn of(client: EtcdClient, range: Option<Result<KeyRange, Error>>, prefix: Vec<u8>) -> Self {
        Self { client, range, prefix, codec: None, codecs: None, initial: Vec::new() }
    }

    /// The map has the keys that begin with this, and its keys are what comes after it; all keys there are if it is empty.
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.prefix = prefix.into();
        self.range = Some(Ok(KeyRange::prefix(&*self.prefix)));
        self
    }

    /// The map has the keys from the start of the range up to, but not including, its end, in the order of their bytes.
    pub fn range<N: Into<Vec<u8>>>(mut self, range: Range<N>) -> Self {
        self.prefix.clear();
        self.range = Some(KeyRange::range(range));
        self
    }

    /// What is stored under the keys is encoded and decoded by this, and the keys themselves are [`Text`].
    #[doc(alias("codec"))]
    pub fn map<C: Codec<V>>(self, codec: C) -> Self
    where
        Text: Codec<K>,
    {
        self.map_with(Text, codec)
    }

    /// The keys are encoded and decoded by the first codec, and what is stored under them by the second.
    ///
    /// A key that the codec does not encode as it was stored is no key of the map, but one of its
    /// [failures](EtcdMap::failures).
    pub fn map_with<N: Codec<K>, C: Codec<V>>(mut self, keys: N, codec: C) -> Self {
        // Without data their types are all there is to them.
        let shared = size_of::<N>() == 0 && size_of::<C>() == 0;
        self.codecs = shared.then(TypeId::of::<(N, C)>);
        self.codec = Some((Arc::new(keys), Arc::new(codec)));
        self
    }

    /// What the picture has before the first list is in, while its [status](EtcdMap::status) is not in sync: what was known in an
    /// earlier run, say.
    pub fn initial(mut self, items: impl IntoIterator<Item = (K, V)>) -> Self {
        self.initial = items.into_iter().collect();
        self
    }

    /// The map, which follows the range from now on.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the range cannot have keys, or if something was left out.
    pub fn build(self) -> Result<EtcdMap<K, V>, Error> {
        let missing = |what: &str| Error::InvalidArgument(format!("the map has no {what}"));
        let range = self.range.ok_or_else(|| missing("keys; call range or prefix"))??.within(self.client.prefix());
        let (keys, codec) = self.codec.ok_or_else(|| missing("codec; call map"))?;
        let prefix = [self.client.prefix(), &*self.prefix].concat();
        let names = Arc::new(Names { prefix, keys, codec });
        let client = self.client;
        match self.codecs.filter(|_| self.initial.is_empty()) {
            Some(codecs) => {
                let place = Place {
                    range: range.clone(),
                    codecs: (codecs, TypeId::of::<(K, V)>()),
                    prefix: names.prefix.len(),
                };
                let maps = &client.maps().0;
                Ok(EtcdMap(maps.get(place, || Inner::start(client.clone(), range, names, self.initial))))
            }
            None => Ok(EtcdMap(Arc::new(Inner::start(client, range, names, self.initial)))),
        }
    }
}

impl<K, V> Inner<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn start(client: EtcdClient, range: KeyRange, names: Arc<Names<K, V>>, initial: Vec<(K, V)>) -> Self {
        let picture = Picture {
            map: initial.into_iter().collect(),
            revision: MemoryValue::new(),
            failures: MemoryMap::new(),
            refused: MemoryValue::new(),
            status: MemoryValue::with_value(Status::Connecting),
        };
        let share = Share::new(client.clone(), range.clone());
        let driver = Driver::new(share, picture.clone(), Arc::clone(&names));
        let driver = client.runtime().spawn(driver.run()).abort_handle();
        Self { client, range, names, picture, driver }
    }
}

impl<K, V> fmt::Debug for MapBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapBuilder").field("range", &self.range).finish_non_exhaustive()
    }
}

/// The maps of a client that are the same if they are of the same range.
#[derive(Debug, Default)]
pub(crate) struct Maps(Table);

/// What tells a map from others: the range, the types, and how much of the keys is left out.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Place {
    range: KeyRange,
    codecs: (TypeId, TypeId),
    prefix: usize,
}

#[derive(Debug, Default)]
struct Table(Mutex<HashMap<Place, Weak<dyn Any + Send + Sync>>>);

impl Table {
    fn get<M: Send + Sync + 'static>(&self, place: Place, make: impl FnOnce() -> M) -> Arc<M> {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // No user code runs while it is locked, neither here nor in what makes a map.
        let known = maps.get(&place).and_then(Weak::upgrade);
        if let Some(map) = known.and_then(|map| map.downcast().ok()) {
            return map;
        }
        // There are few, and making one costs more than this.
        maps.retain(|_, map| map.strong_count() > 0);
        let map = Arc::new(make());
        let weak: Weak<M> = Arc::downgrade(&map);
        maps.insert(place, weak);
        map
    }
}
