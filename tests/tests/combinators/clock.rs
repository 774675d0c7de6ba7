//! Time that passes when it is told to.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use event_core::Timer;

/// A clock that shows whole seconds. A clone is the same clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    now: u64,
    begun: u64,
    /// Who sleeps: by number, until when.
    sleeping: BTreeMap<u64, (u64, Option<Waker>)>,
}

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        self.0.borrow().now
    }

    /// Lets time pass, and then wakes whoever has slept long enough.
    pub(crate) fn advance(&self, seconds: u64) {
        let mut state = self.0.borrow_mut();
        state.now += seconds;
        let now = state.now;
        let due = state.sleeping.values_mut().filter(|(until, _)| *until <= now);
        let wakers: Vec<_> = due.filter_map(|(_, waker)| waker.take()).collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many sleeps have begun and are kept, over or not.
    pub(crate) fn sleeping(&self) -> usize {
        self.0.borrow().sleeping.len()
    }
}

impl Timer for Clock {
    type Sleep = Sleep;

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut state = self.0.borrow_mut();
        let (number, until) = (state.begun, state.now + duration.as_secs());
        state.begun += 1;
        state.sleeping.insert(number, (until, None));
        Sleep { clock: self.clone(), number, is_over: false }
    }
}

/// Like the sleeps of runtimes, it must not be polled again when it is over.
#[derive(Debug)]
pub(crate) struct Sleep {
    clock: Clock,
    number: u64,
    is_over: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(!self.is_over, "a sleep was polled after its end");
        let mut state = self.clock.0.borrow_mut();
        let now = state.now;
        let (until, waker) = state.sleeping.get_mut(&self.number).expect("it is there until it is dropped");
        if *until > now {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.is_over = true;
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let gone = self.clock.0.borrow_mut().sleeping.remove(&self.number);
        drop(gone);
    }
}
