//! Watchers made of watchers.
//!
//! None of them has a queue: what comes and goes between two gets is skipped, as with the watchers inside. All of them pass
//! [`backlog_only`](crate::Get::backlog_only) and [`filter`](crate::Get::filter) on, and say
//! [`Closed`](crate::GetError::Closed) when nothing can come any more.

#[cfg(feature = "alloc")]
mod bits;
#[cfg(feature = "alloc")]
mod combine;
#[cfg(feature = "alloc")]
mod debounce;
mod dedup;
mod filter;
mod inspect;
#[cfg(feature = "alloc")]
mod many;
mod map;
#[cfg(feature = "alloc")]
mod map_latest;
mod optional;
#[cfg(feature = "alloc")]
mod ready;
#[cfg(feature = "alloc")]
mod sample;
mod scan;
#[cfg(feature = "alloc")]
mod select;
#[cfg(feature = "alloc")]
mod share;
mod switch_map;
#[cfg(feature = "alloc")]
mod throttle;
mod watch_fn;
#[cfg(feature = "alloc")]
mod while_watched;

use core::task::{Context, Poll};

#[cfg(feature = "alloc")]
pub use combine::{Combine, WatcherTuple, combine};
#[cfg(feature = "alloc")]
pub use debounce::Debounce;
pub use dedup::{Dedup, DedupByKey};
pub use filter::Filter;
pub use inspect::Inspect;
pub use map::{FilterMap, Map};
#[cfg(feature = "alloc")]
pub use map_latest::MapLatest;
pub use optional::{Optional, optional};
#[cfg(all(test, feature = "alloc"))]
pub(crate) use ready::Ready;
#[cfg(feature = "alloc")]
pub use sample::Sample;
pub use scan::Scan;
#[cfg(feature = "alloc")]
pub use select::{Select, SelectTuple, select};
#[cfg(feature = "alloc")]
pub use share::Driver;
pub use switch_map::SwitchMap;
#[cfg(feature = "alloc")]
pub use throttle::Throttle;
pub use watch_fn::{WatchFn, watch_fn};
#[cfg(feature = "alloc")]
pub use while_watched::WhileWatched;

use crate::error::GetError;
use crate::traits::Watcher;

/// Which of the two ways to poll a watcher is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "alloc"), expect(unreachable_pub, reason = "it is in the interface of what needs a heap"))]
pub enum How {
    /// For what is there, and then for something newer.
    Waiting,
    /// For what is there.
    BacklogOnly,
}

impl How {
    fn poll<W: Watcher + ?Sized>(self, watcher: &mut W, cx: &mut Context<'_>) -> Poll<Result<W::Item, GetError>> {
        match self {
            Self::Waiting => watcher.poll_get(cx),
            Self::BacklogOnly => watcher.poll_backlog(cx),
        }
    }

    fn poll_if<W: Watcher + ?Sized>(
        self,
        watcher: &mut W,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        match self {
            Self::Waiting => watcher.poll_get_if(cx, accept),
            Self::BacklogOnly => watcher.poll_backlog_if(cx, accept),
        }
    }

    /// What there is to say when there is nothing to give, and all that can bring something has been armed.
    fn nothing<T>(self) -> Poll<Result<T, GetError>> {
        match self {
            Self::Waiting => Poll::Pending,
            Self::BacklogOnly => Poll::Ready(Err(GetError::BacklogDone)),
        }
    }
}

/// The four methods of a watcher, by its `poll(how, cx, accept)`.
macro_rules! watcher_methods {
    () => {
        fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>> {
            self.poll($crate::combinators::How::Waiting, cx, &mut |_| true)
        }

        fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>> {
            self.poll($crate::combinators::How::BacklogOnly, cx, &mut |_| true)
        }

        fn poll_get_if(
            &mut self,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&Self::Item) -> bool,
        ) -> Poll<Result<Self::Item, GetError>> {
            self.poll($crate::combinators::How::Waiting, cx, accept)
        }

        fn poll_backlog_if(
            &mut self,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&Self::Item) -> bool,
        ) -> Poll<Result<Self::Item, GetError>> {
            self.poll($crate::combinators::How::BacklogOnly, cx, accept)
        }
    };
}
use watcher_methods;

/// `Debug` of a combinator, which shows the watcher inside.
macro_rules! debug_with_watcher {
    ($Type:ident<W $(, $P:ident)*>) => {
        impl<W: core::fmt::Debug $(, $P)*> core::fmt::Debug for $Type<W $(, $P)*> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($Type)).field("watcher", &self.watcher).finish_non_exhaustive()
            }
        }
    };
}
use debug_with_watcher;
