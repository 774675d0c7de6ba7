//! A state that goes along with the items.

use core::fmt;
use core::task::{Context, Poll, ready};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// A watcher whose items a function makes of those of another and of a state that it keeps. Made by
/// [`WatcherExt::scan`](crate::WatcherExt::scan).
#[derive(Clone)]
pub struct Scan<W, S, F> {
    watcher: W,
    state: S,
    scan: F,
}

impl<W, S, F> Scan<W, S, F> {
    pub(crate) fn new(watcher: W, state: S, scan: F) -> Self {
        Self { watcher, state, scan }
    }
}

impl<W: Watcher, S, U, F: FnMut(&mut S, W::Item) -> U> Scan<W, S, F> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&U) -> bool,
    ) -> Poll<Result<U, GetError>> {
        until_some(cx, |cx| {
            let scanned = (self.scan)(&mut self.state, ready!(how.poll(&mut self.watcher, cx))?);
            Poll::Ready(Ok(Some(scanned).filter(&mut *accept)))
        })
    }
}

impl<W: Watcher, S, U, F: FnMut(&mut S, W::Item) -> U> Watcher for Scan<W, S, F> {
    type Item = U;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

impl<W: fmt::Debug, S, F> fmt::Debug for Scan<W, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}
