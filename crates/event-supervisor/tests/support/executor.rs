//! A runtime on one thread whose time is virtual, and which draws by lot what runs next.
//!
//! When nothing can run, the clock jumps to the next sleep that is over. So nothing takes real time, and the same seed gives
//! the same run, as long as nobody else decides anything.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use event_supervisor::Runtime;

use super::random::Random;

/// Far more polls than any test needs.
const TOO_MANY: u64 = 2_000_000;
/// The task of `block_on`.
const MAIN: u64 = 0;

type Hook = Box<dyn FnOnce(&Sim) + Send>;
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The runtime. When it is dropped, its tasks are, as in a runtime that is shut down.
#[derive(Debug)]
pub(crate) struct Sim {
    core: Arc<Core>,
    is_guest: bool,
}

/// For supervisors. It does not keep the tasks alive, which keep it alive.
#[derive(Clone, Debug)]
pub(crate) struct SimRuntime(Weak<Core>);

/// A sleep that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slept {
    pub(crate) at: Duration,
    pub(crate) duration: Duration,
}

struct Core {
    state: Mutex<State>,
}

struct State {
    now: Duration,
    random: Random,
    /// Without the one that is being polled.
    tasks: BTreeMap<u64, Option<Task>>,
    runnable: Vec<u64>,
    /// By when they are over.
    timers: BTreeMap<(Duration, u64), Option<Waker>>,
    slept: Vec<Slept>,
    last_id: u64,
    polls: u64,
    is_shut_down: bool,
    at_wake: Option<Hook>,
}

/// What came of a step.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Task,
    Main,
}

impl Sim {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State {
            now: Duration::ZERO,
            random: Random::new(seed),
            tasks: BTreeMap::new(),
            runnable: Vec::new(),
            timers: BTreeMap::new(),
            slept: Vec::new(),
            last_id: MAIN,
            polls: 0,
            is_shut_down: false,
            at_wake: None,
        };
        Self { core: Arc::new(Core { state: Mutex::new(state) }), is_guest: false }
    }

    pub(crate) fn runtime(&self) -> SimRuntime {
        SimRuntime(Arc::downgrade(&self.core))
    }

    /// What the clock shows. It is zero at first.
    pub(crate) fn now(&self) -> Duration {
        self.core.lock().now
    }

    /// All sleeps that were asked for, in this order.
    pub(crate) fn slept(&self) -> Vec<Slept> {
        self.core.lock().slept.clone()
    }

    /// How many tasks have not ended.
    pub(crate) fn tasks(&self) -> usize {
        self.core.lock().tasks.len()
    }

    /// How many sleeps are not over and still wanted.
    pub(crate) fn timers(&self) -> usize {
        self.core.lock().timers.len()
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        self.core.lock().random.below(end)
    }

    /// Polls one task. False if none can run.
    pub(crate) fn step(&self) -> bool {
        self.core.step() != Step::Nothing
    }

    /// Runs until nothing can go on at this time.
    pub(crate) fn settle(&self) {
        while self.step() {}
    }

    /// When the next sleep is over.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        self.core.lock().timers.keys().next().map(|(over, _)| *over)
    }

    /// Moves the clock to the next sleep that is over, if there is one.
    pub(crate) fn jump(&self) -> bool {
        let Some(next) = self.next_timer() else { return false };
        self.core.set_clock(next);
        true
    }

    /// Lets so much time pass, and runs whatever runs meanwhile.
    pub(crate) fn advance(&self, duration: Duration) {
        let end = self.now().saturating_add(duration);
        self.settle();
        while self.next_timer().is_some_and(|next| next <= end) {
            self.jump();
            self.settle();
        }
        self.core.set_clock(end);
    }

    /// Runs until `future` is ready. Panics if nothing could ever make it so.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let waker = self.core.waker(MAIN);
        self.core.wake(MAIN);
        loop {
            match self.core.step() {
                Step::Main => {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        return output;
                    }
                }
                Step::Task => {}
                Step::Nothing => {
                    let moved = self.jump();
                    assert!(moved, "it hangs: {} tasks wait at {:?}, none for the time", self.tasks(), self.now());
                }
            }
        }
    }

    /// Does something when the next task is woken, while whoever wakes it is in the middle of that: as a thread would that is
    /// faster.
    pub(crate) fn at_next_wake(&self, hook: impl FnOnce(&Self) + Send + 'static) {
        self.core.lock().at_wake = Some(Box::new(hook));
    }

    /// Drops all tasks where they are, in any order. Nothing can be spawned from then on.
    pub(crate) fn shut_down(&self) {
        self.core.lock().is_shut_down = true;
        loop {
            let task = {
                let mut state = self.core.lock();
                let ids: Vec<u64> = state.tasks.keys().copied().collect();
                let Some(id) = state.random.pick(&ids) else { return };
                state.tasks.remove(id)
            };
            drop(task);
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if !self.is_guest {
            self.shut_down();
        }
    }
}

impl SimRuntime {
    /// What the clock shows.
    pub(crate) fn now(&self) -> Duration {
        self.0.upgrade().map_or(Duration::MAX, |core| core.lock().now)
    }
}

impl Runtime for SimRuntime {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(core) = self.0.upgrade() {
            core.spawn(Box::pin(task));
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        let sleep = self.0.upgrade().map(|core| core.sleep(duration));
        async move {
            match sleep {
                Some(sleep) => sleep.await,
                None => std::future::pending().await,
            }
        }
    }

    fn now(&self) -> Duration {
        self.now()
    }
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing but this file runs while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, task: Task) {
        let mut state = self.lock();
        if state.is_shut_down {
            drop(state);
            return drop(task);
        }
        let id = state.new_id();
        state.tasks.insert(id, Some(task));
        state.runnable.push(id);
    }

    fn sleep(self: &Arc<Self>, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut state = self.lock();
        let at = state.now;
        state.slept.push(Slept { at, duration });
        let key = (at.saturating_add(duration), state.new_id());
        state.timers.insert(key, None);
        let sleep = Sleep { core: Arc::downgrade(self), key };
        poll_fn(move |cx| sleep.poll(cx))
    }

    fn waker(self: &Arc<Self>, id: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker { core: Arc::downgrade(self), id }))
    }

    fn wake(self: &Arc<Self>, id: u64) {
        let mut state = self.lock();
        if !state.runnable.contains(&id) {
            state.runnable.push(id);
        }
        let hook = state.at_wake.take();
        drop(state);
        if let Some(hook) = hook {
            hook(&Sim { core: Arc::clone(self), is_guest: true });
        }
    }

    fn set_clock(&self, now: Duration) {
        let wakers = {
            let mut state = self.lock();
            state.now = now;
            let later = state.timers.split_off(&(now, u64::MAX));
            mem::replace(&mut state.timers, later)
        };
        wakers.into_values().flatten().for_each(Waker::wake);
    }

    fn step(self: &Arc<Self>) -> Step {
        let (id, task) = {
            let mut state = self.lock();
            loop {
                if state.runnable.is_empty() {
                    return Step::Nothing;
                }
                let end = state.runnable.len() as u64;
                let number = state.random.below(end) as usize;
                let id = state.runnable.swap_remove(number);
                state.polls += 1;
                assert!(state.polls < TOO_MANY, "it spins: {} polls by {:?}", state.polls, state.now);
                if id == MAIN {
                    return Step::Main;
                }
                // What has ended may still be woken.
                if let Some(task) = state.tasks.get_mut(&id).and_then(Option::take) {
                    break (id, task);
                }
            }
        };
        self.poll(id, task);
        Step::Task
    }

    fn poll(self: &Arc<Self>, id: u64, mut task: Task) {
        let waker = self.waker(id);
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut state = self.lock();
        if polled.is_pending() {
            if let Some(place) = state.tasks.get_mut(&id) {
                *place = Some(task);
                return;
            }
        }
        state.tasks.remove(&id);
        drop(state);
        drop(task);
    }
}

impl State {
    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

struct TaskWaker {
    core: Weak<Core>,
    id: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if let Some(core) = self.core.upgrade() {
            core.wake(self.id);
        }
    }
}

struct Sleep {
    core: Weak<Core>,
    key: (Duration, u64),
}

impl Sleep {
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(core) = self.core.upgrade() else { return Poll::Pending };
        let mut state = core.lock();
        if self.key.0 <= state.now {
            state.timers.remove(&self.key);
            return Poll::Ready(());
        }
        state.timers.insert(self.key, Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.core.upgrade().and_then(|core| core.lock().timers.remove(&self.key));
        drop(waker);
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}
