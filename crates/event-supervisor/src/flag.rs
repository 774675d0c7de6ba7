//! Something that happens once and can be waited for.

use alloc::vec::Vec;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::body::catch;
use crate::lock::Lock;

/// Lowered at first, then raised for ever.
///
/// A closed [`MemoryValue`](event_core::MemoryValue) would do, but every run has a flag, and most have one waiter: this needs no
/// allocation for that one.
pub(crate) struct Flag(Lock<State>);

struct State {
    is_raised: bool,
    last_key: u64,
    first: Option<Waiter>,
    others: Vec<Waiter>,
}

struct Waiter {
    key: u64,
    waker: Waker,
}

impl Flag {
    pub(crate) const fn new() -> Self {
        Self(Lock::new(State { is_raised: false, last_key: 0, first: None, others: Vec::new() }))
    }

    /// Wakes all waiters, and then panics if one of them does.
    pub(crate) fn raise(&self) {
        let (first, others) = self.0.with(|state| {
            state.is_raised = true;
            (state.first.take(), mem::take(&mut state.others))
        });
        let mut woken = Ok(());
        for waiter in first.into_iter().chain(others) {
            woken = woken.and(catch(|| waiter.waker.wake()));
        }
        if let Err(panic) = woken {
            panic!("a waker panicked: {panic}");
        }
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.with(|state| state.is_raised)
    }

    pub(crate) fn raised(&self) -> Raised<'_> {
        Raised { flag: self, key: None }
    }
}

impl State {
    fn find(&mut self, key: u64) -> Option<&mut Waker> {
        let waiter = self.first.iter_mut().chain(&mut self.others).find(|waiter| waiter.key == key);
        waiter.map(|waiter| &mut waiter.waker)
    }

    /// Keeps a waker, under a new key unless there is one. Returns the key, and what it replaces.
    fn keep(&mut self, key: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        if let Some(key) = key {
            if let Some(kept) = self.find(key) {
                return (key, Some(mem::replace(kept, waker)));
            }
        }
        self.last_key += 1;
        let waiter = Waiter { key: self.last_key, waker };
        match &mut self.first {
            first @ None => *first = Some(waiter),
            Some(_) => self.others.push(waiter),
        }
        (self.last_key, None)
    }

    fn remove(&mut self, key: u64) -> Option<Waiter> {
        if let Some(first) = self.first.take_if(|first| first.key == key) {
            return Some(first);
        }
        let place = self.others.iter().position(|waiter| waiter.key == key)?;
        Some(self.others.swap_remove(place))
    }
}

/// Waits until a flag is raised.
pub(crate) struct Raised<'a> {
    flag: &'a Flag,
    /// Of the waker that was kept last.
    key: Option<u64>,
}

impl Future for Raised<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let key = self.key;
        let is_kept = |state: &mut State| {
            let kept = key.and_then(|key| state.find(key)).is_some_and(|kept| kept.will_wake(cx.waker()));
            (state.is_raised, kept)
        };
        match self.flag.0.with(is_kept) {
            (true, _) => return Poll::Ready(()),
            (false, true) => return Poll::Pending,
            (false, false) => {}
        }
        // Wakers are not ours: they are cloned and dropped where nothing is locked.
        let mut waker = Some(cx.waker().clone());
        let (is_raised, kept) = self.flag.0.with(|state| {
            let kept = if state.is_raised { None } else { waker.take().map(|waker| state.keep(key, waker)) };
            (state.is_raised, kept)
        });
        if let Some((key, _replaced)) = kept {
            self.key = Some(key);
        }
        if is_raised { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        let removed = self.key.and_then(|key| self.flag.0.with(|state| state.remove(key)));
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::pin::pin;

    use super::*;

    struct Counter(Lock<usize>);

    impl Default for Counter {
        fn default() -> Self {
            Self(Lock::new(0))
        }
    }

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.with(|wakes| *wakes += 1);
        }
    }

    impl Counter {
        fn wakes(&self) -> usize {
            self.0.with(|wakes| *wakes)
        }
    }

    #[test]
    fn all_waiters_are_woken_once_and_what_was_dropped_is_not() {
        let flag = Flag::new();
        let counters: [Arc<Counter>; 3] = Default::default();
        let mut waits: Vec<_> = counters.iter().map(|_| alloc::boxed::Box::pin(flag.raised())).collect();
        for (wait, counter) in waits.iter_mut().zip(&counters) {
            let waker = Waker::from(Arc::clone(counter));
            // A second poll keeps no second waker.
            for _ in 0..2 {
                assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        drop(waits.remove(0));
        assert_eq!(Arc::strong_count(&counters[0]), 1);
        flag.raise();
        flag.raise();
        assert_eq!(counters.each_ref().map(|counter| counter.wakes()), [0, 1, 1]);
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    }

    #[test]
    fn the_waker_of_the_last_poll_is_the_one_that_counts() {
        let flag = Flag::new();
        let counters: [Arc<Counter>; 2] = Default::default();
        let mut wait = pin!(flag.raised());
        for counter in &counters {
            let waker = Waker::from(Arc::clone(counter));
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        flag.raise();
        assert_eq!(counters.each_ref().map(|counter| counter.wakes()), [0, 1]);
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_waker_that_panics_keeps_no_other_from_being_woken() {
        struct Bomb;
        impl Wake for Bomb {
            fn wake(self: Arc<Self>) {
                std::panic::resume_unwind(alloc::boxed::Box::new("the waker"));
            }
        }
        let flag = Flag::new();
        let counter = Arc::new(Counter::default());
        let (mut first, mut second) = (pin!(flag.raised()), pin!(flag.raised()));
        let (bomb, good) = (Waker::from(Arc::new(Bomb)), Waker::from(Arc::clone(&counter)));
        assert!(first.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
        assert!(second.as_mut().poll(&mut Context::from_waker(&good)).is_pending());
        let raised = catch(|| flag.raise());
        assert_eq!(raised, Err("panicked: a waker panicked: panicked: the waker".into()));
        assert_eq!((counter.wakes(), flag.is_raised()), (1, true));
    }
}
