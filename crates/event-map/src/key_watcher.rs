//! The watcher of one key.

use core::fmt;
use core::pin::pin;
use core::task::{Context, Poll};

use event_core::adapter::until_some;
use event_core::{Get, GetError, MemoryWatcher, Watcher, WatcherExt};

use crate::reader::MapReader;

/// Watches one key of a map: its items are what the key holds, and `None` when the map does not have it. Made by
/// [`MemoryMap::watch_key`](crate::MemoryMap::watch_key).
///
/// The first get returns what is current. Later ones wait until the key is set, inserted or removed. A key that was inserted and
/// removed again between two gets counts as unchanged, and one that was removed and inserted again counts as set. The newest data is
/// returned, never older data after newer.
///
/// Changes of other keys do not wake it. A clone has had what the original has. It does not keep the map open.
///
/// # Examples
///
/// ```
/// use event_map::MemoryMap;
///
/// # futures_lite::future::block_on(async {
/// let map = MemoryMap::from([("a", 1)]);
/// let mut watcher = map.watch_key("a");
/// assert_eq!(watcher.get().await?, Some(1));
/// map.remove("a");
/// assert_eq!(watcher.get().await?, None);
/// drop(map);
/// assert!(watcher.get().await.unwrap_err().is_closed());
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
pub struct KeyWatcher<K, V> {
    map: MapReader<K, V>,
    key: K,
    seen: Seen,
    /// That of the key, once it has waited.
    bell: Option<MemoryWatcher<()>>,
    end: MemoryWatcher<()>,
}

/// What was returned last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Absent,
    /// The number of the newest change of the key.
    Present(u64),
}

enum Looked<T> {
    Accepted(T),
    Rejected,
    Nothing,
}

impl<K: Ord + Clone, V: Clone> KeyWatcher<K, V> {
    pub(crate) fn new(map: MapReader<K, V>, key: K) -> Self {
        let end = map.watch_end();
        Self { map, key, seen: Seen::Nothing, bell: None, end }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.key
    }

    /// A future for what the key holds, or for something else than what the last get returned; see [`WatcherExt::get`].
    pub fn get(&mut self) -> Get<'_, Self> {
        WatcherExt::get(self)
    }

    /// What the key holds, if this watcher has not had it.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] when nothing is unseen, [`GetError::Closed`] when nothing new can come any more.
    pub fn try_get(&mut self) -> Result<Option<V>, GetError> {
        self.backlog(&mut |_| true)
    }

    /// Whether the map is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.map.is_closed()
    }

    /// What is current, if it is unseen. It is consumed if `accept` accepts it, and if not; but not if user code panics.
    fn look(&mut self, accept: &mut dyn FnMut(&Option<V>) -> bool) -> Looked<Option<V>> {
        let state = self.map.borrow();
        let item = state.as_ref().and_then(|state| state.items.get(&self.key));
        let seen = item.map_or(Seen::Absent, |item| Seen::Present(item.changed));
        if seen == self.seen {
            return Looked::Nothing;
        }
        let value = item.map(|item| V::clone(&item.value));
        let accepted = accept(&value);
        self.seen = seen;
        if accepted { Looked::Accepted(value) } else { Looked::Rejected }
    }

    fn backlog(&mut self, accept: &mut dyn FnMut(&Option<V>) -> bool) -> Result<Option<V>, GetError> {
        // First this: nothing comes after it.
        let is_closed = self.map.is_closed();
        match self.look(accept) {
            Looked::Accepted(value) => Ok(value),
            _ if is_closed => Err(GetError::Closed),
            _ => Err(GetError::BacklogDone),
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Option<V>) -> bool,
    ) -> Poll<Result<Option<V>, GetError>> {
        until_some(cx, |cx| {
            // First this: nothing comes after it.
            let is_closed = self.map.is_closed();
            match self.look(accept) {
                Looked::Accepted(value) => return Poll::Ready(Ok(Some(value))),
                Looked::Rejected => return Poll::Ready(Ok(None)),
                Looked::Nothing if is_closed => return Poll::Ready(Err(GetError::Closed)),
                Looked::Nothing => {}
            }
            let Some(bell) = &mut self.bell else {
                // What changes from here on rings it. What has changed before is looked at again.
                self.bell = self.map.bell(&self.key);
                return Poll::Ready(Ok(None));
            };
            match pin!(bell.changed()).poll(cx) {
                Poll::Ready(Ok(_)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Err(_)) => {
                    // It was taken out when nobody listened.
                    self.bell = None;
                    return Poll::Ready(Ok(None));
                }
                Poll::Pending => {}
            }
            // It never changes, but is closed when the map is; which then is looked at again.
            pin!(self.end.changed()).poll(cx).map(|_| Ok(None))
        })
    }
}

impl<K: Ord + Clone, V: Clone> Watcher for KeyWatcher<K, V> {
    type Item = Option<V>;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<V>, GetError>> {
        self.poll(cx, &mut |_| true)
    }

    fn poll_backlog(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<V>, GetError>> {
        Poll::Ready(self.try_get())
    }

    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Option<V>) -> bool,
    ) -> Poll<Result<Option<V>, GetError>> {
        self.poll(cx, accept)
    }

    fn poll_backlog_if(
        &mut self,
        _: &mut Context<'_>,
        accept: &mut dyn FnMut(&Option<V>) -> bool,
    ) -> Poll<Result<Option<V>, GetError>> {
        Poll::Ready(self.backlog(accept))
    }
}

impl<K: Clone, V> Clone for KeyWatcher<K, V> {
    fn clone(&self) -> Self {
        Self {
            map: self.map.clone(),
            key: self.key.clone(),
            seen: self.seen,
            bell: self.bell.clone(),
            end: self.end.clone(),
        }
    }
}

/// Shows everything but key and data, which need not implement `Debug`.
impl<K, V> fmt::Debug for KeyWatcher<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyWatcher").field("map", &self.map).finish_non_exhaustive()
    }
}
