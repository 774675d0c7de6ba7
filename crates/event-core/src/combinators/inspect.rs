//! A function that sees each item.

use core::task::{Context, Poll};

use super::{How, debug_with_watcher, watcher_methods};
use crate::error::GetError;
use crate::traits::Watcher;

/// A watcher that calls a function with each item before it returns it. Made by
/// [`WatcherExt::inspect`](crate::WatcherExt::inspect).
#[derive(Clone)]
pub struct Inspect<W, F> {
    watcher: W,
    inspect: F,
}

impl<W, F> Inspect<W, F> {
    pub(crate) fn new(watcher: W, inspect: F) -> Self {
        Self { watcher, inspect }
    }
}

impl<W: Watcher, F: FnMut(&W::Item)> Inspect<W, F> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let Self { watcher, inspect } = self;
        // As the last part of the predicate, a panic of `inspect` consumes nothing.
        how.poll_if(watcher, cx, &mut |item| {
            let accepted = accept(item);
            if accepted {
                inspect(item);
            }
            accepted
        })
    }
}

impl<W: Watcher, F: FnMut(&W::Item)> Watcher for Inspect<W, F> {
    type Item = W::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

debug_with_watcher!(Inspect<W, F>);
