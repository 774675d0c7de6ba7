//! Runnables that block their thread, on a runtime with a thread for every task. Time passes when the tests say so.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use event_core::MemoryValue;
use event_supervisor::{Backoff, BoxError, Context, NodeStatus, Runtime, Signal, State, Supervisor, Tree};
use event_supervisor::{BoxRunnable, boxed};
use futures_lite::future::block_on;

/// No test comes near this. It is what makes a failure of a hang.
const HANGS: Duration = Duration::from_secs(180);

/// A thread for every task. All sleeps are over as soon as `over` is set, and none before.
#[derive(Clone)]
struct Threads {
    over: MemoryValue<()>,
}

impl Runtime for Threads {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| block_on(task));
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send + 'static {
        let mut watcher = self.over.watch();
        async move { _ = watcher.get().await }
    }
}

/// Runs a test on a thread of its own, so that one that hangs fails.
fn or_hang(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel::<()>();
    let thread = thread::spawn(move || {
        let _done = done;
        test();
    });
    assert_ne!(ended.recv_timeout(HANGS), Err(RecvTimeoutError::Timeout), "it hangs");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// A runnable that blocks its thread, how often it was run, and what lets it go on, once per run.
struct Blocker {
    runs: Arc<AtomicUsize>,
    release: Sender<()>,
    blocked: Receiver<()>,
}

impl Blocker {
    /// It blocks when it is cancelled, or at once.
    fn new(is_polite: bool) -> (Self, BoxRunnable) {
        let ((release, released), (blocks, blocked)) = (channel(), channel());
        let runs = Arc::new(AtomicUsize::new(0));
        let (counts, released) = (Arc::clone(&runs), Arc::new(Mutex::new(released)));
        let runnable = boxed(move |cx: Context| {
            counts.fetch_add(1, Ordering::SeqCst);
            let (blocks, released) = (blocks.clone(), Arc::clone(&released));
            async move {
                cx.signal(Signal::Healthy);
                if is_polite {
                    cx.cancelled().await;
                }
                // Whether the test still wants to know does not matter.
                _ = blocks.send(());
                _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok::<_, BoxError>(())
            }
        });
        (Self { runs, release, blocked }, runnable)
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    fn wait_until_it_blocks(&self) {
        self.blocked.recv().expect("it is still there");
    }
}

/// `root`, whose only group this is.
fn start(members: Vec<(&'static str, BoxRunnable)>) -> (Supervisor, MemoryValue<()>) {
    let over = MemoryValue::new();
    let mut members = Some(members);
    let supervisor =
        Supervisor::builder(Threads { over: over.clone() }).backoff(Backoff::default()).start(move |cx: Context| {
            let started = members.take().map(|members| cx.run_group(members));
            async move {
                started.ok_or("root is started once")??;
                cx.signal(Signal::Healthy);
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
    (supervisor, over)
}

/// Waits until this is so of the runnable at `path`.
fn wait_for(supervisor: &Supervisor, path: &str, is_so: impl Fn(&NodeStatus) -> bool) -> Tree {
    let mut watcher = supervisor.state().watch();
    block_on(watcher.get().filter(|tree| tree.get(path).is_some_and(&is_so))).expect("the tree has not ended")
}

fn is_overdue(tree: &Tree, path: &str) -> bool {
    tree.get(path).is_some_and(NodeStatus::is_overdue)
}

fn is_reported_and_waited_for(is_polite: bool) {
    or_hang(move || {
        let (blocker, runnable) = Blocker::new(is_polite);
        let (supervisor, over) = start(vec![("blocks", runnable)]);
        wait_for(&supervisor, "root.blocks", |status| status.state() == State::Healthy);
        if !is_polite {
            blocker.wait_until_it_blocks();
        }
        supervisor.cancel_all();
        if is_polite {
            blocker.wait_until_it_blocks();
        }
        let tree = supervisor.state().load().expect("there is a tree");
        assert!(!is_overdue(&tree, "root.blocks"), "the grace period has not passed");

        over.set(());
        let tree = wait_for(&supervisor, "root.blocks", NodeStatus::is_overdue);
        assert!(!is_overdue(&tree, "root"), "it has not been told yet");
        assert!(!supervisor.state().is_closed(), "one still runs");

        blocker.release.send(()).expect("it waits for that");
        block_on(supervisor.ended());
        assert!(supervisor.state().is_closed());
        assert_eq!(blocker.runs(), 1);
    });
}

#[test]
fn a_runnable_that_blocks_its_thread_when_it_is_told_is_reported_and_waited_for() {
    is_reported_and_waited_for(true);
}

#[test]
fn a_runnable_that_blocks_its_thread_before_it_is_told_is_reported_and_waited_for() {
    is_reported_and_waited_for(false);
}

#[test]
fn a_runnable_that_blocks_its_thread_can_see_that_it_is_cancelled() {
    or_hang(|| {
        let looks = boxed(async |cx: Context| {
            cx.signal(Signal::Healthy);
            while !cx.is_cancelled() {
                thread::yield_now();
            }
            Ok::<_, BoxError>(())
        });
        let (supervisor, _) = start(vec![("looks", looks)]);
        wait_for(&supervisor, "root.looks", |status| status.state() == State::Healthy);
        let state = supervisor.state();
        block_on(supervisor.stop());
        assert!(!is_overdue(&state.load().expect("there is a tree"), "root.looks"));
    });
}

#[test]
fn a_group_is_not_restarted_before_a_member_that_blocks_its_thread_has_ended() {
    or_hang(|| {
        let (blocker, runnable) = Blocker::new(false);
        let die = MemoryValue::<()>::new();
        let (dies, runs) = (die.clone(), Arc::new(AtomicUsize::new(0)));
        let counts = Arc::clone(&runs);
        let mortal = boxed(move |cx: Context| {
            let (dies, run) = (dies.clone(), counts.fetch_add(1, Ordering::SeqCst));
            async move {
                cx.signal(Signal::Healthy);
                match run {
                    0 => _ = dies.watch().get().await,
                    _ => cx.cancelled().await,
                }
                Err::<(), BoxError>("it was told to".into())
            }
        });
        let (supervisor, over) = start(vec![("blocks", runnable), ("dies", mortal)]);
        blocker.wait_until_it_blocks();
        // There is no back-off from now on, nor any grace.
        over.set(());
        die.set(());
        let tree = wait_for(&supervisor, "root.blocks", NodeStatus::is_overdue);
        assert_eq!(tree.get("root.dies").map(NodeStatus::state), Some(State::Dead));
        assert_eq!((blocker.runs(), runs.load(Ordering::SeqCst)), (1, 1));

        blocker.release.send(()).expect("it waits for that");
        blocker.wait_until_it_blocks();
        let is_new = |status: &NodeStatus| status.restarts() == 1 && !status.is_overdue();
        wait_for(&supervisor, "root.blocks", |status| is_new(status) && status.state() == State::Healthy);
        wait_for(&supervisor, "root.dies", |status| is_new(status) && status.state() == State::Healthy);
        assert_eq!((blocker.runs(), runs.load(Ordering::SeqCst)), (2, 2));
        blocker.release.send(()).expect("it waits for that");
        // That ends it, but without having been told to: it may be run again before it is.
        drop(blocker.release);
        block_on(supervisor.stop());
    });
}

#[test]
fn whoever_is_cancelled_first_the_children_of_one_that_blocks_end_before_it() {
    or_hang(|| {
        let (release, released) = channel::<()>();
        let (blocks, blocked) = channel::<()>();
        let ended = MemoryValue::<()>::new();
        let (ends, released) = (ended.clone(), Arc::new(Mutex::new(released)));
        let parent = boxed(move |cx: Context| {
            let (ends, released, blocks) = (ends.clone(), Arc::clone(&released), blocks.clone());
            let started = cx.run("child", move |cx: Context| {
                let ends = ends.clone();
                async move {
                    cx.signal(Signal::Healthy);
                    cx.cancelled().await;
                    ends.set(());
                    Ok::<_, BoxError>(())
                }
            });
            async move {
                started?;
                cx.signal(Signal::Healthy);
                _ = blocks.send(());
                _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        let (supervisor, over) = start(vec![("parent", parent)]);
        wait_for(&supervisor, "root.parent.child", |status| status.state() == State::Healthy);
        blocked.recv().expect("it is still there");
        supervisor.cancel_all();
        // The parent's thread is not needed for that.
        _ = block_on(ended.watch().get());
        over.set(());
        let tree = wait_for(&supervisor, "root.parent", NodeStatus::is_overdue);
        assert_eq!(tree.get("root.parent.child").map(NodeStatus::state), Some(State::Cancelled));
        release.send(()).expect("it waits for that");
        block_on(supervisor.ended());
    });
}

/// What a change finds that nobody can see, it does not publish; whoever begins to look meanwhile sees it all the same.
#[test]
fn a_change_and_somebody_who_begins_to_look_do_not_miss_each_other() {
    or_hang(|| {
        let contexts = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&contexts);
        let supervisor = Supervisor::start(Threads { over: MemoryValue::new() }, move |cx: Context| {
            keeps.lock().unwrap_or_else(PoisonError::into_inner).push(cx.clone());
            async move {
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        while contexts.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            thread::yield_now();
        }
        let root = contexts.lock().unwrap_or_else(PoisonError::into_inner).remove(0);
        for number in 0..2_000 {
            let name = number.to_string();
            // Each starts as soon as both are there.
            let barrier = Barrier::new(2);
            let state = thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    // What becomes of it does not matter.
                    assert!(root.run(&*name, async |_: Context| Ok::<_, BoxError>(())).is_ok());
                });
                barrier.wait();
                supervisor.state()
            });
            let path = format!("root.{number}");
            assert!(state.borrow().is_some_and(|tree| tree.get(&path).is_some()), "{path} is not in the tree");
            drop(state);
            supervisor.cancel(&path).expect("it is there");
        }
        block_on(supervisor.stop());
    });
}

/// A child may be healthy before the thread that started it has said that it is not.
#[test]
fn a_parent_that_waits_for_one_child_after_the_other_hears_of_each() {
    or_hang(|| {
        let (done, all) = channel();
        let supervisor = Supervisor::start(Threads { over: MemoryValue::new() }, move |cx: Context| {
            let done = done.clone();
            async move {
                for number in 0..2_000 {
                    let child = cx.run(number.to_string(), async |cx: Context| {
                        cx.signal(Signal::Healthy);
                        cx.cancelled().await;
                        Ok::<_, BoxError>(())
                    })?;
                    assert!(cx.children_healthy().await);
                    child.cancel();
                    child.ended().await;
                }
                done.send(())?;
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        all.recv_timeout(HANGS / 3).expect("it waits for ever");
        block_on(supervisor.stop());
    });
}
