//! The map itself: making, changing, closing and sharing it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;
use core::ops::RangeBounds;

use event_core::{MemoryValue, SetError, Version, Watch};

use crate::bells::Rings;
use crate::change::Change;
use crate::cursor::Bounds;
use crate::edit::MapEdit;
use crate::key_watcher::KeyWatcher;
use crate::reader::MapReader;
use crate::snapshot::MapSnapshot;
use crate::snapshots::SnapshotWatcher;
use crate::state::{Draft, State};
use crate::traits::WatchMap;
use crate::watcher::{MapWatcher, RangeWatcher};

/// A map that producers change and any number of consumers watch: all of it, a range of keys, or one key. Of each key the newest
/// data wins.
///
/// A clone is another handle to the same map. When the last one is dropped, or [`close`](Self::close) is called, the map is closed:
/// each watcher still gets everything that it has not had, and then [`GetError::Closed`](event_core::GetError::Closed).
///
/// No method waits for another thread, whatever that thread is doing: a change makes the next state beside the current one and
/// publishes it in one step. If another change came first, it is made again of that one's state; so closures may run again, and
/// must only change what they are passed. "Lock-free" below means that, and that some thread always makes progress.
///
/// # Examples
///
/// ```
/// use event_map::{Change, MemoryMap};
///
/// static SENSORS: MemoryMap<&str, f32> = MemoryMap::new();
///
/// # futures_lite::future::block_on(async {
/// let mut watcher = SENSORS.watch();
/// SENSORS.insert("attic", 20.5);
/// SENSORS.insert("attic", 21.0);
/// SENSORS.insert("cellar", 12.0);
/// assert_eq!(watcher.get().await?, Change::inserted("attic", 21.0));
/// assert_eq!(watcher.get().await?, Change::inserted("cellar", 12.0));
/// SENSORS.remove("attic");
/// assert_eq!(watcher.get().await?, Change::removed("attic"));
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("ObservableMap", "ObservableVector", "MutableBTreeMap", "DashMap", "SourceCache", "table", "registry"))]
pub struct MemoryMap<K, V> {
    /// Without data before the first change and the first watcher: an empty map.
    value: MemoryValue<State<K, V>>,
    /// Is closed when `value` is, after it; for those who wait for single keys, whom a publication does not wake.
    end: MemoryValue<()>,
}

/// Under loom nothing has a `const` constructor.
macro_rules! const_unless_loom {
    (impl<K, V> $Type:ident<K, V> { $(#[$meta:meta])* pub fn $name:ident() -> Self $body:block }) => {
        #[cfg(not(event_core_loom))]
        impl<K, V> $Type<K, V> { $(#[$meta])* pub const fn $name() -> Self $body }
        #[cfg(event_core_loom)]
        impl<K, V> $Type<K, V> { $(#[$meta])* pub fn $name() -> Self $body }
    };
}

const_unless_loom! {
    impl<K, V> MemoryMap<K, V> {
        /// An empty map. It can be a `static`. It allocates when it is first used.
        #[must_use]
        pub fn new() -> Self {
            Self { value: MemoryValue::new(), end: MemoryValue::new() }
        }
    }
}

impl<K, V> MemoryMap<K, V> {
    /// Whether the map is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.value.is_closed()
    }

    /// Whether both are handles of the same map.
    #[must_use]
    pub fn same_map(&self, other: &Self) -> bool {
        self.value.same_value(&other.value)
    }
}

impl<K: Ord + Clone, V: Clone> MemoryMap<K, V> {
    /// Makes the next state. Returns what `edit` returned when its state was published, or when it had changed nothing; and whether
    /// the map took it.
    fn write<R>(&self, mut edit: impl FnMut(&mut Draft<'_, K, V>) -> R) -> (R, Written) {
        let mut rings = Rings::default();
        let mut written = Written::Nothing;
        let (returned, version) = self.value.transition(|state| {
            rings.clear();
            let mut draft = Draft::new(state);
            let returned = edit(&mut draft);
            let next = draft.finish(&mut rings);
            written = if next.is_some() { Written::Refused } else { Written::Nothing };
            (next, returned)
        });
        if version.is_some() {
            written = Written::Published;
        } else {
            rings.clear();
        }
        // After the publication, and after the wakers of everybody else.
        drop(rings);
        (returned, written)
    }

    /// Sets what `key` holds, and notifies its watchers, even if the new data equals the old. Returns the old data, if any.
    ///
    /// On a closed map this drops `value` and returns `None`; see [`try_insert`](Self::try_insert). Lock-free; O(log n).
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::set`]. If `Ord` or `Clone` of the key panics, nothing is inserted.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::new();
    /// assert_eq!(map.insert("a", 1), None);
    /// assert_eq!(map.insert("a", 2), Some(1));
    /// ```
    #[doc(alias("set", "put", "upsert", "send", "insert_cloned", "AddOrUpdate"))]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.try_insert(key, value).unwrap_or_default()
    }

    /// Like [`insert`](Self::insert), but returns key and data if the map is closed.
    ///
    /// # Errors
    ///
    /// [`SetError::Closed`] with both.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::new();
    /// map.close();
    /// assert_eq!(map.try_insert("a", 1).unwrap_err().into_inner(), ("a", 1));
    /// ```
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, SetError<(K, V)>> {
        let value = Arc::new(value);
        let (old, written) = self.write(|draft| draft.insert(key.clone(), Arc::clone(&value)));
        match written {
            Written::Refused => {
                drop(old);
                Err(SetError::Closed((key, Arc::unwrap_or_clone(value))))
            }
            _ => Ok(old.map(Arc::unwrap_or_clone)),
        }
    }

    /// Like [`insert`](Self::insert), unless `key` holds equal data already. Returns whether it was set.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), `PartialEq` included.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::new();
    /// assert!(map.insert_if_not_eq("a", 1));
    /// assert!(!map.insert_if_not_eq("a", 1));
    /// ```
    pub fn insert_if_not_eq(&self, key: K, value: V) -> bool
    where
        V: PartialEq,
    {
        let value = Arc::new(value);
        let (_, written) = self.write(|draft| {
            // User code, while the current state is borrowed.
            if draft.get(&key).is_none_or(|old| **old != *value) {
                draft.insert(key.clone(), Arc::clone(&value));
            }
        });
        written == Written::Published
    }

    /// Removes `key`, and notifies its watchers. Returns what it held. If the map does not have the key, nothing happens.
    ///
    /// On a closed map nothing happens either, and the result is `None`. Lock-free; O(log n).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::from([("a", 1)]);
    /// assert_eq!(map.remove("a"), Some(1));
    /// assert_eq!(map.remove("a"), None);
    /// ```
    #[doc(alias("delete", "take", "unset"))]
    pub fn remove<Q: Ord + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (old, written) = self.write(|draft| draft.remove(key));
        old.filter(|_| written == Written::Published).map(Arc::unwrap_or_clone)
    }

    /// Changes what `key` holds, in one step: `f` changes a clone, which is inserted. Returns whether that was done: not if the map
    /// does not have the key, and not if it is closed.
    ///
    /// `f` runs again, on a fresh clone, if another change of the map came first. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert). If `f` or `Clone` panics, nothing is changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let visits = event_map::MemoryMap::from([("a", 1)]);
    /// assert!(visits.update("a", |n| *n += 1));
    /// assert!(!visits.update("b", |n| *n += 1));
    /// assert_eq!(visits.get("a"), Some(2));
    /// ```
    #[doc(alias("modify", "and_modify", "entry", "compute", "alter"))]
    pub fn update<Q: Ord + ?Sized>(&self, key: &Q, mut f: impl FnMut(&mut V)) -> bool
    where
        K: Borrow<Q>,
    {
        let (_, written) = self.write(|draft| MapEdit::new(draft).update(key, &mut f));
        written == Written::Published
    }

    /// Keeps the keys that `keep` accepts, and removes the others in one publication. Returns how many it removed.
    ///
    /// `keep` runs again, on all keys, if another change of the map came first. Lock-free; O(n).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert). If `keep` panics, nothing is removed.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.retain(|_, n| n % 2 == 0), 1);
    /// assert_eq!(map.get("a"), None);
    /// ```
    #[doc(alias("clear", "extract_if"))]
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) -> usize {
        let (removed, written) = self.write(|draft| MapEdit::new(draft).retain(&mut keep));
        if written == Written::Refused { 0 } else { removed }
    }

    /// Makes the map equal to `all`, in one publication that notifies only of the differences: for a list from a file or an API.
    /// Returns how many keys differ.
    ///
    /// Keys that are new or have other data come first, in the order of `all`, then those that are not in it, in the order of
    /// keys. If a key comes twice, the last one counts. Lock-free; O(n log n).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), `PartialEq` included.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_map::{Change, MemoryMap};
    ///
    /// let map = MemoryMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// let mut watcher = map.watch_changes();
    /// assert_eq!(map.replace_all([("c", 4), ("b", 2)]), 2);
    /// assert_eq!(watcher.try_get().unwrap(), Change::inserted("c", 4));
    /// assert_eq!(watcher.try_get().unwrap(), Change::removed("a"));
    /// assert!(watcher.try_get().unwrap_err().is_backlog_done());
    /// ```
    #[doc(alias("replace", "replace_cloned", "sync", "set_all", "reconcile", "EditDiff"))]
    pub fn replace_all(&self, all: impl IntoIterator<Item = (K, V)>) -> usize
    where
        V: PartialEq,
    {
        let all: Vec<_> = all.into_iter().map(|(key, value)| (key, Arc::new(value))).collect();
        let (differ, written) = self.write(|draft| draft.replace_all(&all));
        if written == Written::Refused { 0 } else { differ }
    }

    /// Makes several changes as one: one publication, so that every snapshot has all of them or none, and every watcher is woken
    /// once. Returns what `f` returned.
    ///
    /// `f` works on a [`MapEdit`], which it can read as well. It runs again, on a fresh one, if another change of the map came first;
    /// only its last run counts. A key that it inserts and removes again is not reported. If it changes nothing, nothing is published.
    /// On a closed map it runs, and what it did is dropped. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert). If `f` panics, nothing is changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let accounts = event_map::MemoryMap::from([("a", 10), ("b", 0)]);
    /// let moved = accounts.transaction(|edit| {
    ///     let Some(rest) = edit.get("a").and_then(|a| u32::checked_sub(*a, 7)) else { return false };
    ///     edit.insert("a", rest);
    ///     edit.update("b", |b| *b += 7)
    /// });
    /// assert!(moved);
    /// assert_eq!(accounts.snapshot().iter().collect::<Vec<_>>(), [(&"a", &3), (&"b", &7)]);
    /// ```
    #[doc(alias("batch", "lock_mut", "send_modify", "alter_all", "Edit"))]
    pub fn transaction<R>(&self, mut f: impl FnMut(&mut MapEdit<'_, '_, K, V>) -> R) -> R {
        self.write(|draft| f(&mut MapEdit::new(draft))).0
    }

    /// A clone of what `key` holds. Lock-free; O(log n).
    ///
    /// # Panics
    ///
    /// As [`MemoryValue::borrow`]; `Ord` and `Clone`.
    #[doc(alias("load", "value", "lookup", "view"))]
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.value.borrow()?.items.get(key).map(|item| V::clone(&item.value))
    }

    /// Whether the map has `key`. Lock-free; O(log n).
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.value.borrow().is_some_and(|state| state.items.contains_key(key))
    }

    /// How many keys there are. Lock-free.
    #[must_use]
    pub fn len(&self) -> usize {
        self.value.borrow().map_or(0, |state| state.items.size())
    }

    /// Whether there are no keys. Lock-free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The version of the current state. It grows with every publication: with every change, and when a key gets its first watcher.
    #[must_use]
    pub fn version(&self) -> Version {
        self.value.version()
    }

    /// The current state, as a whole and immutable: every transaction is in it or not. Lock-free; O(1).
    #[doc(alias("lock_ref", "read", "iter", "keys", "values", "entries"))]
    #[must_use]
    pub fn snapshot(&self) -> MapSnapshot<K, V> {
        MapSnapshot::of(self.value.borrow())
    }

    /// Closes the map, even if there are other handles. Watchers get everything that they have not had, and then
    /// [`GetError::Closed`](event_core::GetError::Closed). What the map holds can still be read. Lock-free; calling it again does
    /// nothing.
    #[doc(alias("complete"))]
    pub fn close(&self) {
        /// A waker may panic: the watchers of single keys are woken all the same.
        struct End<'a>(&'a MemoryValue<()>);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.close();
            }
        }
        let _end = End(&self.end);
        self.value.close();
    }

    /// A new watcher of all keys. It first gets the keys that the map has now, in their order and one per get; and then, one per get,
    /// those that change, in the order in which they first changed since its last get. See the [crate](crate#what-a-watcher-gets).
    ///
    /// Lock-free.
    #[doc(alias("subscribe", "signal_vec", "entries_cloned", "collect", "into_values_and_stream", "Connect"))]
    #[must_use]
    pub fn watch(&self) -> MapWatcher<K, V> {
        MapWatcher::new(self.begin().watch())
    }

    /// A new watcher for which everything in the map counts as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::from([("a", 1)]);
    /// let mut watcher = map.watch_changes();
    /// assert!(watcher.try_get().unwrap_err().is_backlog_done());
    /// assert_eq!(map.remove("a"), Some(1));
    /// assert!(watcher.try_get().unwrap().is_removal());
    /// ```
    #[must_use]
    pub fn watch_changes(&self) -> MapWatcher<K, V> {
        MapWatcher::new_after(self.begin().watch())
    }

    /// A new watcher of the keys in `range`, otherwise like [`watch`](Self::watch). A range without keys, such as one that ends
    /// before it starts, has no items.
    ///
    /// It is woken by every change of the map, and skips keys that are not in the range without cloning them.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_map::{Change, MemoryMap};
    ///
    /// let map = MemoryMap::from([("eu/1", 1), ("us/1", 2)]);
    /// let mut europe = map.watch_range("eu/".."eu0");
    /// assert_eq!(europe.try_get().unwrap(), Change::inserted("eu/1", 1));
    /// assert!(europe.try_get().unwrap_err().is_backlog_done());
    /// ```
    #[doc(alias("prefix"))]
    #[must_use]
    pub fn watch_range<R: RangeBounds<K>>(&self, range: R) -> RangeWatcher<K, V> {
        RangeWatcher::new(self.begin().watch(), Bounds::new(&range))
    }

    /// A new watcher of one key. Its first get returns what the key holds, or `None` if the map does not have it; later ones wait for
    /// something else.
    ///
    /// Changes of other keys do not wake it and cost nothing for it, however many keys are watched. Lock-free; allocates a bell
    /// if it is the first watcher of the key.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = event_map::MemoryMap::new();
    /// let mut leader = map.watch_key("leader");
    /// assert_eq!(leader.try_get().unwrap(), None);
    /// map.insert("other", 1);
    /// assert!(leader.try_get().unwrap_err().is_backlog_done());
    /// map.insert("leader", 2);
    /// assert_eq!(leader.try_get().unwrap(), Some(2));
    /// ```
    #[doc(alias("key_cloned", "watch_one", "WatchValue"))]
    #[must_use]
    pub fn watch_key(&self, key: K) -> KeyWatcher<K, V> {
        KeyWatcher::new(self.reader(), key)
    }

    /// A new watcher whose items are whole states: the current one, and then always the newest.
    #[doc(alias("signal_map", "signal_map_cloned", "to_signal_map", "signal_vec_keys", "ToCollection"))]
    #[must_use]
    pub fn watch_snapshots(&self) -> SnapshotWatcher<K, V> {
        SnapshotWatcher::new(self.begin().watch())
    }

    /// The right to read and watch without the right to change. It does not keep the map open.
    #[doc(alias("read_only"))]
    #[must_use]
    pub fn reader(&self) -> MapReader<K, V> {
        MapReader::new(self.begin(), &self.end)
    }

    /// The value, with a state: somebody may look at it, and has then seen that the map was empty.
    fn begin(&self) -> &MemoryValue<State<K, V>> {
        if !self.value.is_set() {
            self.value.transition(|state| (state.is_none().then(State::new), ()));
        }
        &self.value
    }

    /// How many turns and positions are remembered.
    #[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
    pub(crate) fn log_sizes(&self) -> (usize, usize) {
        self.value.borrow().map_or((0, 0), |state| state.log.sizes())
    }

    /// How many keys have a bell.
    #[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
    pub(crate) fn bells(&self) -> usize {
        self.value.borrow().map_or(0, |state| state.bells.len())
    }
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// There was nothing to change.
    Nothing,
    /// The map is closed.
    Refused,
    Published,
}

impl<K: Ord + Clone, V: Clone> Watch for MemoryMap<K, V> {
    type Item = Change<K, V>;
    type Watcher = MapWatcher<K, V>;

    fn watch(&self) -> MapWatcher<K, V> {
        self.watch()
    }
}

impl<K: Ord + Clone, V: Clone> WatchMap for MemoryMap<K, V> {
    type Key = K;
    type Value = V;
    type Snapshots = SnapshotWatcher<K, V>;

    fn watch_snapshots(&self) -> SnapshotWatcher<K, V> {
        self.watch_snapshots()
    }

    fn snapshot(&self) -> MapSnapshot<K, V> {
        self.snapshot()
    }
}

/// Another handle to the same map.
impl<K, V> Clone for MemoryMap<K, V> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), end: self.end.clone() }
    }
}

/// An empty map.
impl<K, V> Default for MemoryMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for MemoryMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let all: Vec<_> = iter.into_iter().map(|(key, value)| (key, Arc::new(value))).collect();
        let this = Self::new();
        this.write(|draft| draft.extend(all.clone()));
        this
    }
}

impl<K: Ord + Clone, V: Clone, const N: usize> From<[(K, V); N]> for MemoryMap<K, V> {
    fn from(all: [(K, V); N]) -> Self {
        all.into_iter().collect()
    }
}

/// Shows everything but keys and data, which need not implement `Debug`.
impl<K, V> fmt::Debug for MemoryMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryMap")
            .field("version", &self.value.version())
            .field("closed", &self.value.is_closed())
            .field("watchers", &self.value.watcher_count())
            .finish_non_exhaustive()
    }
}
