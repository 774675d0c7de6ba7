//! ArcShift, which stores and reads, and has nothing to wait on.

use arcshift::ArcShift;

use crate::column::{Column, Role};
use crate::rows::special::Special;

pub(super) const COLUMN: Column = Column::new(
    "arcshift",
    Role::Peer,
    Some("arcshift"),
    "has no watchers, and sets and reads by `&mut` of a handle that each thread has for itself: only the rows of one producer or \
     reader.",
)
.special::<Shift>();

struct Shift;

impl Special for Shift {
    type Writer = ArcShift<u64>;
    type Cache = ArcShift<u64>;

    fn writer() -> Self::Writer {
        ArcShift::new(0)
    }

    #[inline]
    fn set(writer: &mut Self::Writer, data: u64) {
        writer.update(data);
    }

    fn last(writer: &Self::Writer) -> u64 {
        *writer.shared_get()
    }

    fn caches(data: u64, count: usize) -> (Self::Writer, Vec<Self::Cache>) {
        let writer = ArcShift::new(data);
        let caches = vec![writer.clone(); count];
        (writer, caches)
    }

    #[inline]
    fn read(cache: &mut Self::Cache) -> u64 {
        *cache.get()
    }
}
