//! Several values of one type as one.

use alloc::boxed::Box;
use core::fmt;
use core::task::{Context, Poll};

use super::bits::Bits;
use super::ready::Ready;
use super::{How, watcher_methods};
use crate::error::GetError;
use crate::traits::Watcher;

/// Watches several values whose items are of one type: returns a new item of any of them, one at a time.
///
/// The watchers are a tuple of two to eight, an array, or a vector. They take turns: after an item of one watcher, the others that
/// have something come first, in their order. So a value that is set all the time does not block the others. It is closed
/// when all of them are. (Of an empty vector it is closed from the start.)
///
/// # Cost
///
/// Of a tuple or an array, a get polls one watcher after the other, until one has something. Of a vector it polls only those that were
/// woken, and reads one word for every `usize::BITS` watchers. For that, each watcher has a waker of its own, which is allocated
/// here and when the whole is cloned. So for more than a few watchers a vector is the better choice.
/// [`backlog_only`](crate::Get::backlog_only) polls each of them in any case, and so does the get after it.
///
/// # Errors
///
/// [`GetError::Closed`] once all watchers are closed and their newest data was returned. [`GetError::Backend`] if one of them returns
/// it; the next get continues with the others.
///
/// # Cancel safety
///
/// A get that is dropped consumes nothing. A watcher that was woken for it is polled by the next one.
///
/// # Panics
///
/// A panic of a watcher or of a filter of a get passes through, and consumes what it consumes in a get of that watcher alone.
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
///
/// Of a vector, with the number of the value that has changed:
///
/// ```
/// use event_core::{MemoryValue, prelude::*, select};
///
/// # futures_lite::future::block_on(async {
/// let sensors: Vec<MemoryValue<f32>> = (0..100).map(|_| MemoryValue::new()).collect();
/// let numbered = sensors.iter().enumerate().map(|(number, sensor)| {
///     sensor.watch().map(move |celsius| (number, celsius))
/// });
/// let mut any = select(numbered.collect::<Vec<_>>());
/// sensors[77].set(20.5);
/// assert_eq!(any.get().await?, (77, 20.5));
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("merge", "select_all", "SelectAll", "StreamMap"))]
pub fn select<W: SelectTuple>(watchers: W) -> Select<W> {
    let (open, ready) = (watchers.count(), watchers.ready().map(Box::new));
    Select { watchers, first: 0, open, closed: Bits::default(), ready }
}

/// A watcher of several values whose items are of one type. Made by [`select`].
#[derive(Clone)]
pub struct Select<W> {
    watchers: W,
    /// Whose turn it is.
    first: usize,
    /// How many are not closed.
    open: usize,
    closed: Bits,
    /// Which of them to poll, where they are many.
    ready: Option<Box<Ready>>,
}

impl<W: SelectTuple> Select<W> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let (mut is_unknown, count) = (false, self.watchers.count());
        if let Some(ready) = &mut self.ready {
            if how == How::Waiting {
                return self.poll_woken(cx, accept);
            }
            // Each may forget its own waker for that of the backlog.
            (0..count).for_each(|index| ready.is_due(index));
        }
        for index in (0..count).map(|nth| (self.first + nth) % count) {
            if self.closed.contains(index) {
                continue;
            }
            match self.watchers.poll_one(index, how, cx, accept) {
                Poll::Ready(Err(GetError::Closed)) => {
                    self.closed.insert(index);
                    self.open -= 1;
                }
                Poll::Ready(Err(GetError::BacklogDone)) => {}
                Poll::Ready(given) => {
                    self.first = (index + 1) % count;
                    return Poll::Ready(given);
                }
                Poll::Pending => is_unknown |= how == How::BacklogOnly,
            }
        }
        if self.open == 0 {
            return Poll::Ready(Err(GetError::Closed));
        }
        if is_unknown { Poll::Pending } else { how.nothing() }
    }

    /// A get that polls only those that were woken, each with a waker of its own.
    fn poll_woken(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&W::Item) -> bool,
    ) -> Poll<Result<W::Item, GetError>> {
        let (ready, count) = (self.ready.as_mut().expect("the caller has looked"), self.watchers.count());
        ready.collect();
        for range in [self.first..count, 0..self.first] {
            let mut from = range.start;
            while let Some(index) = ready.next_in(from..range.end) {
                from = index + 1;
                if self.closed.contains(index) {
                    ready.is_done(index);
                    continue;
                }
                let watchers = &mut self.watchers;
                match ready.poll(index, |cx| watchers.poll_one(index, How::Waiting, cx, accept)) {
                    Poll::Ready(Err(GetError::Closed)) => {
                        self.closed.insert(index);
                        self.open -= 1;
                    }
                    Poll::Ready(given) => {
                        self.first = (index + 1) % count;
                        return Poll::Ready(given);
                    }
                    Poll::Pending => {}
                }
            }
        }
        if self.open == 0 {
            return Poll::Ready(Err(GetError::Closed));
        }
        ready.wait(cx);
        Poll::Pending
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

/// Watchers whose items are of one type: tuples of two to eight, arrays and vectors.
pub trait SelectTuple: sealed::SelectTuple {}
impl<W: sealed::SelectTuple> SelectTuple for W {}

mod sealed {
    use alloc::vec::Vec;
    use core::task::{Context, Poll};

    use super::{GetError, How, Ready, Watcher};

    pub trait SelectTuple {
        type Item;

        fn count(&self) -> usize;

        /// For those that are polled only when they are woken.
        fn ready(&self) -> Option<Ready> {
            None
        }

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

                fn count(&self) -> usize {
                    $len
                }

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

    impl<W: Watcher, const N: usize> SelectTuple for [W; N] {
        type Item = W::Item;

        fn count(&self) -> usize {
            N
        }

        fn poll_one(
            &mut self,
            index: usize,
            how: How,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&W::Item) -> bool,
        ) -> Poll<Result<W::Item, GetError>> {
            how.poll_if(&mut self[index], cx, accept)
        }
    }

    impl<W: Watcher> SelectTuple for Vec<W> {
        type Item = W::Item;

        fn count(&self) -> usize {
            self.len()
        }

        fn ready(&self) -> Option<Ready> {
            Some(Ready::new(self.len()))
        }

        fn poll_one(
            &mut self,
            index: usize,
            how: How,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&W::Item) -> bool,
        ) -> Poll<Result<W::Item, GetError>> {
            how.poll_if(&mut self[index], cx, accept)
        }
    }
}
