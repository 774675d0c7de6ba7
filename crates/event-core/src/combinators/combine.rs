//! Several values as one tuple.

use core::fmt;
use core::task::{Context, Poll};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// A watcher of several values at once: gives all of their data as a tuple, as soon as all have some, and then whenever
/// any of them has something newer.
///
/// It keeps a clone of the newest data of each. It is closed when all of the watchers are, and as soon as one of them is closed
/// that has never given anything.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, combine, prelude::*};
///
/// # futures_lite::future::block_on(async {
/// let (host, port) = (MemoryValue::with_value("192.0.2.10"), MemoryValue::new());
/// let mut both = combine((host.watch(), port.watch()));
/// assert!(both.get().backlog_only().await.unwrap_err().is_backlog_done());
/// port.set(80);
/// assert_eq!(both.get().await?, ("192.0.2.10", 80));
/// host.set("192.0.2.77");
/// port.set(443);
/// assert_eq!(both.get().await?, ("192.0.2.77", 443));
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("zip", "Join", "combineLatest", "combine_latest"))]
pub fn combine<W: WatcherTuple>(watchers: W) -> Combine<W> {
    Combine { parts: watchers.into_parts(), news: 0 }
}

/// A watcher of several values at once. Made by [`combine`].
pub struct Combine<W: WatcherTuple> {
    parts: W::Parts,
    /// How often something was got since the last time that all was given.
    news: usize,
}

impl<W: WatcherTuple> Combine<W> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Items) -> bool,
    ) -> Poll<Result<W::Items, GetError>> {
        until_some(cx, |cx| {
            let (mut is_unknown, news) = (false, self.news);
            W::poll_parts(&mut self.parts, how, cx, &mut self.news, &mut is_unknown)?;
            if is_unknown {
                return Poll::Pending;
            }
            if self.news > 0 {
                if let Some(items) = W::items(&self.parts) {
                    let accepted = accept(&items);
                    self.news = 0;
                    // If it is not accepted, the watchers that gave something do not wait for anything newer yet.
                    return Poll::Ready(Ok(Some(items).filter(|_| accepted)));
                }
            }
            if W::is_closed(&self.parts) {
                // Nobody polls the others any more. Whoever sets them is not to wait for that.
                W::drop_watchers(&mut self.parts);
                return Poll::Ready(Err(GetError::Closed));
            }
            if self.news > news {
                // Another one has given nothing so far. But whoever sets this one may wait until all have seen it.
                return Poll::Ready(Ok(None));
            }
            how.nothing()
        })
    }
}

impl<W: WatcherTuple> Watcher for Combine<W> {
    type Item = W::Items;

    watcher_methods!();
}

impl<W: WatcherTuple<Parts: Clone>> Clone for Combine<W> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), news: self.news }
    }
}

impl<W: WatcherTuple<Parts: fmt::Debug>> fmt::Debug for Combine<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Combine").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// Tuples of two to eight watchers, whose items can be cloned.
pub trait WatcherTuple: sealed::WatcherTuple {}
impl<W: sealed::WatcherTuple> WatcherTuple for W {}

/// One of the watchers of a [`Combine`].
#[derive(Clone)]
pub struct Part<W: Watcher> {
    /// `None` when it is closed.
    watcher: Option<W>,
    newest: Option<W::Item>,
}

impl<W: Watcher> Part<W> {
    fn new(watcher: W) -> Self {
        Self { watcher: Some(watcher), newest: None }
    }

    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        news: &mut usize,
        is_unknown: &mut bool,
    ) -> Result<(), GetError> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        match how.poll(watcher, cx) {
            Poll::Ready(Ok(newer)) => {
                self.newest = Some(newer);
                *news += 1;
            }
            Poll::Ready(Err(GetError::Closed)) => self.watcher = None,
            Poll::Ready(Err(GetError::BacklogDone)) => {}
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => *is_unknown |= how == How::BacklogOnly,
        }
        Ok(())
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Part<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}

mod sealed {
    use core::task::Context;

    use super::{GetError, How, Part, Watcher};

    pub trait WatcherTuple {
        /// What the watchers give.
        type Items;
        type Parts;

        fn into_parts(self) -> Self::Parts;
        fn poll_parts(
            parts: &mut Self::Parts,
            how: How,
            cx: &mut Context<'_>,
            news: &mut usize,
            is_unknown: &mut bool,
        ) -> Result<(), GetError>;
        fn items(parts: &Self::Parts) -> Option<Self::Items>;
        /// Nothing can come any more.
        fn is_closed(parts: &Self::Parts) -> bool;
        fn drop_watchers(parts: &mut Self::Parts);
    }

    macro_rules! tuple {
        ($($W:ident $n:tt),+) => {
            impl<$($W: Watcher<Item: Clone>),+> WatcherTuple for ($($W,)+) {
                type Items = ($($W::Item,)+);
                type Parts = ($(Part<$W>,)+);

                fn into_parts(self) -> Self::Parts {
                    ($(Part::new(self.$n),)+)
                }

                fn poll_parts(
                    parts: &mut Self::Parts,
                    how: How,
                    cx: &mut Context<'_>,
                    news: &mut usize,
                    is_unknown: &mut bool,
                ) -> Result<(), GetError> {
                    $(parts.$n.poll(how, cx, news, is_unknown)?;)+
                    Ok(())
                }

                fn items(parts: &Self::Parts) -> Option<Self::Items> {
                    Some(($(parts.$n.newest.as_ref()?.clone(),)+))
                }

                fn is_closed(parts: &Self::Parts) -> bool {
                    let closed = [$(parts.$n.watcher.is_none()),+];
                    let empty = [$(parts.$n.newest.is_none()),+];
                    closed.iter().all(|closed| *closed) || closed.iter().zip(empty).any(|(closed, empty)| *closed && empty)
                }

                fn drop_watchers(parts: &mut Self::Parts) {
                    $(parts.$n.watcher = None;)+
                }
            }
        };
    }

    tuple!(A 0, B 1);
    tuple!(A 0, B 1, C 2);
    tuple!(A 0, B 1, C 2, D 3);
    tuple!(A 0, B 1, C 2, D 3, E 4);
    tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
    tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}
