//! arc-swap, which stores and reads, and has nothing to wait on.

use alloc::sync::Arc;

use arc_swap::ArcSwap;

use crate::column::{Column, Role};
use crate::rows::store::Store;

pub(super) const COLUMN: Column =
    Column::new("arc-swap", Role::Peer, Some("arc-swap"), "has no watchers: only the rows that set or read.")
        .store::<Swap>()
        .threads::<Swap>();

struct Swap;

impl Store for Swap {
    type Value = ArcSwap<u64>;

    fn new(_watchers: usize) -> Self::Value {
        ArcSwap::from_pointee(0)
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
