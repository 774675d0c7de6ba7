//! A tree and what it needs, as all that belong to it share it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::time::Duration;

use event_core::{MemoryReader, MemoryValue, Signal};

use crate::body::{Ending, catch};
use crate::context::StartError;
use crate::effects::Effects;
use crate::engine::{Engine, GroupId, NewMember};
use crate::lock::Lock;
use crate::log;
use crate::place::Place;
use crate::run::{Run, Starting};
use crate::runnable::BoxRunnable;
use crate::runtime::{AnyRuntime, BoxFuture};
use crate::settings::Settings;
use crate::transition::Transition;
use crate::tree::Tree;

/// So many changes of the tree, and as many more as are known in it, may be skipped while nobody can see what is published.
const SKIPPED: u64 = 100;

/// Is told of transitions.
pub(crate) type Hook = Box<dyn FnMut(&Transition) + Send>;

pub(crate) struct Shared {
    runtime: Box<dyn AnyRuntime>,
    pub(crate) settings: Arc<Settings>,
    engine: Lock<Engine>,
    tree: MemoryValue<Tree>,
    hook: Lock<Option<Hook>>,
    /// What the clock showed at the start.
    started: Duration,
}

impl Shared {
    pub(crate) fn new(runtime: Box<dyn AnyRuntime>, settings: Settings, hook: Lock<Option<Hook>>) -> Arc<Self> {
        let settings = Arc::new(settings);
        let started = runtime.now();
        Arc::new(Self {
            runtime,
            engine: Lock::new(Engine::new(Arc::clone(&settings))),
            settings,
            tree: MemoryValue::with_value(Tree::default()),
            hook,
            started,
        })
    }

    /// Starts a task. If the runtime panics, the task is dropped, which says so.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Err(panic) = catch(|| self.runtime.spawn_boxed(Box::pin(task))) {
            let _ = catch(|| log::cannot_spawn(&panic));
        }
    }

    /// Gives the message if the runtime panics, as one does that has no timers.
    pub(crate) fn sleep(&self, duration: Duration) -> Result<BoxFuture<'static, ()>, String> {
        catch(|| self.runtime.sleep_boxed(duration))
    }

    /// For runnables, which may see the runtime's panics.
    pub(crate) fn sleep_for_runnable(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.runtime.sleep_boxed(duration)
    }

    pub(crate) fn state(&self) -> MemoryReader<Tree> {
        // In this order: a change that is not published, since it found nobody, was made before this publishes.
        let reader = self.tree.reader();
        self.publish();
        reader
    }

    /// Whether somebody can see what is published. In the order in which they make each other, so that none is overlooked.
    fn is_seen(&self) -> bool {
        self.tree.reader_count() > 0 || self.tree.watcher_count() > 0 || self.tree.cached_reader_count() > 0
    }

    pub(crate) fn tree(&self) -> Tree {
        self.engine.with(|engine| engine.tree.clone())
    }

    /// Lets something happen, and then all that follows. Gives the message if code that is not ours panics.
    fn try_act<R>(self: &Arc<Self>, act: impl FnOnce(&mut Engine, &mut Effects) -> R) -> (R, Result<(), String>) {
        let now = catch(|| self.runtime.now()).unwrap_or(self.started).saturating_sub(self.started);
        let mut fx = Effects::default();
        let returned = self.engine.with(|engine| {
            engine.set_clock(now);
            let returned = act(engine, &mut fx);
            engine.work(&mut fx);
            engine.tree.number += u64::from(fx.publish);
            returned
        });
        (returned, fx.perform(self))
    }

    /// Lets something happen, and then all that follows. Then panics if code that is not ours did.
    fn act<R>(self: &Arc<Self>, act: impl FnOnce(&mut Engine, &mut Effects) -> R) -> R {
        match self.try_act(act) {
            (returned, Ok(())) => returned,
            (_, Err(panic)) => panic!("while a supervisor called a waker, a hook or the runtime: {panic}"),
        }
    }

    /// The same, for destructors, where nothing may panic.
    fn act_quietly(self: &Arc<Self>, act: impl FnOnce(&mut Engine, &mut Effects)) {
        if let ((), Err(panic)) = self.try_act(act) {
            let _ = catch(|| log::panicked(&panic));
        }
    }

    /// Publishes the newest tree, unless another thread has, or nobody can see it.
    ///
    /// What is published shares its nodes with the engine's tree, so each change copies those on the way to it. While nothing is
    /// published, a change copies none, and costs half. But the last published tree keeps what it has: so now and then it is
    /// replaced all the same.
    pub(crate) fn publish(&self) {
        self.publish_if(self.is_seen());
    }

    fn publish_if(&self, is_seen: bool) {
        self.tree.transition(|published| {
            let (number, kept) = published.map_or((0, 0), |published| (published.number, published.len() as u64));
            let newest = self.engine.with(|engine| {
                let skipped = engine.tree.number.saturating_sub(number);
                let is_due = skipped > SKIPPED + kept;
                (skipped > 0 && (is_seen || is_due)).then(|| engine.tree.clone())
            });
            (newest, ())
        });
    }

    /// The tree has ended.
    pub(crate) fn close(&self) {
        self.publish_if(true);
        self.tree.close();
    }

    /// Tells the hook of all transitions that it was not told of. If it is being told, by another thread or further up on this
    /// one, that one goes on with those.
    pub(crate) fn tell_transitions(&self) {
        if !self.settings.has_hook {
            return;
        }
        while let Some(transition) = self.engine.with(Engine::next_transition) {
            let mut hook = self.hook.with(Option::take);
            let told = catch(|| {
                if let Some(hook) = &mut hook {
                    hook(&transition);
                }
            });
            self.hook.with(|place| *place = hook);
            self.engine.with(Engine::has_told);
            if let Err(panic) = told {
                let _ = catch(|| log::panicked(&panic));
            }
        }
        if self.engine.with(|engine| engine.is_over()) {
            drop(self.hook.with(Option::take));
        }
    }
}

/// What can happen.
impl Shared {
    pub(crate) fn start_root(self: &Arc<Self>, root: NewMember) -> GroupId {
        self.act(|engine, fx| engine.start_root(self, fx, root, false))
    }

    /// Starts a root that is run once, by the caller.
    pub(crate) fn start_once(self: &Arc<Self>, root: NewMember) -> (GroupId, Option<Starting>) {
        self.act(|engine, fx| (engine.start_root(self, fx, root, true), fx.starting.pop()))
    }

    pub(crate) fn start_group(
        self: &Arc<Self>,
        parent: &Run,
        mut members: Vec<NewMember>,
    ) -> Result<GroupId, StartError> {
        self.act(|engine, fx| engine.start_group(self, fx, parent, &mut members))
    }

    pub(crate) fn begin(self: &Arc<Self>, run: &Arc<Run>) -> bool {
        self.act(|engine, fx| engine.begin(fx, run))
    }

    pub(crate) fn signal(self: &Arc<Self>, run: &Arc<Run>, signal: Signal) {
        self.act(|engine, fx| engine.signal(fx, run, signal));
    }

    pub(crate) fn ended(self: &Arc<Self>, run: &Arc<Run>, ending: Ending, runnable: BoxRunnable) {
        self.check_timers(run);
        self.act(|engine, fx| engine.ended(fx, run, ending, runnable));
    }

    /// The runtime has dropped the task of a run.
    pub(crate) fn lost(self: &Arc<Self>, run: &Arc<Run>, reason: &'static str, runnable: BoxRunnable) {
        self.check_timers(run);
        self.act_quietly(|engine, fx| engine.ended(fx, run, Ending::Lost(reason), runnable));
    }

    fn check_timers(&self, run: &Run) {
        for timer in self.engine.with(|engine| engine.timers(run.id)) {
            timer.check();
        }
    }

    pub(crate) fn cancel(self: &Arc<Self>, group: GroupId) {
        self.act(|engine, _| engine.cancel_group(group));
    }

    /// For destructors.
    pub(crate) fn cancel_quietly(self: &Arc<Self>, group: GroupId) {
        self.act_quietly(|engine, _| engine.cancel_group(group));
    }

    pub(crate) fn restart(self: &Arc<Self>, group: GroupId) {
        if let Some(timer) = self.engine.with(|engine| engine.healthy_timer(group)) {
            timer.check();
        }
        self.act(|engine, fx| engine.restart_group(fx, group));
    }

    pub(crate) fn find_group(&self, path: &str) -> Option<GroupId> {
        self.engine.with(|engine| engine.find_group(path))
    }

    /// Waits until a group has ended for good.
    pub(crate) async fn gone(&self, group: GroupId) {
        let flag = self.engine.with(|engine| engine.gone_flag(group));
        if let Some(flag) = flag {
            flag.raised().await;
        }
    }

    pub(crate) fn overdue(self: &Arc<Self>, runs: &[Arc<Run>]) {
        self.act_quietly(|engine, fx| engine.overdue(fx, runs));
    }

    pub(crate) fn rested(self: &Arc<Self>, group: GroupId, rest: u64) {
        self.act(|engine, fx| engine.rested(fx, group, rest));
    }

    pub(crate) fn cannot_rest(self: &Arc<Self>, group: GroupId, rest: u64, reason: &str) {
        self.act_quietly(|engine, fx| engine.cannot_rest(fx, group, rest, reason));
    }

    pub(crate) fn failed_at_end(self: &Arc<Self>, place: &Place, panic: &Arc<str>) {
        self.act_quietly(|engine, fx| engine.failed_at_end(fx, place, panic));
    }

    /// Asks or changes something from which nothing follows.
    pub(crate) fn with_engine<R>(&self, f: impl FnOnce(&mut Engine) -> R) -> R {
        self.engine.with(f)
    }
}
