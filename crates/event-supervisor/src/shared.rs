//! A tree and what it needs, as all that belong to it share it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;

use event_core::{MemoryReader, MemoryValue, Signal};

use crate::body::{Ending, catch};
use crate::context::StartError;
use crate::effects::Effects;
use crate::engine::{Engine, GroupId, NewMember, NewMembers};
use crate::lock::Lock;
use crate::log;
use crate::place::Place;
use crate::run::{Run, Starting};
use crate::runnable::BoxRunnable;
use crate::runtime::{AnyRuntime, BoxFuture};
use crate::settings::Settings;
use crate::transition::Transition;
use crate::tree::Tree;

/// So many changes after it was published, a tree goes that nobody can see.
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
    /// published, a change copies none, and costs half. What was published last would keep its nodes, though; so after a while an
    /// empty tree takes its place, which is older than any other.
    pub(crate) fn publish(&self) {
        self.publish_if(|| self.is_seen());
    }

    fn publish_if(&self, is_seen: impl Fn() -> bool) {
        self.tree.transition(|published| {
            let number = published.map_or(0, |published| published.number);
            // Asked again if another publication comes first: somebody may have begun to look.
            let next = match is_seen() {
                true => self.engine.with(|engine| (number < engine.tree.number).then(|| engine.tree.clone())),
                false => {
                    let is_kept = published.is_some_and(|published| !published.is_empty());
                    let is_old = || self.engine.with(|engine| engine.tree.number > number + SKIPPED);
                    (is_kept && is_old()).then(Tree::default)
                }
            };
            (next, ())
        });
    }

    /// The tree has ended: its last state is published, whoever looks.
    pub(crate) fn publish_last(&self) {
        self.publish_if(|| true);
    }

    pub(crate) fn close(&self) {
        self.tree.close();
    }

    /// Waits until the state is closed.
    pub(crate) async fn closed(&self) {
        self.tree.closed().await;
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

    pub(crate) fn start_group(self: &Arc<Self>, parent: &Run, mut members: NewMembers) -> Result<GroupId, StartError> {
        self.act(|engine, fx| engine.start_group(self, fx, parent, &mut members))
    }

    /// Nothing follows from it, so this needs neither the time nor a list of effects.
    pub(crate) fn begin(&self, run: &Run) -> bool {
        let begins = self.engine.with(|engine| engine.begin(run));
        if begins {
            run.span.started();
        }
        begins
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

#[cfg(all(test, feature = "std"))]
mod tests {
    use core::future::pending;

    use super::*;
    use crate::backoff::Backoff;
    use crate::runtime::Runtime;
    use crate::state::NodeStatus;

    /// A runtime that runs nothing.
    struct Idle;

    impl Runtime for Idle {
        fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) {}

        fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send + 'static {
            pending()
        }
    }

    /// Between the question whether anybody can see the tree and the answer, somebody begins to look.
    #[test]
    fn whoever_looks_while_an_unseen_tree_is_let_go_sees_the_newest() {
        let settings = Settings {
            backoff: Backoff::default(),
            grace: Duration::ZERO,
            limit: None,
            is_ordered: false,
            keep_ended: 0,
            has_hook: false,
        };
        let shared = &Shared::new(Box::new(Idle), settings, Lock::new(None));
        let change = || shared.with_engine(|engine| engine.tree.number += SKIPPED + 1);
        shared.with_engine(|engine| {
            engine.tree.insert(Place::root(1), "root".into(), 0, NodeStatus::new(Duration::ZERO));
        });
        change();
        drop(shared.state());
        change();
        let state = Lock::new(None);
        shared.publish_if(|| {
            let is_seen = shared.is_seen();
            if !is_seen {
                let reader = shared.state();
                state.with(|state| *state = Some(reader));
                change();
            }
            is_seen
        });
        let state = state.with(Option::take).expect("nobody looked before");
        assert!(state.borrow().is_some_and(|tree| !tree.is_empty()), "an empty tree is seen");
        drop(state);
        change();
        shared.publish();
        assert!(shared.tree.borrow().is_some_and(|tree| tree.is_empty()), "a tree that nobody can see is kept");
    }
}
