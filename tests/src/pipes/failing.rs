//! A value whose backend fails after it gave one item.

use core::task::{Context, Poll};

use event_core::prelude::*;
use event_core::{BackendError, GetError};

pub(super) struct Failing;

pub(super) struct FailingWatcher(Option<u32>);

impl Watch for Failing {
    type Item = u32;
    type Watcher = FailingWatcher;

    fn watch(&self) -> FailingWatcher {
        FailingWatcher(Some(7))
    }
}

impl Watcher for FailingWatcher {
    type Item = u32;

    fn poll_get(&mut self, _: &mut Context<'_>) -> Poll<Result<u32, GetError>> {
        Poll::Ready(self.0.take().ok_or_else(|| GetError::Backend(BackendError::new("out of paper"))))
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u32, GetError>> {
        self.poll_get(cx)
    }
}
