//! event-core's value in memory.

use event_core::{CachedReader, MemoryValue, MemoryWatcher, MemoryWriter};

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::special::Special;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "event-core",
    Role::Ours,
    Some("event-core"),
    "`MemoryValue`, read with `load`; `MemoryWriter` and `CachedReader` in their rows.",
)
.store::<Ours>()
.follow::<Ours>()
.threads::<Ours>()
.special::<Ours>()
.fan_out::<Ours>();

struct Ours;

impl Store for Ours {
    type Value = MemoryValue<u64>;

    fn new(_watchers: usize) -> Self::Value {
        MemoryValue::with_value(0)
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

impl Follow for Ours {
    type Watcher = MemoryWatcher<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.get().await.expect("the value is open")
    }
}

impl FanOut for Ours {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.get().await {
            each(data);
        }
    }
}
