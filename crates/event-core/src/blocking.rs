//! Waiting on a thread, without a runtime.

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::task::Waker;
use core::task::{Context, Poll};

use bell::Bell;
pub use spin::RelaxStrategy;

use crate::traits::Watcher;

#[cfg(feature = "alloc")]
mod bell;
#[cfg(not(feature = "alloc"))]
#[path = "blocking/bell_of_all.rs"]
mod bell;

/// Polls until it is ready. In between the processor relaxes as `R` says, until the waker has been called.
pub(crate) fn relax_until_ready<R: RelaxStrategy, T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let mut bell = Bell::new();
    let waker = bell.waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        bell.answer();
        if let Poll::Ready(ready) = poll(&mut cx) {
            return ready;
        }
        while !bell.is_rung() {
            R::relax();
        }
    }
}

/// Polls until it is ready or the time is up, which comes first if both are so. The thread sleeps in between.
#[cfg(feature = "std")]
pub(crate) fn park_until_ready<T>(
    deadline: Option<std::time::Instant>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Option<T> {
    with_parker(|parker, waker| {
        let mut cx = Context::from_waker(waker);
        loop {
            if deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline) {
                return None;
            }
            if let Poll::Ready(ready) = poll(&mut cx) {
                return Some(ready);
            }
            if is_woken_soon(parker) {
                continue;
            }
            match deadline {
                None => parker.park(),
                // It may return early, or for another reason: the clock is asked again.
                Some(deadline) => _ = parker.park_deadline(deadline),
            }
        }
    })
}

/// Looks for a moment whether the thread is woken, and takes the wake-up: for as long as it takes to be put to sleep and woken by the
/// kernel, so that at worst a wait costs twice as much (A. R. Karlin et al., *Empirical studies of competitive spinning for a shared-memory
/// multiprocessor*, 1991).
#[cfg(feature = "std")]
fn is_woken_soon(parker: &parking::Parker) -> bool {
    const MOMENT: core::time::Duration = core::time::Duration::from_micros(10);
    const PAUSES_BETWEEN_LOOKS: usize = 8;
    let begin = std::time::Instant::now();
    loop {
        (0..PAUSES_BETWEEN_LOOKS).for_each(|_| core::hint::spin_loop());
        if parker.park_timeout(core::time::Duration::ZERO) {
            return true;
        }
        if begin.elapsed() >= MOMENT {
            return false;
        }
    }
}

/// A parker and its waker, those of the thread unless they are in use: one that waits in the midst of a poll must not take
/// the wake-up of the wait around it.
#[cfg(feature = "std")]
fn with_parker<R>(f: impl FnOnce(&parking::Parker, &Waker) -> R) -> R {
    use core::cell::RefCell;

    fn new() -> (parking::Parker, Waker) {
        let (parker, unparker) = parking::pair();
        (parker, unparker.into())
    }

    std::thread_local! {
        static OF_THREAD: RefCell<(parking::Parker, Waker)> = RefCell::new(new());
    }

    let mut f = Some(f);
    let mut run = |(parker, waker): &(parking::Parker, Waker)| f.take().map(|f| f(parker, waker));
    // There is none any more while the thread's variables are being dropped.
    let ran = OF_THREAD.try_with(|of_thread| of_thread.try_borrow_mut().ok().and_then(|of_thread| run(&of_thread)));
    ran.ok().flatten().or_else(|| run(&new())).expect("`run` was called once")
}

/// The data of a watcher, one after the other, waiting on the thread. Made by
/// [`WatcherExt::blocking_iter`](crate::WatcherExt::blocking_iter) and
/// [`WatcherExt::relaxing_iter`](crate::WatcherExt::relaxing_iter).
///
/// It ends when the watcher is closed or fails.
#[must_use = "iterators do nothing unless consumed"]
pub struct BlockingIter<'a, W: ?Sized, B> {
    watcher: &'a mut W,
    has_ended: bool,
    block: PhantomData<fn() -> B>,
}

impl<'a, W: ?Sized, B> BlockingIter<'a, W, B> {
    pub(crate) fn new(watcher: &'a mut W) -> Self {
        Self { watcher, has_ended: false, block: PhantomData }
    }
}

impl<W: Watcher + ?Sized, B: Block> Iterator for BlockingIter<'_, W, B> {
    type Item = W::Item;

    fn next(&mut self) -> Option<W::Item> {
        if self.has_ended {
            return None;
        }
        let item = B::until_ready(|cx| self.watcher.poll_get(cx)).ok();
        self.has_ended = item.is_none();
        item
    }
}

impl<W: Watcher + ?Sized, B: Block> core::iter::FusedIterator for BlockingIter<'_, W, B> {}

impl<W: fmt::Debug + ?Sized, B> fmt::Debug for BlockingIter<'_, W, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingIter").field("watcher", &&*self.watcher).finish_non_exhaustive()
    }
}

/// A way to wait: [`Park`], or [`Relax`] in a way of your own.
pub trait Block: sealed::Block {}
impl<B: sealed::Block> Block for B {}

/// The thread sleeps.
#[cfg(feature = "std")]
#[derive(Debug)]
pub enum Park {}

/// The processor does what a [`RelaxStrategy`] says.
pub struct Relax<R>(PhantomData<R>);

impl<R> fmt::Debug for Relax<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Relax").finish()
    }
}

mod sealed {
    use super::{Context, Poll, RelaxStrategy, relax_until_ready};

    pub trait Block {
        fn until_ready<T>(poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T;
    }

    #[cfg(feature = "std")]
    impl Block for super::Park {
        fn until_ready<T>(poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
            super::park_until_ready(None, poll).expect("without a deadline it waits until it is ready")
        }
    }

    impl<R: RelaxStrategy> Block for super::Relax<R> {
        fn until_ready<T>(poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
            relax_until_ready::<R, T>(poll)
        }
    }
}
