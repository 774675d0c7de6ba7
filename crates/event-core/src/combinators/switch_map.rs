//! Values of values.

use core::fmt;
use core::task::{Context, Poll};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watch, Watcher, until_some};

/// A watcher that follows a value whose items are themselves watched. Made by
/// [`WatcherExt::switch_map`](crate::WatcherExt::switch_map).
pub struct SwitchMap<W, F, V: Watch> {
    /// `None` when it is closed.
    outer: Option<W>,
    switch: F,
    /// What the newest item leads to; `None` before there is one, and when it is closed.
    inner: Option<V::Watcher>,
}

impl<W: Watcher, F: FnMut(W::Item) -> V, V: Watch> SwitchMap<W, F, V> {
    pub(crate) fn new(outer: W, switch: F) -> Self {
        Self { outer: Some(outer), switch, inner: None }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&V::Item) -> bool,
    ) -> Poll<Result<V::Item, GetError>> {
        until_some(cx, |cx| {
            let mut switched = false;
            if let Some(outer) = &mut self.outer {
                match how.poll(outer, cx) {
                    Poll::Ready(Ok(item)) => {
                        // What leads there is dropped: it is not to keep the inner value open.
                        self.inner = Some((self.switch)(item).watch());
                        switched = true;
                    }
                    Poll::Ready(Err(GetError::Closed)) => self.outer = None,
                    Poll::Ready(Err(GetError::BacklogDone)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    // Nothing is known of the outer value yet.
                    Poll::Pending if how == How::BacklogOnly => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            if let Some(inner) = &mut self.inner {
                match how.poll_if(inner, cx, accept) {
                    Poll::Ready(Ok(item)) => return Poll::Ready(Ok(Some(item))),
                    Poll::Ready(Err(GetError::Closed)) => self.inner = None,
                    Poll::Ready(Err(GetError::BacklogDone)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if how == How::BacklogOnly => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            if switched {
                // The outer watcher has given something, so it does not wait for anything newer yet.
                return Poll::Ready(Ok(None));
            }
            if self.outer.is_none() && self.inner.is_none() {
                return Poll::Ready(Err(GetError::Closed));
            }
            how.nothing()
        })
    }
}

impl<W: Watcher, F: FnMut(W::Item) -> V, V: Watch> Watcher for SwitchMap<W, F, V> {
    type Item = V::Item;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.inner.as_ref().is_none_or(Watcher::supersedes)
    }
}

impl<W: Clone, F: Clone, V: Watch<Watcher: Clone>> Clone for SwitchMap<W, F, V> {
    fn clone(&self) -> Self {
        Self { outer: self.outer.clone(), switch: self.switch.clone(), inner: self.inner.clone() }
    }
}

impl<W: fmt::Debug, F, V: Watch<Watcher: fmt::Debug>> fmt::Debug for SwitchMap<W, F, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwitchMap").field("outer", &self.outer).field("inner", &self.inner).finish_non_exhaustive()
    }
}
