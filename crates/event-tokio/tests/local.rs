//! Runnables that are not `Send`.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use event_tokio::supervisor::{self, BoxError, Context, NodeStatus, Signal, State, Tree, local};
use tokio::runtime::Builder;

/// Counts those that were dropped, which must be on the thread that made them.
struct Local {
    thread: ThreadId,
    dropped: Arc<AtomicUsize>,
}

impl Local {
    fn new(dropped: &Arc<AtomicUsize>) -> Rc<Self> {
        Rc::new(Self { thread: thread::current().id(), dropped: Arc::clone(dropped) })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        assert_eq!(self.thread, thread::current().id(), "it is dropped on another thread");
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

async fn app(cx: Context, runs: Rc<RefCell<Vec<String>>>) -> Result<(), BoxError> {
    for name in ["a", "b"] {
        let runs = Rc::clone(&runs);
        cx.run(name, local(move |cx| child(cx, Rc::clone(&runs))))?;
    }
    cx.children_healthy().await;
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

/// Fails the first time.
async fn child(cx: Context, runs: Rc<RefCell<Vec<String>>>) -> Result<(), BoxError> {
    let is_first = !runs.borrow().iter().any(|path| path == cx.path());
    runs.borrow_mut().push(cx.path().to_owned());
    tokio::task::yield_now().await;
    if is_first {
        return Err("the first time".into());
    }
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

#[test]
fn what_is_not_send_runs_and_is_restarted_on_one_thread() {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("there is a thread");
    let runs = Rc::new(RefCell::new(Vec::new()));
    let keeps = Rc::clone(&runs);
    runtime.block_on(async {
        let tree = supervisor::start(local(move |cx| app(cx, Rc::clone(&keeps))));
        let is_healthy = |tree: &Tree| tree.get("root").is_some_and(|root| root.state() == State::Healthy);
        let state = tree.state().watch().get().filter(is_healthy).await.expect("it goes on");
        assert_eq!(state.get("root.b").map(NodeStatus::restarts), Some(1));
        tree.stop().await;
    });
    assert_eq!(runs.borrow().len(), 4);
    drop(runtime);
    assert_eq!(Rc::strong_count(&runs), 1, "what the tree had is dropped");
}

#[test]
fn on_another_thread_it_dies_and_nothing_of_it_is_dropped_there() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("there are threads");
    let dropped = Arc::new(AtomicUsize::new(0));
    let data = Local::new(&dropped);
    runtime.block_on(async {
        let tree = supervisor::builder().limit(0, Duration::from_secs(60)).start(local(move |cx: Context| {
            let data = Rc::clone(&data);
            async move {
                cx.cancelled().await;
                drop(data);
                Ok::<_, BoxError>(())
            }
        }));
        tree.ended().await;
        let last = tree.state().load().expect("there is always a tree");
        let error = last.get("root").and_then(NodeStatus::last_error);
        assert_eq!(error, Some("a local runnable can only run on the thread that made it"));
    });
    drop(runtime);
    assert_eq!(dropped.load(Ordering::SeqCst), 0, "it is leaked");
}

/// A runtime that is blocked on by one thread after the other.
#[test]
fn a_run_that_another_thread_goes_on_with_dies() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("there is a thread");
    let dropped = Arc::new(AtomicUsize::new(0));
    let data = Local::new(&dropped);
    let (tree, error) = runtime.block_on(async {
        let tree = supervisor::builder().limit(0, Duration::from_secs(60)).start(local(move |cx: Context| {
            let data = Rc::clone(&data);
            let uses = Cell::new(0);
            async move {
                cx.signal(Signal::Healthy);
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    uses.set(uses.get() + Rc::strong_count(&data));
                }
                #[allow(unreachable_code, reason = "it says of which type this is")]
                Ok::<_, BoxError>(())
            }
        }));
        let is_healthy = |tree: &Tree| tree.get("root").is_some_and(|root| root.state() == State::Healthy);
        tree.state().watch().get().filter(is_healthy).await.expect("it goes on");
        let state = tree.state();
        (tree, async move {
            let mut watcher = state.watch();
            let is_dead = |tree: &Tree| tree.get("root").is_some_and(|root| root.state() == State::Dead);
            let tree = watcher.get().filter(is_dead).await.expect("the last state is returned");
            tree.get("root").and_then(NodeStatus::last_error).map(str::to_owned)
        })
    });
    let error = thread::spawn(move || {
        let error = runtime.block_on(async move {
            let error = error.await;
            tree.stop().await;
            error
        });
        drop(runtime);
        error
    });
    let error = error.join().expect("nothing panics");
    assert_eq!(error.as_deref(), Some("a local runnable can only run on the thread that made it"));
    assert_eq!(dropped.load(Ordering::SeqCst), 0, "it is leaked");
}
