//! The watchers whose items are changes of keys.

use core::fmt;
use core::pin::pin;
use core::task::{Context, Poll};

use event_core::adapter::until_some;
use event_core::{Get, GetError, MemoryWatcher, Watcher, WatcherExt};

use crate::change::Change;
use crate::cursor::{Bounds, Cursor};
use crate::state::State;

/// A watcher of the map's value and how far it has got.
struct Following<K, V> {
    watcher: MemoryWatcher<State<K, V>>,
    cursor: Cursor<K>,
}

impl<K: Ord + Clone, V: Clone> Following<K, V> {
    fn new(watcher: MemoryWatcher<State<K, V>>, bounds: Bounds<K>) -> Self {
        let cursor = Cursor::new(bounds, watcher.borrow().as_deref());
        Self { watcher, cursor }
    }

    /// The next change, if there is one. It is consumed if `accept` accepts it, and if not; but not if user code panics.
    fn next(&mut self, accept: &mut dyn FnMut(&Change<K, V>) -> bool) -> Looked<Change<K, V>> {
        // It is seen from here on: what is published later makes `changed` ready.
        let Some(state) = self.watcher.borrow_and_update() else { return Looked::Nothing };
        self.cursor.look_at(&state);
        let Some(change) = self.cursor.next(&state) else { return Looked::Nothing };
        let accepted = accept(&change);
        self.cursor.pass(&change.key);
        if accepted { Looked::Accepted(change) } else { Looked::Rejected }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Change<K, V>) -> bool,
    ) -> Poll<Result<Change<K, V>, GetError>> {
        until_some(cx, |cx| match self.next(accept) {
            Looked::Accepted(change) => Poll::Ready(Ok(Some(change))),
            Looked::Rejected => Poll::Ready(Ok(None)),
            Looked::Nothing => pin!(self.watcher.changed()).poll(cx).map_ok(|_| None),
        })
    }

    fn backlog(&mut self, accept: &mut dyn FnMut(&Change<K, V>) -> bool) -> Result<Change<K, V>, GetError> {
        loop {
            // First this: nothing comes after it.
            let is_closed = self.watcher.is_closed();
            match self.next(accept) {
                Looked::Accepted(change) => return Ok(change),
                Looked::Rejected => {}
                Looked::Nothing if is_closed => return Err(GetError::Closed),
                Looked::Nothing => return Err(GetError::BacklogDone),
            }
        }
    }
}

enum Looked<T> {
    Accepted(T),
    Rejected,
    Nothing,
}

impl<K: Clone, V> Clone for Following<K, V>
where
    Cursor<K>: Clone,
{
    fn clone(&self) -> Self {
        Self { watcher: self.watcher.clone(), cursor: self.cursor.clone() }
    }
}

macro_rules! change_watcher {
    ($watcher:ident) => {
        impl<K: Ord + Clone, V: Clone> $watcher<K, V> {
            /// A future for the next change; see [`WatcherExt::get`] and the [crate](crate#what-a-watcher-gets).
            pub fn get(&mut self) -> Get<'_, Self> {
                WatcherExt::get(self)
            }

            /// The next change, if there is one that this watcher has not had.
            ///
            /// # Errors
            ///
            /// [`GetError::BacklogDone`] when nothing is unseen, [`GetError::Closed`] when nothing new can come any more.
            pub fn try_get(&mut self) -> Result<Change<K, V>, GetError> {
                self.following.backlog(&mut |_| true)
            }

            /// Marks everything that is in the map now as seen.
            pub fn mark_seen(&mut self) {
                if let Some(state) = self.following.watcher.borrow() {
                    self.following.cursor.skip_to(&state);
                }
            }

            /// Whether the map is closed.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.following.watcher.is_closed()
            }
        }

        impl<K: Ord + Clone, V: Clone> Watcher for $watcher<K, V> {
            type Item = Change<K, V>;

            fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Change<K, V>, GetError>> {
                self.following.poll(cx, &mut |_| true)
            }

            fn poll_backlog(&mut self, _: &mut Context<'_>) -> Poll<Result<Change<K, V>, GetError>> {
                Poll::Ready(self.try_get())
            }

            fn poll_get_if(
                &mut self,
                cx: &mut Context<'_>,
                accept: &mut dyn FnMut(&Change<K, V>) -> bool,
            ) -> Poll<Result<Change<K, V>, GetError>> {
                self.following.poll(cx, accept)
            }

            fn poll_backlog_if(
                &mut self,
                _: &mut Context<'_>,
                accept: &mut dyn FnMut(&Change<K, V>) -> bool,
            ) -> Poll<Result<Change<K, V>, GetError>> {
                Poll::Ready(self.following.backlog(accept))
            }

            /// No: each item is about one of several keys.
            fn supersedes(&self) -> bool {
                false
            }
        }

        impl<K: Ord + Clone, V: Clone> Clone for $watcher<K, V> {
            fn clone(&self) -> Self {
                Self { following: self.following.clone() }
            }
        }

        /// Shows everything but keys and data, which need not implement `Debug`.
        impl<K, V> fmt::Debug for $watcher<K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($watcher))
                    .field("version", &self.following.watcher.version())
                    .field("closed", &self.following.watcher.is_closed())
                    .finish_non_exhaustive()
            }
        }
    };
}

/// Watches all keys of a map, one change per get. Made by [`MemoryMap::watch`](crate::MemoryMap::watch).
///
/// It can be moved between threads and tasks. A clone has had what the original has, and goes its own way. It does not keep the map
/// open. Of a watcher that is not polled, the map knows only how far it has got; the [crate's page](crate#what-it-costs) says what that
/// costs.
///
/// # Examples
///
/// ```
/// use event_core::prelude::*;
/// use event_map::{Change, MemoryMap};
///
/// # futures_lite::future::block_on(async {
/// let map = MemoryMap::from([("a", 1), ("b", 2)]);
/// let mut watcher = map.watch();
/// let even = watcher.get().filter(|change| change.value.is_some_and(|n| n % 2 == 0)).await?;
/// assert_eq!(even, Change::inserted("b", 2));
/// assert!(watcher.get().backlog_only().await.unwrap_err().is_backlog_done());
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("Receiver", "Subscriber", "MapSignal", "VectorSubscriber"))]
pub struct MapWatcher<K, V> {
    following: Following<K, V>,
}

impl<K: Ord + Clone, V: Clone> MapWatcher<K, V> {
    pub(crate) fn new(watcher: MemoryWatcher<State<K, V>>) -> Self {
        Self { following: Following::new(watcher, Bounds::all()) }
    }

    pub(crate) fn new_after(watcher: MemoryWatcher<State<K, V>>) -> Self {
        let mut this = Self::new(watcher);
        this.mark_seen();
        this
    }
}

change_watcher!(MapWatcher);

/// Watches the keys of a map that are in a range, one change per get. Made by
/// [`MemoryMap::watch_range`](crate::MemoryMap::watch_range).
///
/// All else is as for a [`MapWatcher`].
pub struct RangeWatcher<K, V> {
    following: Following<K, V>,
}

impl<K: Ord + Clone, V: Clone> RangeWatcher<K, V> {
    pub(crate) fn new(watcher: MemoryWatcher<State<K, V>>, bounds: Bounds<K>) -> Self {
        Self { following: Following::new(watcher, bounds) }
    }
}

change_watcher!(RangeWatcher);
