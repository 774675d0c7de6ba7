//! The tree as a whole.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use event_core::{MemoryReader, Runnable};

use crate::backoff::Backoff;
use crate::context::Context;
use crate::engine::{GroupId, NewMember};
use crate::handle::Handle;
use crate::lock::Lock;
use crate::runnable::{BoxRunnable, boxed};
use crate::runtime::{AnyRuntime, Runtime};
use crate::settings::{Limit, Settings};
use crate::shared::{Hook, Shared};
use crate::transition::Transition;
use crate::tree::Tree;

const ROOT: &str = "root";
const GRACE: Duration = Duration::from_secs(5);
const KEEP_ENDED: usize = 32;

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
    root: GroupId,
}

impl Supervisor {
    /// Starts `root` under the name `root`, with the default settings.
    pub fn start(runtime: impl Runtime, root: impl Runnable<Context> + 'static) -> Self {
        Self::builder(runtime).start(root)
    }

    /// Prepares a supervisor with other settings.
    pub fn builder(runtime: impl Runtime) -> Builder {
        let settings = Settings {
            backoff: Backoff::default(),
            grace: GRACE,
            limit: None,
            is_ordered: false,
            keep_ended: KEEP_ENDED,
            has_hook: false,
        };
        Builder { runtime: Box::new(runtime), name: ROOT.into(), settings, hook: Lock::new(None) }
    }

    /// The state of all runnables, to be read and watched. It is closed when all have ended.
    #[must_use]
    pub fn state(&self) -> MemoryReader<Tree> {
        self.shared.state()
    }

    /// Cancels the group of the runnable at `path`, such as `root.net.dhcp`: it ends and is not restarted, as by
    /// [`Handle::cancel`]. The path of the root cancels the whole tree.
    ///
    /// # Errors
    ///
    /// If there is no such runnable, or it has ended for good.
    pub fn cancel(&self, path: &str) -> Result<(), NoSuchRunnable> {
        self.handle(path).map(|group| group.cancel())
    }

    /// Restarts the group of the runnable at `path`, such as `root.net.dhcp`, without a delay, as [`Handle::restart`] does.
    ///
    /// # Errors
    ///
    /// If there is no such runnable, or it has ended for good.
    pub fn restart(&self, path: &str) -> Result<(), NoSuchRunnable> {
        self.handle(path).map(|group| group.restart())
    }

    /// The group of the runnable at `path`.
    ///
    /// # Errors
    ///
    /// If there is no such runnable, or it has ended for good.
    pub fn handle(&self, path: &str) -> Result<Handle, NoSuchRunnable> {
        let group = self.shared.find_group(path).ok_or_else(|| NoSuchRunnable { path: path.into() })?;
        Ok(Handle::new(&self.shared, group))
    }

    /// Cancels the whole tree.
    pub fn cancel_all(&self) {
        self.shared.cancel(self.root);
    }

    /// Waits until all runnables have ended. That takes a [`cancel_all`](Self::cancel_all), or more deaths of the root than its
    /// [limit](Builder::limit) allows: a tree whose root is done keeps running.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn ended(&self) {
        self.shared.gone(self.root).await;
        // The thread on which it ended may not be done with closing the state.
        self.shared.closed().await;
    }

    /// Cancels the whole tree, and waits until it has ended.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped, the tree ends all the same.
    pub async fn stop(self) {
        self.cancel_all();
        self.ended().await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.cancel_quietly(self.root);
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("tree", &self.shared.tree()).finish_non_exhaustive()
    }
}

/// There is no runnable with this path that could be controlled: there never was, or it has ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoSuchRunnable {
    /// The path.
    pub path: String,
}

impl fmt::Display for NoSuchRunnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no runnable {:?}, or it has ended for good", self.path)
    }
}

impl Error for NoSuchRunnable {}

/// The settings of a supervisor. Made by [`Supervisor::builder`].
#[must_use = "a builder does nothing until it starts a supervisor"]
pub struct Builder {
    runtime: Box<dyn AnyRuntime>,
    name: String,
    settings: Settings,
    /// Locked, so that it may be shared: nobody does.
    hook: Lock<Option<Hook>>,
}

impl Builder {
    /// What the root is called, `root` by default. With dots in it, it is as if this tree were a part of a larger one.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        self
    }

    /// How long groups wait before they are restarted.
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.set(|settings| settings.backoff = backoff)
    }

    /// How long a runnable may take to end after it was cancelled, 5 s by default. After that it is reported by name, and dropped.
    pub fn grace(self, grace: Duration) -> Self {
        self.set(|settings| settings.grace = grace)
    }

    /// Limits how often a group may die: at more than `deaths` within `window`, it is not restarted, and its parent dies with the
    /// error of that death. So the parent's group is restarted, or dies of its own limit. When the root exceeds its limit, the
    /// whole tree ends; the root stays [`Dead`](crate::State::Dead) in it, with the error.
    ///
    /// All deaths that make a group restart count, those of different members too; that several members die at the same time
    /// counts once. There is no limit by default. [`Context::limit`] sets one for the children of one runnable.
    pub fn limit(self, deaths: u32, window: Duration) -> Self {
        self.set(|settings| settings.limit = Some(Limit { deaths, window }))
    }

    /// Lets all runnables end their groups one after the other, as [`Context::ordered`] does for one.
    pub fn ordered(self) -> Self {
        self.set(|settings| settings.is_ordered = true)
    }

    /// How many runnables stay in the tree after they have ended while their parents kept running, because they were done or were
    /// cancelled: the newest ones, 32 by default. Their descendants stay as long as they do, and do not count.
    pub fn keep_ended(self, number: usize) -> Self {
        self.set(|settings| settings.keep_ended = number)
    }

    /// Calls `hook` for every change of a runnable's state: in order, one after the other, none left out. (What
    /// watches [`Supervisor::state`] skips states that are quickly replaced.)
    ///
    /// It is called by whatever makes the change, after that: a runnable that signals, a thread that cancels. So it should be
    /// quick; while it runs, the transitions of others wait in a queue. It may use the supervisor in any way. A panic of it
    /// is reported as an error through `tracing`.
    ///
    /// # Examples
    ///
    /// ```
    /// fn printing(builder: event_supervisor::Builder) -> event_supervisor::Builder {
    ///     builder.on_transition(|transition| println!("{:?} {transition}", transition.at()))
    /// }
    /// ```
    pub fn on_transition(self, hook: impl FnMut(&Transition) + Send + 'static) -> Self {
        Self { hook: Lock::new(Some(Box::new(hook))), ..self }.set(|settings| settings.has_hook = true)
    }

    /// Starts the tree.
    pub fn start(self, root: impl Runnable<Context> + 'static) -> Supervisor {
        let (shared, root) = self.into_parts(boxed(root));
        let root = shared.start_root(root);
        Supervisor { shared, root }
    }

    pub(crate) fn into_parts(self, runnable: BoxRunnable) -> (Arc<Shared>, NewMember) {
        let Self { runtime, name, settings, hook } = self;
        (Shared::new(runtime, settings, hook), NewMember { name, runnable })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("backoff", &self.settings.backoff)
            .field("grace", &self.settings.grace)
            .field("limit", &self.settings.limit)
            .finish_non_exhaustive()
    }
}
