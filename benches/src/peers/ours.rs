//! event-core's value in memory.

use event_core::{CachedReader, MemoryValue, MemoryWatcher, MemoryWriter};
use event_map::{MapSnapshot, MapWatcher, MemoryMap};

use crate::column::{Column, Role};
use crate::rows::blocking::Blocking;
use crate::rows::check::{Check, Confirmed};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::map::Maps;
use crate::rows::payload::Payload;
use crate::rows::produce::Produce;
use crate::rows::special::Special;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "event-core",
    Role::Ours,
    Some("event-core"),
    "`MemoryValue`, read with `load`; `MemoryWriter` and `CachedReader` in their rows; maps: `event_map::MemoryMap`.",
)
.store::<Ours>()
.follow::<Ours>()
.threads::<Ours>()
.special::<Ours>()
.produce::<OnlyProducer>()
.large::<Ours>()
.check::<Ours>()
.confirmed::<Ours>()
.blocking::<Ours>()
.fan_out::<Ours>()
.map::<OurMap>();

pub(super) const SHARDS_COLUMN: Column = Column::new(
    "event-core, 8 shards",
    Role::Variant,
    Some("event-core"),
    "`MemoryValue::with_reader_shards(8)`, for data that many threads read at the same time and that is seldom set.",
)
.store::<Sharded>()
.threads::<Sharded>()
.bytes::<Sharded>()
.fan_out::<Sharded>();

struct Ours;

impl<T: Payload> Store<T> for Ours {
    type Value = MemoryValue<T>;

    fn new(_watchers: usize) -> Self::Value {
        MemoryValue::with_value(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.load().expect("there is data from the start")
    }
}

impl Special for Ours {
    type Writer = MemoryWriter<u64>;
    type Cache = CachedReader<u64>;

    fn writer() -> Self::Writer {
        MemoryWriter::with_value(0)
    }

    #[inline]
    fn set(writer: &mut Self::Writer, data: u64) {
        writer.set(data);
    }

    fn last(writer: &Self::Writer) -> u64 {
        writer.load().expect("there is data from the start")
    }

    fn caches(data: u64, count: usize) -> (Self::Writer, Vec<Self::Cache>) {
        let writer = MemoryWriter::with_value(data);
        let caches = (0..count).map(|_| writer.cached()).collect();
        (writer, caches)
    }

    #[inline]
    fn read(cache: &mut Self::Cache) -> u64 {
        *cache.load().expect("there is data from the start")
    }
}

impl<T: Payload> Follow<T> for Ours {
    type Watcher = MemoryWatcher<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.get().await.expect("the value is open")
    }
}

/// A value whose readers count themselves at several places.
struct Sharded;

impl Store for Sharded {
    type Value = MemoryValue<u64>;

    fn new(_watchers: usize) -> Self::Value {
        const SHARDS: usize = 8;
        let value = MemoryValue::with_reader_shards(SHARDS);
        value.set(0);
        value
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        value.load().expect("there is data from the start")
    }
}

impl Follow for Sharded {
    type Watcher = MemoryWatcher<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.get().await.expect("the value is open")
    }
}

/// A value with one producer, who knows that.
struct OnlyProducer;

impl Produce for OnlyProducer {
    type Value = MemoryWriter<u64>;
    type Watcher = MemoryWatcher<u64>;

    fn new(_watchers: usize) -> Self::Value {
        MemoryWriter::with_value(0)
    }

    #[inline]
    fn set(value: &mut Self::Value, data: u64) {
        value.set(data);
    }

    fn watch(value: &mut Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.get().await.expect("the value is open")
    }
}

impl Check for Ours {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.has_changed()
    }
}

impl Confirmed for Ours {
    #[inline]
    async fn set_confirmed(value: &Self::Value, data: u64) {
        value.set_sync(data).await.expect("the value is open");
    }
}

impl Blocking for Ours {
    type Watcher = MemoryWatcher<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch_changes()
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.blocking_get().expect("the value is open")
    }
}

impl FanOut for Ours {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.get().await {
            each(data);
        }
    }
}

impl FanOut for Sharded {
    async fn follow(watcher: Self::Watcher, each: impl FnMut(u64) + Send + 'static) {
        Ours::follow(watcher, each).await;
    }
}

/// A persistent map in a value.
struct OurMap;

impl Maps for OurMap {
    type Map = MemoryMap<u64, u64>;
    type Follower = MapWatcher<u64, u64>;
    type Picture = MapSnapshot<u64, u64>;

    fn new(keys: u64) -> Self::Map {
        (0..keys).map(|key| (key, 0)).collect()
    }

    #[inline]
    fn set(map: &Self::Map, key: u64, data: u64) {
        map.insert(key, data);
    }

    fn follow(map: &Self::Map) -> Self::Follower {
        map.watch_changes()
    }

    #[inline]
    fn drain(_: &Self::Map, follower: &mut Self::Follower, mut each: impl FnMut(u64, u64)) {
        while let Ok(change) = follower.try_get() {
            each(change.key, change.value.expect("nothing is removed"));
        }
    }

    #[inline]
    fn picture(map: &Self::Map) -> Self::Picture {
        map.snapshot()
    }

    #[inline]
    fn read(picture: &Self::Picture, key: u64) -> u64 {
        picture[&key]
    }

    #[inline]
    fn differences(old: &Self::Picture, new: &Self::Picture, mut each: impl FnMut(u64, u64)) {
        for change in new.since(old) {
            each(*change.key, *change.value.expect("nothing is removed"));
        }
    }
}
