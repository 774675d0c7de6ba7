//! Only some of the items.

use core::task::{Context, Poll};

use super::{How, debug_with_watcher, watcher_methods};
use crate::error::GetError;
use crate::traits::Watcher;

/// A watcher of those items of another that a predicate accepts. Made by [`WatcherExt::filter`](crate::WatcherExt::filter).
#[derive(Clone)]
pub struct Filter<W, P> {
    watcher: W,
    predicate: P,
}

impl<W, P> Filter<W, P> {
    pub(crate) fn new(watcher: W, predicate: P) -> Self {
        Self { watcher, predicate }
    }
}

impl<W: Watcher, P: FnMut(&W::Item) -> bool> Filter<W, P> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let Self { watcher, predicate } = self;
        how.poll_if(watcher, cx, &mut |item| predicate(item) && accept(item))
    }
}

impl<W: Watcher, P: FnMut(&W::Item) -> bool> Watcher for Filter<W, P> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

debug_with_watcher!(Filter<W, P>);
