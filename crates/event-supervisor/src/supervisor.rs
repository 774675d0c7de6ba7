//! The tree as a whole.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use event_core::{BoxError, MemoryReader, MemoryValue, Runnable, Signal};
use spin::Mutex;

use crate::backoff::Backoff;
use crate::context::Context;
use crate::flag::Flag;
use crate::group::{GroupHandle, Member};
use crate::log::Span;
use crate::node::{self, Node};
use crate::round::Round;
use crate::runnable::{BoxRunnable, boxed};
use crate::runtime::{AnyRuntime, BoxFuture, Runtime};
use crate::state::Tree;

const ROOT: &str = "root";
const GRACE: Duration = Duration::from_secs(5);

/// What all of a tree have in common.
pub(crate) struct Shared {
    runtime: Box<dyn AnyRuntime>,
    tree: MemoryValue<Tree>,
    pub(crate) backoff: Backoff,
    pub(crate) grace: Duration,
}

impl Shared {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn_boxed(Box::pin(task));
    }

    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.runtime.sleep_boxed(duration)
    }

    /// Changes what is known of the tree.
    pub(crate) fn tell(&self, change: impl Fn(&mut Tree)) {
        self.tree.update(change);
    }
}

/// Closes the tree when it goes, whatever the reason.
struct CloseOnDrop(MemoryValue<Tree>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A tree of runnables that is kept running.
///
/// Dropping it cancels the whole tree, which then ends on its own; only [`stop`](Self::stop) and [`ended`](Self::ended) can
/// wait for that.
///
/// # Examples
///
/// See the adapters, which have the runtime to go with it.
#[must_use = "dropping a supervisor cancels its tree"]
pub struct Supervisor {
    shared: Arc<Shared>,
    root: GroupHandle,
}

impl Supervisor {
    /// Starts `root` under the name `root`, with the default settings.
    pub fn start(runtime: impl Runtime, root: impl Runnable<Context> + 'static) -> Self {
        Self::builder(runtime).start(root)
    }

    /// For other settings.
    pub fn builder(runtime: impl Runtime) -> Builder {
        Builder { runtime: Box::new(runtime), name: ROOT.into(), backoff: Backoff::default(), grace: GRACE }
    }

    /// The state of all runnables, to be read and watched. It is closed when all have ended.
    #[must_use]
    pub fn state(&self) -> MemoryReader<Tree> {
        self.shared.tree.reader()
    }

    /// Tells the whole tree to end.
    pub fn cancel(&self) {
        self.root.cancel();
    }

    /// Waits until all runnables have ended, which takes a [`cancel`](Self::cancel).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn ended(&self) {
        self.root.ended().await;
    }

    /// Tells the whole tree to end, and waits until it has.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped, the tree ends all the same.
    pub async fn stop(self) {
        self.cancel();
        self.ended().await;
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("tree", &self.shared.tree.load()).finish_non_exhaustive()
    }
}

/// The settings of a supervisor. Made by [`Supervisor::builder`].
#[must_use = "a builder does nothing until it starts a supervisor"]
pub struct Builder {
    runtime: Box<dyn AnyRuntime>,
    name: String,
    backoff: Backoff,
    grace: Duration,
}

impl Builder {
    /// What the root is called, `root` otherwise. With dots in it, it is as if this tree were a part of a larger one.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// How long groups wait before they are restarted.
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// How long a runnable may take to end after it was told to, 5 s otherwise. Then it is reported by name, and dropped.
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Starts the tree.
    ///
    /// # Panics
    ///
    /// If the runtime cannot spawn.
    pub fn start(self, root: impl Runnable<Context> + 'static) -> Supervisor {
        let (shared, member) = self.into_parts(boxed(root));
        let (handle, starter) = GroupHandle::new();
        let at_end = CloseOnDrop(shared.tree.clone());
        starter.start(&shared, vec![member], at_end);
        Supervisor { shared, root: handle }
    }

    fn into_parts(self, root: BoxRunnable) -> (Arc<Shared>, Member) {
        let Self { runtime, name, backoff, grace } = self;
        let path: Arc<str> = name.into();
        let shared = Shared { runtime, tree: MemoryValue::with_value(Tree::default()), backoff, grace };
        (Arc::new(shared), Member { span: Span::of(&path), path, runnable: root })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("backoff", &self.backoff)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// Runs a runnable once, outside of any tree, and gives what it returned. Its children, if it has any, are supervised, and
/// have ended when this is ready.
///
/// # Errors
///
/// What the runnable returned; or what it panicked with, as text.
///
/// # Cancel safety
///
/// Dropping the future drops the run at once, and cancels its children without waiting for them.
pub async fn run_once(runtime: impl Runtime, runnable: impl Runnable<Context> + 'static) -> Result<(), BoxError> {
    let (result, round) = (Arc::new(Mutex::new(None)), Round::new(1));
    let once = Once { runnable, result: Arc::clone(&result), stop: round.stop.clone() };
    let (shared, member) = Supervisor::builder(runtime).into_parts(boxed(once));
    let path = Arc::clone(&member.path);
    shared.tell(|tree| tree.insert(Arc::clone(&path)));
    let node = Node::new(Arc::clone(&shared), Arc::clone(&round), 0, &member);
    node::run(node, member).await;
    round.take_members().into_iter().for_each(|member| member.discard(&shared));
    let returned = result.lock().take();
    returned.unwrap_or_else(|| {
        let tree = shared.tree.load();
        let panic = tree.as_ref().and_then(|tree| tree.get(&path)?.last_error());
        Err(panic.unwrap_or("panicked").into())
    })
}

/// Runs once, keeps what was returned, and ends.
struct Once<R> {
    runnable: R,
    result: Arc<Mutex<Option<Result<(), BoxError>>>>,
    stop: Flag,
}

impl<R: Runnable<Context>> Runnable<Context> for Once<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let returned = self.runnable.run(cx.clone()).await;
        *self.result.lock() = Some(returned);
        cx.signal(Signal::Done);
        self.stop.raise();
        Ok(())
    }
}
