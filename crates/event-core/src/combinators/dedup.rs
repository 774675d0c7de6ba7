//! No item that equals the one before.

use core::fmt;
use core::task::{Context, Poll, ready};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::Watcher;

/// A watcher that skips an item that equals the last one it returned. Made by [`WatcherExt::dedup`](crate::WatcherExt::dedup).
#[derive(Clone)]
pub struct Dedup<W: Watcher> {
    watcher: W,
    last: Option<W::Item>,
}

impl<W: Watcher<Item: Clone + PartialEq>> Dedup<W> {
    pub(crate) fn new(watcher: W) -> Self {
        Self { watcher, last: None }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let Self { watcher, last } = self;
        let item = ready!(how.poll_if(watcher, cx, &mut |item| last.as_ref() != Some(item) && accept(item)))?;
        *last = Some(item.clone());
        Poll::Ready(Ok(item))
    }
}

impl<W: Watcher<Item: Clone + PartialEq>> Watcher for Dedup<W> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Dedup<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedup").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}

/// A watcher that skips an item that has the same key as the last one it returned. Made by
/// [`WatcherExt::dedup_by_key`](crate::WatcherExt::dedup_by_key).
#[derive(Clone)]
pub struct DedupByKey<W, F, K> {
    watcher: W,
    key: F,
    last: Option<K>,
}

impl<W: Watcher, F: FnMut(&W::Item) -> K, K: PartialEq> DedupByKey<W, F, K> {
    pub(crate) fn new(watcher: W, key: F) -> Self {
        Self { watcher, key, last: None }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let Self { watcher, key, last } = self;
        let mut accepted = None;
        let item = ready!(how.poll_if(watcher, cx, &mut |item| {
            let key = key(item);
            if last.as_ref() == Some(&key) || !accept(item) {
                return false;
            }
            accepted = Some(key);
            true
        }))?;
        *last = accepted;
        Poll::Ready(Ok(item))
    }
}

impl<W: Watcher, F: FnMut(&W::Item) -> K, K: PartialEq> Watcher for DedupByKey<W, F, K> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: fmt::Debug, F, K> fmt::Debug for DedupByKey<W, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DedupByKey").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}
