//! hazarc, which stores and reads, and has nothing to wait on.

use alloc::sync::Arc;

use hazarc::{AtomicArc, Cache};

use crate::column::{Column, Role};
use crate::rows::special::Special;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "hazarc",
    Role::Peer,
    Some("hazarc"),
    "has no watchers: only the rows that set or read; `Cache` where the data is unchanged.",
)
.store::<Hazard>()
.threads::<Hazard>()
.special::<Hazard>();

struct Hazard;

impl Store for Hazard {
    type Value = AtomicArc<u64>;

    fn new(_watchers: usize) -> Self::Value {
        AtomicArc::from(0)
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        value.store(Arc::new(data));
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        **value.load()
    }
}

impl Special for Hazard {
    type Writer = Arc<AtomicArc<u64>>;
    type Cache = Cache<Arc<AtomicArc<u64>>>;

    fn writer() -> Self::Writer {
        Arc::new(Self::new(0))
    }

    #[inline]
    fn set(writer: &mut Self::Writer, data: u64) {
        <Self as Store>::set(writer, data);
    }

    fn last(writer: &Self::Writer) -> u64 {
        <Self as Store>::read(writer)
    }

    fn caches(data: u64, count: usize) -> (Self::Writer, Vec<Self::Cache>) {
        let value = Arc::new(AtomicArc::from(data));
        let caches = (0..count).map(|_| Cache::new(Arc::clone(&value))).collect();
        (value, caches)
    }

    #[inline]
    fn read(cache: &mut Self::Cache) -> u64 {
        **cache.load()
    }
}
