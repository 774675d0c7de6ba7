//! Several values as one tuple.

use core::fmt;
use core::task::{Context, Poll};

use super::many::Many;
use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// Watches several values together: returns the data of all of them as soon as all have some, and again whenever one of them has
/// something newer.
///
/// The watchers are a tuple of two to eight, an array, or a vector; the items are tuples, arrays and vectors. It keeps a clone of
/// the newest data of each. It is closed when all of the watchers are, and as soon as one of them is closed that has never returned
/// data. (Of an empty vector it is closed from the start.) With [`optional`](crate::optional) around a watcher, the others do not
/// wait for it.
///
/// # Cost
///
/// Each item is made of a clone of the data of each watcher. Also, a get polls each watcher of a tuple or an array; of a vector it
/// polls only those that were woken, as [`select`](crate::select()) does.
///
/// # Errors
///
/// [`GetError::Closed`] as above, after the newest data of all was returned. [`GetError::Backend`] if one of the watchers returns
/// it; what the others have returned is kept for the next get.
///
/// # Cancel safety
///
/// A get that is dropped consumes nothing: what it has collected is part of what the next get returns.
///
/// # Panics
///
/// A panic of a watcher, of the items' `Clone` or of a filter of a get passes through. Nothing that was collected is lost.
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
///
/// Of a vector:
///
/// ```
/// use event_core::{MemoryValue, combine, prelude::*};
///
/// # futures_lite::future::block_on(async {
/// let members: Vec<MemoryValue<bool>> = (0..5).map(|_| MemoryValue::with_value(false)).collect();
/// let all = combine(members.iter().map(MemoryValue::watch).collect::<Vec<_>>());
/// let count = |present: Vec<bool>| present.into_iter().filter(|present| *present).count();
/// let mut quorum = all.map(move |present| count(present) > 2).dedup();
/// assert!(!quorum.get().await?);
/// members[1..4].iter().for_each(|member| _ = member.set(true));
/// assert!(quorum.get().await?);
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("zip", "Join", "or", "Tuple", "Triple", "combineLatest", "combine_latest", "map_ref"))]
pub fn combine<W: WatcherTuple>(watchers: W) -> Combine<W> {
    Combine { parts: watchers.into_parts(), news: 0 }
}

/// A watcher of several values together. Made by [`combine`].
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
            if how == How::Waiting {
                W::wait(&mut self.parts, cx);
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

/// Watchers whose items can be cloned: tuples of two to eight, arrays and vectors.
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
    pub(super) fn new(watcher: W) -> Self {
        Self { watcher: Some(watcher), newest: None }
    }

    pub(super) fn poll(
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

impl<W: Watcher> Part<W> {
    pub(super) fn is_closed(&self) -> bool {
        self.watcher.is_none()
    }

    /// It will never have data.
    pub(super) fn is_useless(&self) -> bool {
        self.is_closed() && self.newest.is_none()
    }

    pub(super) fn newest(&self) -> Option<&W::Item> {
        self.newest.as_ref()
    }

    pub(super) fn drop_watcher(&mut self) {
        self.watcher = None;
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Part<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}

mod sealed {
    use alloc::vec::Vec;
    use core::task::Context;

    use super::{GetError, How, Many, Part, Watcher};

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
        /// Nothing has come: the waker of `cx` is to be woken when something does, unless the parts have it already.
        fn wait(_parts: &mut Self::Parts, _cx: &mut Context<'_>) {}
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
                    [$(parts.$n.is_closed()),+].iter().all(|closed| *closed) || $(parts.$n.is_useless())||+
                }

                fn drop_watchers(parts: &mut Self::Parts) {
                    $(parts.$n.drop_watcher();)+
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

    impl<W: Watcher<Item: Clone>, const N: usize> WatcherTuple for [W; N] {
        type Items = [W::Item; N];
        type Parts = [Part<W>; N];

        fn into_parts(self) -> Self::Parts {
            self.map(Part::new)
        }

        fn poll_parts(
            parts: &mut Self::Parts,
            how: How,
            cx: &mut Context<'_>,
            news: &mut usize,
            is_unknown: &mut bool,
        ) -> Result<(), GetError> {
            parts.iter_mut().try_for_each(|part| part.poll(how, cx, news, is_unknown))
        }

        fn items(parts: &Self::Parts) -> Option<Self::Items> {
            let newest = parts.each_ref().map(|part| part.newest());
            let all = newest.iter().all(Option::is_some);
            all.then(|| newest.map(|newest| newest.cloned().expect("all have some")))
        }

        fn is_closed(parts: &Self::Parts) -> bool {
            parts.iter().all(Part::is_closed) || parts.iter().any(Part::is_useless)
        }

        fn drop_watchers(parts: &mut Self::Parts) {
            parts.iter_mut().for_each(Part::drop_watcher);
        }
    }

    impl<W: Watcher<Item: Clone>> WatcherTuple for Vec<W> {
        type Items = Vec<W::Item>;
        type Parts = Many<W>;

        fn into_parts(self) -> Many<W> {
            Many::new(self)
        }

        fn poll_parts(
            parts: &mut Many<W>,
            how: How,
            cx: &mut Context<'_>,
            news: &mut usize,
            is_unknown: &mut bool,
        ) -> Result<(), GetError> {
            parts.poll(how, cx, news, is_unknown)
        }

        fn items(parts: &Many<W>) -> Option<Vec<W::Item>> {
            parts.items()
        }

        fn wait(parts: &mut Many<W>, cx: &mut Context<'_>) {
            parts.wait(cx);
        }

        fn is_closed(parts: &Many<W>) -> bool {
            parts.is_closed()
        }

        fn drop_watchers(parts: &mut Many<W>) {
            parts.drop_watchers();
        }
    }
}
