//! Several values of one type as one.

use core::fmt;
use core::task::{Context, Poll};

use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::Watcher;

/// A watcher of several values whose items are of one type: gives what any of them has that is new, one at a time.
///
/// The values take turns: one that is set without end does not keep the others from being heard. It is closed when all of
/// them are.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, prelude::*, select};
///
/// # futures_lite::future::block_on(async {
/// let (wired, wireless) = (MemoryValue::new(), MemoryValue::new());
/// let mut either = select((wired.watch(), wireless.watch()));
/// wireless.set("wireless is up");
/// assert_eq!(either.get().await?, "wireless is up");
/// wired.set("wired is up");
/// assert_eq!(either.get().await?, "wired is up");
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("merge", "select_all"))]
pub fn select<W: SelectTuple>(watchers: W) -> Select<W> {
    Select { watchers, first: 0, closed: 0 }
}

/// A watcher of several values whose items are of one type. Made by [`select`].
#[derive(Clone)]
pub struct Select<W> {
    watchers: W,
    /// Whose turn it is.
    first: usize,
    /// A bit for each.
    closed: u32,
}

impl<W: SelectTuple> Select<W> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let mut is_unknown = false;
        for index in (0..W::LEN).map(|nth| (self.first + nth) % W::LEN) {
            if self.closed & 1 << index != 0 {
                continue;
            }
            match self.watchers.poll_one(index, how, cx, accept) {
                Poll::Ready(Err(GetError::Closed)) => self.closed |= 1 << index,
                Poll::Ready(Err(GetError::BacklogDone)) => {}
                Poll::Ready(given) => {
                    self.first = (index + 1) % W::LEN;
                    return Poll::Ready(given);
                }
                Poll::Pending => is_unknown |= how == How::BacklogOnly,
            }
        }
        if self.closed.count_ones() as usize == W::LEN {
            return Poll::Ready(Err(GetError::Closed));
        }
        if is_unknown { Poll::Pending } else { how.nothing() }
    }
}

impl<W: SelectTuple> Watcher for Select<W> {
    type Item = W::Item;

    watcher_methods!();

    /// It does not: an item of one value says nothing about the others.
    fn supersedes(&self) -> bool {
        false
    }
}

impl<W: fmt::Debug> fmt::Debug for Select<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("watchers", &self.watchers).finish_non_exhaustive()
    }
}

/// Tuples of two to eight watchers, whose items are of one type.
pub trait SelectTuple: sealed::SelectTuple {}
impl<W: sealed::SelectTuple> SelectTuple for W {}

mod sealed {
    use core::task::{Context, Poll};

    use super::{GetError, How, Watcher};

    pub trait SelectTuple {
        type Item;
        const LEN: usize;

        fn poll_one(
            &mut self,
            index: usize,
            how: How,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&Self::Item) -> bool,
        ) -> Poll<Result<Self::Item, GetError>>;
    }

    macro_rules! tuple {
        ($len:literal: $($W:ident $n:tt),+) => {
            impl<T, $($W: Watcher<Item = T>),+> SelectTuple for ($($W,)+) {
                type Item = T;
                const LEN: usize = $len;

                fn poll_one(
                    &mut self,
                    index: usize,
                    how: How,
                    cx: &mut Context<'_>,
                    accept: &mut dyn FnMut(&T) -> bool,
                ) -> Poll<Result<T, GetError>> {
                    match index {
                        $($n => how.poll_if(&mut self.$n, cx, accept),)+
                        _ => unreachable!("there are {} watchers", $len),
                    }
                }
            }
        };
    }

    tuple!(2: A 0, B 1);
    tuple!(3: A 0, B 1, C 2);
    tuple!(4: A 0, B 1, C 2, D 3);
    tuple!(5: A 0, B 1, C 2, D 3, E 4);
    tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
    tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}
