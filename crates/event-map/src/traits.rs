//! What every backend of a map offers.

use event_core::{Watch, Watcher};

use crate::change::Change;
use crate::snapshot::MapSnapshot;

/// The read side of a map: something whose keys can be watched, one change per get, or as whole states.
///
/// Code that is written against it runs on maps in memory and on maps that are kept elsewhere.
///
/// # Examples
///
/// ```
/// use event_core::prelude::*;
/// use event_map::{MemoryMap, WatchMap};
///
/// /// Adds up a map as it changes, until it is closed.
/// async fn sums<M: WatchMap<Value = u32>>(map: &M, mut report: impl FnMut(u32)) {
///     let mut snapshots = map.watch_snapshots();
///     while let Ok(snapshot) = snapshots.get().await {
///         report(snapshot.values().sum());
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// let map = MemoryMap::from([("a", 1), ("b", 2)]);
/// map.close();
/// let mut reported = Vec::new();
/// sums(&map, |sum| reported.push(sum)).await;
/// assert_eq!(reported, [3]);
/// # });
/// ```
pub trait WatchMap: Watch<Item = Change<Self::Key, Self::Value>> {
    /// The keys, which have an order.
    type Key: Ord;
    /// What a key holds.
    type Value;
    /// What watches whole states.
    type Snapshots: Watcher<Item = MapSnapshot<Self::Key, Self::Value>>;

    /// A new watcher whose items are whole states: the current one, and then always the newest.
    fn watch_snapshots(&self) -> Self::Snapshots;

    /// The current state.
    fn snapshot(&self) -> MapSnapshot<Self::Key, Self::Value>;
}
