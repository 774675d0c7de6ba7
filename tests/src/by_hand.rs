//! Polling without a runtime, with wakers that count and that misbehave when told to.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;

/// What is done with a waker, and can be told to do something else as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `Waker::wake_by_ref`, `Waker::wake`
    Wake,
    /// `Waker::clone`
    Clone,
    /// `Waker::drop`
    Drop,
}

/// Polls futures, and counts how often they wake it. A clone is the same task.
#[derive(Clone)]
pub struct Task(Arc<State>);

#[derive(Default)]
struct State {
    wakes: AtomicUsize,
    wakers: AtomicUsize,
    panics: Mutex<Vec<Act>>,
    hooks: Mutex<Vec<(Act, Arc<Hook>)>>,
}

type Hook = dyn Fn() + Send + Sync;

impl Task {
    /// A task that was never woken.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// A waker of this task.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.0.wakers.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the table's functions agree that the pointer is that of an `Arc<State>` which has a count.
        unsafe { Waker::new(Arc::into_raw(Arc::clone(&self.0)).cast(), &TABLE) }
    }

    /// Polls `future` once and forgets it.
    pub fn poll<F: Future>(&self, future: F) -> Poll<F::Output> {
        let waker = self.waker();
        let polled = pin!(future).poll(&mut Context::from_waker(&waker));
        // By name: it may panic, and what is returned already would be leaked.
        drop(waker);
        polled
    }

    /// How often it was woken.
    #[must_use]
    pub fn wakes(&self) -> usize {
        self.0.wakes.load(Ordering::Relaxed)
    }

    /// How many wakers of this task there are.
    #[must_use]
    pub fn stored_wakers(&self) -> usize {
        self.0.wakers.load(Ordering::Relaxed)
    }

    /// Makes the next `act` of any waker of this task panic.
    pub fn panic_in(&self, act: Act) {
        lock(&self.0.panics).push(act);
    }

    /// Makes every `act` of any waker of this task call `hook`.
    pub fn on(&self, act: Act, hook: impl Fn() + Send + Sync + 'static) {
        lock(&self.0.hooks).push((act, Arc::new(hook)));
    }

    /// Forgets all hooks. What they kept is dropped.
    pub fn remove_hooks(&self) {
        let hooks = core::mem::take(&mut *lock(&self.0.hooks));
        drop(hooks);
    }
}

impl Default for Task {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wakes, wakers) = (self.wakes(), self.stored_wakers());
        f.debug_struct("Task").field("wakes", &wakes).field("wakers", &wakers).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while it is locked")
}

impl State {
    /// Does what was asked for, in the midst of `act`.
    fn interfere(&self, act: Act) {
        let hooks: Vec<_> =
            lock(&self.hooks).iter().filter(|(on, _)| *on == act).map(|(_, hook)| hook.clone()).collect();
        hooks.iter().for_each(|hook| hook());
        let mut panics = lock(&self.panics);
        let told = panics.iter().position(|told| *told == act).map(|position| panics.remove(position));
        drop(panics);
        if told.is_some() {
            // A panic without the message, of which there would be thousands.
            resume_unwind(Box::new(format!("a waker was told to panic in {act:?}")));
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

unsafe fn state<'a>(pointer: *const ()) -> &'a State {
    // SAFETY: the callers were given the pointer of an `Arc` with a count, which outlives their use of the reference.
    unsafe { &*pointer.cast::<State>() }
}

unsafe fn clone(pointer: *const ()) -> RawWaker {
    // SAFETY: a waker's pointer.
    let state = unsafe { state(pointer) };
    state.interfere(Act::Clone);
    state.wakers.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the pointer of an `Arc` with a count.
    unsafe { Arc::increment_strong_count(pointer.cast::<State>()) };
    RawWaker::new(pointer, &TABLE)
}

unsafe fn wake(pointer: *const ()) {
    struct DropWaker(*const ());
    impl Drop for DropWaker {
        fn drop(&mut self) {
            // SAFETY: `wake` consumes the waker.
            unsafe { drop_waker(self.0) };
        }
    }
    let _waker = DropWaker(pointer);
    // SAFETY: a waker's pointer.
    unsafe { wake_by_ref(pointer) };
}

unsafe fn wake_by_ref(pointer: *const ()) {
    // SAFETY: a waker's pointer.
    let state = unsafe { state(pointer) };
    state.wakes.fetch_add(1, Ordering::Relaxed);
    state.interfere(Act::Wake);
}

unsafe fn drop_waker(pointer: *const ()) {
    // SAFETY: the pointer of an `Arc` with a count, which this waker gives up.
    let state = unsafe { Arc::from_raw(pointer.cast::<State>()) };
    state.wakers.fetch_sub(1, Ordering::Relaxed);
    state.interfere(Act::Drop);
}

/// Whether `f` panics.
pub fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}
