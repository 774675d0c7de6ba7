//! Other items out of the same ones.

use core::task::{Context, Poll, ready};

use super::{How, debug_with_watcher, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// A watcher whose items a function makes of those of another. Made by [`WatcherExt::map`](crate::WatcherExt::map).
#[derive(Clone)]
pub struct Map<W, F> {
    watcher: W,
    map: F,
}

impl<W, F> Map<W, F> {
    pub(crate) fn new(watcher: W, map: F) -> Self {
        Self { watcher, map }
    }
}

impl<W: Watcher, U, F: FnMut(W::Item) -> U> Map<W, F> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&U) -> bool,
    ) -> Poll<Result<U, GetError>> {
        until_some(cx, |cx| {
            let mapped = (self.map)(ready!(how.poll(&mut self.watcher, cx))?);
            Poll::Ready(Ok(Some(mapped).filter(&mut *accept)))
        })
    }
}

impl<W: Watcher, U, F: FnMut(W::Item) -> U> Watcher for Map<W, F> {
    type Item = U;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

debug_with_watcher!(Map<W, F>);

/// A watcher of what a function makes of the items of another, if it makes anything of them. Made by
/// [`WatcherExt::filter_map`](crate::WatcherExt::filter_map).
#[derive(Clone)]
pub struct FilterMap<W, F> {
    watcher: W,
    map: F,
}

impl<W, F> FilterMap<W, F> {
    pub(crate) fn new(watcher: W, map: F) -> Self {
        Self { watcher, map }
    }
}

impl<W: Watcher, U, F: FnMut(W::Item) -> Option<U>> FilterMap<W, F> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&U) -> bool,
    ) -> Poll<Result<U, GetError>> {
        until_some(cx, |cx| {
            let mapped = (self.map)(ready!(how.poll(&mut self.watcher, cx))?);
            Poll::Ready(Ok(mapped.filter(&mut *accept)))
        })
    }
}

impl<W: Watcher, U, F: FnMut(W::Item) -> Option<U>> Watcher for FilterMap<W, F> {
    type Item = U;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

debug_with_watcher!(FilterMap<W, F>);
