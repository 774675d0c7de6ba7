//! The read side of a map as a handle of its own.

use core::borrow::Borrow;
use core::fmt;
use core::ops::RangeBounds;

use event_core::{MemoryReader, MemoryValue, MemoryWatcher, Ref, Version, Watch};

use crate::bells::Bell;
use crate::change::Change;
use crate::cursor::Bounds;
use crate::key_watcher::KeyWatcher;
use crate::snapshot::MapSnapshot;
use crate::snapshots::SnapshotWatcher;
use crate::state::State;
use crate::traits::WatchMap;
use crate::watcher::{MapWatcher, RangeWatcher};
use crate::weak::{WeakValue, downgrade};

/// The right to read and watch a [`MemoryMap`](crate::MemoryMap), without the right to change it.
///
/// It does not keep the map open, but what the map held last remains readable.
///
/// # Examples
///
/// ```
/// let map = event_map::MemoryMap::from([("a", 1)]);
/// let reader = map.reader();
/// drop(map);
/// assert!(reader.is_closed());
/// assert_eq!(reader.get("a"), Some(1));
/// ```
pub struct MapReader<K, V> {
    /// Has data, unless the map was closed before it had any.
    value: MemoryReader<State<K, V>>,
    end: MemoryReader<()>,
    /// To register for single keys, which is a publication.
    handle: WeakValue<State<K, V>>,
}

impl<K, V> MapReader<K, V> {
    pub(crate) fn new(value: &MemoryValue<State<K, V>>, end: &MemoryValue<()>) -> Self {
        Self { value: value.reader(), end: end.reader(), handle: downgrade(value) }
    }

    /// Whether the map is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.value.is_closed()
    }

    /// Whether both are of the same map.
    #[must_use]
    pub fn same_map(&self, other: &Self) -> bool {
        self.value.same_value(&other.value)
    }

    pub(crate) fn borrow(&self) -> Option<Ref<'_, State<K, V>>> {
        self.value.borrow()
    }

    pub(crate) fn watch_end(&self) -> MemoryWatcher<()> {
        self.end.watch()
    }
}

impl<K: Ord + Clone, V: Clone> MapReader<K, V> {
    /// As [`MemoryMap::get`](crate::MemoryMap::get).
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.value.borrow()?.items.get(key).map(|item| V::clone(&item.value))
    }

    /// As [`MemoryMap::contains_key`](crate::MemoryMap::contains_key).
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.value.borrow().is_some_and(|state| state.items.contains_key(key))
    }

    /// As [`MemoryMap::len`](crate::MemoryMap::len).
    #[must_use]
    pub fn len(&self) -> usize {
        self.value.borrow().map_or(0, |state| state.items.len())
    }

    /// As [`MemoryMap::is_empty`](crate::MemoryMap::is_empty).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As [`MemoryMap::version`](crate::MemoryMap::version).
    #[must_use]
    pub fn version(&self) -> Version {
        self.value.version()
    }

    /// As [`MemoryMap::snapshot`](crate::MemoryMap::snapshot).
    #[must_use]
    pub fn snapshot(&self) -> MapSnapshot<K, V> {
        MapSnapshot::of(self.value.borrow())
    }

    /// As [`MemoryMap::watch`](crate::MemoryMap::watch).
    #[must_use]
    pub fn watch(&self) -> MapWatcher<K, V> {
        MapWatcher::new(self.value.watch())
    }

    /// As [`MemoryMap::watch_changes`](crate::MemoryMap::watch_changes).
    #[must_use]
    pub fn watch_changes(&self) -> MapWatcher<K, V> {
        MapWatcher::new_after(self.value.watch())
    }

    /// As [`MemoryMap::watch_range`](crate::MemoryMap::watch_range).
    #[must_use]
    pub fn watch_range<R: RangeBounds<K>>(&self, range: R) -> RangeWatcher<K, V> {
        RangeWatcher::new(self.value.watch(), Bounds::new(&range))
    }

    /// As [`MemoryMap::watch_key`](crate::MemoryMap::watch_key).
    #[must_use]
    pub fn watch_key(&self, key: K) -> KeyWatcher<K, V> {
        KeyWatcher::new(self.clone(), key)
    }

    /// As [`MemoryMap::watch_snapshots`](crate::MemoryMap::watch_snapshots).
    #[must_use]
    pub fn watch_snapshots(&self) -> SnapshotWatcher<K, V> {
        SnapshotWatcher::new(self.value.watch())
    }

    /// Listens to the bell of `key`. `None`: the map is closed.
    pub(crate) fn bell(&self, key: &K) -> Option<MemoryWatcher<()>> {
        let value = self.handle.upgrade()?;
        let (bell, _) = value.transition(|state| {
            let empty;
            let state = match state {
                Some(state) => state,
                None => {
                    empty = State::new();
                    &empty
                }
            };
            if let Some(bell) = state.bells.get(key) {
                return (None, bell.watch_changes());
            }
            let bell = Bell::new();
            // It watches before anybody can find that nobody does.
            let watcher = bell.watch();
            (Some(state.with_bells(state.bells.with(key.clone(), bell))), watcher)
        });
        Some(bell)
    }
}

impl<K: Ord + Clone, V: Clone> Watch for MapReader<K, V> {
    type Item = Change<K, V>;
    type Watcher = MapWatcher<K, V>;

    fn watch(&self) -> MapWatcher<K, V> {
        self.watch()
    }
}

impl<K: Ord + Clone, V: Clone> WatchMap for MapReader<K, V> {
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

impl<K, V> Clone for MapReader<K, V> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), end: self.end.clone(), handle: self.handle.clone() }
    }
}

/// Shows everything but keys and data, which need not implement `Debug`.
impl<K, V> fmt::Debug for MapReader<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapReader")
            .field("version", &self.value.version())
            .field("closed", &self.value.is_closed())
            .finish_non_exhaustive()
    }
}
