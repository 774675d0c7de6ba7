//! The watcher of whole states.

use core::fmt;
use core::pin::pin;
use core::task::{Context, Poll};

use event_core::adapter::until_some;
use event_core::{Get, GetError, MemoryWatcher, Watcher, WatcherExt};

use crate::snapshot::MapSnapshot;
use crate::state::State;

/// Watches a map as a whole: its items are states, the current one first, and then always the newest. Made by
/// [`MemoryMap::watch_snapshots`](crate::MemoryMap::watch_snapshots).
///
/// A clone starts where the original is. It does not keep the map open.
pub struct SnapshotWatcher<K, V> {
    watcher: MemoryWatcher<State<K, V>>,
    /// The number of the newest change in what was returned last.
    returned: Option<u64>,
}

impl<K: Ord, V> SnapshotWatcher<K, V> {
    pub(crate) fn new(watcher: MemoryWatcher<State<K, V>>) -> Self {
        Self { watcher, returned: None }
    }

    /// A future for the current state or a newer one; see [`WatcherExt::get`].
    pub fn get(&mut self) -> Get<'_, Self> {
        WatcherExt::get(self)
    }

    /// The newest state, if this watcher has not had it.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] when nothing is unseen, [`GetError::Closed`] when nothing new can come any more.
    pub fn try_get(&mut self) -> Result<MapSnapshot<K, V>, GetError> {
        self.backlog(&mut |_| true)
    }

    /// Whether the map is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.watcher.is_closed()
    }

    /// The newest state, if it is unseen and accepted. A state that differs from the last one only in who waits for single
    /// keys is none.
    fn newest(&mut self, accept: &mut dyn FnMut(&MapSnapshot<K, V>) -> bool) -> Option<MapSnapshot<K, V>> {
        // It is seen from here on: what is published later makes `changed` ready.
        let state = self.watcher.borrow_and_update()?;
        let end = state.log.end();
        if self.returned == Some(end) {
            return None;
        }
        let snapshot = MapSnapshot::of(Some(state));
        // User code. If it panics, nothing is consumed.
        let accepted = accept(&snapshot);
        self.returned = Some(end);
        accepted.then_some(snapshot)
    }

    fn backlog(&mut self, accept: &mut dyn FnMut(&MapSnapshot<K, V>) -> bool) -> Result<MapSnapshot<K, V>, GetError> {
        // First this: nothing comes after it.
        let is_closed = self.watcher.is_closed();
        self.newest(accept).ok_or(if is_closed { GetError::Closed } else { GetError::BacklogDone })
    }
}

impl<K: Ord, V> Watcher for SnapshotWatcher<K, V> {
    type Item = MapSnapshot<K, V>;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<MapSnapshot<K, V>, GetError>> {
        self.poll_get_if(cx, &mut |_| true)
    }

    fn poll_backlog(&mut self, _: &mut Context<'_>) -> Poll<Result<MapSnapshot<K, V>, GetError>> {
        Poll::Ready(self.try_get())
    }

    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&MapSnapshot<K, V>) -> bool,
    ) -> Poll<Result<MapSnapshot<K, V>, GetError>> {
        until_some(cx, |cx| {
            if let Some(snapshot) = self.newest(accept) {
                return Poll::Ready(Ok(Some(snapshot)));
            }
            pin!(self.watcher.changed()).poll(cx).map_ok(|_| None)
        })
    }

    fn poll_backlog_if(
        &mut self,
        _: &mut Context<'_>,
        accept: &mut dyn FnMut(&MapSnapshot<K, V>) -> bool,
    ) -> Poll<Result<MapSnapshot<K, V>, GetError>> {
        Poll::Ready(self.backlog(accept))
    }
}

impl<K, V> Clone for SnapshotWatcher<K, V> {
    fn clone(&self) -> Self {
        Self { watcher: self.watcher.clone(), returned: self.returned }
    }
}

/// Shows everything but keys and data, which need not implement `Debug`.
impl<K, V> fmt::Debug for SnapshotWatcher<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotWatcher")
            .field("version", &self.watcher.version())
            .field("closed", &self.watcher.is_closed())
            .finish_non_exhaustive()
    }
}
