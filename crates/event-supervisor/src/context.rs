//! What a runnable is given.

use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll};
use core::time::Duration;

use event_core::{RunContext, Runnable, Signal};
use futures_lite::future::or;
use smallvec::smallvec;

use crate::engine::{NewMember, NewMembers};
use crate::flag::Raised;
use crate::handle::Handle;
use crate::run::Run;
use crate::runnable::boxed;
use crate::settings::Limit;

/// Connects one run of a runnable with its supervisor.
///
/// Clones are the same context. It may be kept longer than the run, but its methods then do nothing.
#[derive(Clone)]
pub struct Context {
    run: Arc<Run>,
}

impl Context {
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// Starts a child, which is a group by itself: when it dies, it alone is restarted.
    ///
    /// # Errors
    ///
    /// As [`run_group`](Self::run_group).
    ///
    /// # Examples
    ///
    /// ```
    /// use event_supervisor::{BoxError, Context, Signal};
    ///
    /// async fn service(cx: Context) -> Result<(), BoxError> {
    ///     cx.run("helper", helper)?;
    ///     cx.signal(Signal::Healthy);
    ///     cx.cancelled().await;
    ///     Ok(())
    /// }
    ///
    /// async fn helper(cx: Context) -> Result<(), BoxError> {
    ///     cx.signal(Signal::Done);
    ///     Ok(())
    /// }
    /// ```
    pub fn run(
        &self,
        name: impl Into<String>,
        runnable: impl Runnable<Context> + 'static,
    ) -> Result<Handle, StartError> {
        self.start(smallvec![NewMember { name: name.into(), runnable: boxed(runnable) }])
    }

    /// Starts children that share their fate: when one of them dies, the others are cancelled, and all are restarted.
    ///
    /// Members of different kinds go through [`boxed`]. A child's name stays taken until it has ended for good: until all of
    /// its group are done and have no children any more, or the group was cancelled.
    ///
    /// # Errors
    ///
    /// Then nothing was started.
    ///
    /// - [`StartError::BadName`], [`StartError::NameTaken`], [`StartError::EmptyGroup`]: a mistake of the caller;
    /// - [`StartError::Ended`]: this run has ended, or is being cancelled.
    pub fn run_group<N, R>(&self, members: impl IntoIterator<Item = (N, R)>) -> Result<Handle, StartError>
    where
        N: Into<String>,
        R: Runnable<Context> + 'static,
    {
        let member = |(name, runnable): (N, R)| NewMember { name: name.into(), runnable: boxed(runnable) };
        self.start(members.into_iter().map(member).collect())
    }

    fn start(&self, members: NewMembers) -> Result<Handle, StartError> {
        let group = self.run.shared.start_group(&self.run, members)?;
        Ok(Handle::new(&self.run.shared, group))
    }

    /// From now on, when this run has to end, its groups end one after the other, the one started last being the first: for
    /// groups that need those before them until their own end. Otherwise, all of them end at the same time.
    ///
    /// It holds for this run only, like all that a run says. For the whole tree, see [`Builder::ordered`](crate::Builder::ordered).
    pub fn ordered(&self) -> &Self {
        self.run.shared.with_engine(|engine| engine.set_ordered(self.run.id));
        self
    }

    /// From now on, a child's group that dies more than `deaths` times within `window` is not restarted again: this run dies of
    /// it, with the error of that death. See [`Builder::limit`](crate::Builder::limit).
    pub fn limit(&self, deaths: u32, window: Duration) -> &Self {
        self.run.shared.with_engine(|engine| engine.set_limit(self.run.id, Limit { deaths, window }));
        self
    }

    /// Waits until all children are healthy or done, and returns `true`; if there are none, immediately. When this run has to
    /// end first, it returns `false`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    ///
    /// # Examples
    ///
    /// A parent that is healthy when its children are:
    ///
    /// ```
    /// use event_supervisor::{BoxError, Context, Signal};
    ///
    /// async fn parent(cx: Context) -> Result<(), BoxError> {
    ///     cx.run("child", child)?;
    ///     cx.children_healthy().await;
    ///     cx.signal(Signal::Healthy);
    ///     cx.cancelled().await;
    ///     Ok(())
    /// }
    ///
    /// async fn child(cx: Context) -> Result<(), BoxError> {
    ///     cx.signal(Signal::Healthy);
    ///     cx.cancelled().await;
    ///     Ok(())
    /// }
    /// ```
    pub async fn children_healthy(&self) -> bool {
        let Some(ready) = self.run.shared.with_engine(|engine| engine.children_ready(self.run.id)) else {
            return false;
        };
        let are_ready = async { ready.watch().wait_for(|are_ready| *are_ready).await.is_ok() };
        let has_to_end = async {
            self.cancelled().await;
            false
        };
        or(has_to_end, are_ready).await
    }

    /// Reports how the runnable is doing. After the run has ended, or while it is being cancelled, this changes nothing.
    ///
    /// [`Healthy`](Signal::Healthy) comes first and once, then, if ever, [`Done`](Signal::Done). Signals that do not fit are
    /// reported as warnings through `tracing`.
    pub fn signal(&self, signal: Signal) {
        self.run.shared.signal(&self.run, signal);
    }

    /// Ready when this run has to end, and from then on. Its children have ended by then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled(self.run.cancelled.raised())
    }

    /// Whether this run has to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.run.cancelled.is_raised()
    }

    /// Waits on the runtime that the supervisor runs on. Dropping the future ends the wait.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.run.shared.sleep_for_runnable(duration)
    }

    /// Where in the tree this runnable is: `root.net.dhcp`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.run.path
    }
}

impl RunContext for Context {
    fn signal(&self, signal: Signal) {
        self.signal(signal);
    }

    fn cancelled(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("path", &self.path())
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Waits for a runnable's cancellation. Made by [`Context::cancelled`].
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Cancelled<'a>(Raised<'a>);

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

/// Why children were not started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// A name is empty, or has a dot or a control character in it.
    BadName {
        /// The name.
        name: String,
    },
    /// Another child has the name, or the same name is in the group twice.
    NameTaken {
        /// The path that it would have.
        path: String,
    },
    /// A group without members.
    EmptyGroup,
    /// The run that was to be the parent has ended, or is being cancelled.
    Ended {
        /// Its path.
        path: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name } => {
                write!(f, "{name:?} cannot be a name: names are not empty and have neither dots nor control characters")
            }
            Self::NameTaken { path } => write!(f, "there is a {path} already: names must be unique among siblings"),
            Self::EmptyGroup => f.write_str("a group needs at least one member"),
            Self::Ended { path } => {
                write!(f, "{path} has ended or is being cancelled, and cannot have children any more")
            }
        }
    }
}

impl Error for StartError {}
