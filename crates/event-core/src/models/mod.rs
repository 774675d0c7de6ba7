//! Models: small programs whose every interleaving is tried.
//!
//! The same bodies run under loom (all interleavings and reorderings within a bound on preemptions), under shuttle
//! (random and PCT schedules, sequentially consistent) and as ordinary tests on real threads. `ci/models.sh` runs them.
//!
//! Loom keeps only the last access of an object when it decides what to reorder, so a model can come to an end after one
//! execution and prove nothing; hence each model says how many executions it must at least have had. A loop that loads
//! and then exchanges starts, here, with a read-modify-write. For each handshake there is a mutation test: without that
//! fence, the model must fail.

mod backlog;
mod blocking;
mod cached;
mod cell;
mod combinators;
mod forms;
#[cfg(not(event_core_loom))]
mod histories;
mod holders;
mod lent;
mod many;
mod memory;
mod quiet;
mod shards;
mod sole;
mod sync_mode;
mod wakers;
mod watching;

use alloc::sync::Arc;
use alloc::task::Wake;
#[cfg(any(event_core_loom, event_core_shuttle))]
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Waker};

#[cfg(any(event_core_loom, event_core_shuttle))]
use crate::sync::Handshake;

#[cfg(event_core_loom)]
pub(crate) use loom::thread;
#[cfg(event_core_shuttle)]
pub(crate) use shuttle::thread;
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
pub(crate) use std::thread;

#[cfg(any(event_core_loom, event_core_shuttle))]
std::thread_local! {
    /// Loom and shuttle run all threads of a model on the thread of the test.
    static LEFT_OUT: Cell<Option<Handshake>> = const { Cell::new(None) };
}

std::thread_local! {
    static ON_LENT_STORAGE: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

/// Runs a model of which what is made by its first thread is on storage that is lent.
fn on_lent_storage(model: impl FnOnce()) {
    struct PutBack;
    impl Drop for PutBack {
        fn drop(&mut self) {
            ON_LENT_STORAGE.set(false);
        }
    }
    ON_LENT_STORAGE.set(true);
    let _put_back = PutBack;
    model();
}

fn is_on_lent_storage() -> bool {
    ON_LENT_STORAGE.get()
}

#[cfg(event_core_loom)]
std::thread_local! {
    static FIRST_LOOK_MODIFIES: Cell<bool> = const { Cell::new(false) };
}

/// Whether a mutation test has taken this handshake's fence away.
#[cfg(any(event_core_loom, event_core_shuttle))]
pub(crate) fn is_left_out(which: Handshake) -> bool {
    LEFT_OUT.get() == Some(which)
}

/// Which of the two ways to begin a loop is being explored. See `sync::first_look`.
#[cfg(event_core_loom)]
pub(crate) fn first_look_modifies() -> bool {
    FIRST_LOOK_MODIFIES.get()
}

/// How thoroughly a model is explored.
#[derive(Clone, Copy)]
#[cfg_attr(not(event_core_loom), allow(dead_code, reason = "each checker uses its own part"))]
pub(super) struct Effort {
    /// Loom: how often a thread may be preempted. 3 finds what is known; more takes hours.
    pub(super) preemptions: usize,
    /// Loom: so many executions at least, or the model explores less than its author believes.
    pub(super) at_least: usize,
}

#[cfg(event_core_loom)]
impl Effort {
    /// What takes long, with one preemption less and at most 3, if that is asked for.
    fn brief(self) -> Self {
        const LONG: usize = 10_000;
        if self.at_least < LONG || std::env::var_os("EVENT_MODELS_BRIEF").is_none() {
            return self;
        }
        Self { preemptions: (self.preemptions - 1).min(3), at_least: LONG / 100 }
    }
}

/// Runs `model` in every way there is, within `effort`.
#[cfg(event_core_loom)]
pub(super) fn explore(effort: Effort, model: impl Fn() + Sync + Send + 'static) {
    let effort = effort.brief();
    let executions = run(effort.preemptions, model);
    std::println!("{executions} executions");
    assert!(executions >= effort.at_least, "only {executions} executions, at least {} expected", effort.at_least);
}

#[cfg(event_core_loom)]
fn run(preemptions: usize, model: impl Fn() + Sync + Send + 'static) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let model = Arc::new(model);
    for modifies in [false, true] {
        FIRST_LOOK_MODIFIES.set(modifies);
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.max_branches = 20_000;
        let (counter, model) = (Arc::clone(&executions), Arc::clone(&model));
        builder.check(move || {
            // Ordering: Relaxed. A statistic.
            counter.fetch_add(1, Ordering::Relaxed);
            model();
        });
    }
    // Ordering: Relaxed. A statistic.
    executions.load(Ordering::Relaxed)
}

/// Runs `model` without one handshake's fence, or without a step that is to be kept, and expects it to fail.
#[cfg(any(event_core_loom, event_core_shuttle))]
pub(super) fn must_fail_without(which: Handshake, preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    struct PutBack;
    impl Drop for PutBack {
        fn drop(&mut self) {
            LEFT_OUT.set(None);
        }
    }
    LEFT_OUT.set(Some(which));
    let _put_back = PutBack;
    assert!(fails(preemptions, model), "the model holds without the fence of {which:?}: it does not test it");
}

/// Runs `model`, which does something in a way that is wrong, and expects it to fail.
#[cfg(event_core_loom)]
pub(super) fn must_fail(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    assert!(fails(preemptions, model), "the model holds for what is wrong: it does not test it");
}

#[cfg(event_core_loom)]
fn fails(preemptions: usize, model: impl Fn() + Sync + Send + 'static) -> bool {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| run(preemptions, model))).is_err()
}

/// Random schedules. They know no fences, so this is for steps that are more than a fence.
#[cfg(event_core_shuttle)]
fn fails(_: usize, model: impl Fn() + Sync + Send + 'static) -> bool {
    const SCHEDULES: usize = 20_000;
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| shuttle::check_random(model, SCHEDULES))).is_err()
}

/// Runs `model` under random schedules, sequentially consistent.
#[cfg(event_core_shuttle)]
pub(super) fn explore(_: Effort, model: impl Fn() + Sync + Send + 'static) {
    const CHANGES: usize = 3;
    let schedules = if std::env::var_os("EVENT_MODELS_BRIEF").is_some() { 5_000 } else { 20_000 };
    let executions = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&executions);
    let model = Arc::new(move || {
        // Ordering: Relaxed. A statistic.
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let again = Arc::clone(&model);
    shuttle::check_random(move || model(), schedules);
    shuttle::check_pct(move || again(), schedules, CHANGES);
    assert_eq!(executions.load(Ordering::Relaxed), 2 * schedules);
}

/// Runs `model` a few times on real threads.
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
pub(super) fn explore(_: Effort, model: impl Fn() + Sync + Send + 'static) {
    for _ in 0..200 {
        model();
    }
}

/// A waker that counts. Whoever sees that it was rung has acquired what happened before, as by an executor.
pub(super) struct Bell(crate::sync::atomic::AtomicUsize);

impl Bell {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(crate::sync::atomic::AtomicUsize::new(0)))
    }

    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// How often it was rung.
    pub(super) fn rung(&self) -> usize {
        // Ordering: Acquire, partner: `wake_by_ref`.
        self.0.load(Ordering::Acquire)
    }

    /// Whether it was rung since this was asked before. As by an executor that is about to poll: what it has not seen of
    /// the ring before is not lost with it.
    pub(super) fn answer(&self) -> bool {
        // Ordering: Acquire, partner: `wake_by_ref`.
        self.0.swap(0, Ordering::Acquire) > 0
    }

    /// How many wakers of it exist.
    pub(super) fn wakers(self: &Arc<Self>) -> usize {
        Arc::strong_count(self) - 1
    }

    /// Runs `poll` with a waker of this bell.
    pub(super) fn poll<R>(self: &Arc<Self>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        poll(&mut Context::from_waker(&self.waker()))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release, partner: `rung`.
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// Data that tells whether every piece of it was dropped exactly once.
#[derive(Clone)]
pub(super) struct Census(Arc<[AtomicUsize; 2]>);

impl Census {
    pub(super) fn new() -> Self {
        Self(Arc::new([const { AtomicUsize::new(0) }; 2]))
    }

    pub(super) fn citizen(&self, number: usize) -> Citizen {
        // Ordering: Relaxed, here and below. Counters that are read after joins.
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Citizen { number, alive: true, census: self.clone() }
    }

    pub(super) fn alive(&self) -> usize {
        self.0[0].load(Ordering::Relaxed) - self.0[1].load(Ordering::Relaxed)
    }
}

pub(super) struct Citizen {
    pub(super) number: usize,
    alive: bool,
    census: Census,
}

impl Citizen {
    /// Its number, if it has not been dropped.
    pub(super) fn checked_number(&self) -> usize {
        assert!(self.alive, "a dropped piece of data was read");
        self.number
    }
}

impl Clone for Citizen {
    fn clone(&self) -> Self {
        assert!(self.alive, "a dropped piece of data was cloned");
        self.census.citizen(self.number)
    }
}

impl PartialEq for Citizen {
    fn eq(&self, other: &Self) -> bool {
        assert!(self.alive && other.alive, "a dropped piece of data was compared");
        self.number == other.number
    }
}

impl Drop for Citizen {
    fn drop(&mut self) {
        assert!(self.alive, "a piece of data was dropped twice");
        self.alive = false;
        self.census.0[1].fetch_add(1, Ordering::Relaxed);
    }
}
