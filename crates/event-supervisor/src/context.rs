//! What a runnable is given.

use alloc::string::String;
use alloc::sync::Arc;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll};
use core::time::Duration;

use event_core::{RunContext, Runnable, Signal, ValueState};

use crate::node::Node;
use crate::runnable::{BoxRunnable, boxed};

/// A runnable's way to its supervisor, for one run.
///
/// Clones are the same context. It may be kept longer than the run, but then it can do nothing any more.
#[derive(Clone)]
pub struct Context {
    node: Arc<Node>,
}

impl Context {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
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
    pub fn run(&self, name: impl Into<String>, runnable: impl Runnable<Context> + 'static) -> Result<(), StartError> {
        self.node.start_group(alloc::vec![(name.into(), boxed(runnable))])
    }

    /// Starts children that share their fate: when one of them dies, the others are cancelled, and all are restarted.
    ///
    /// Members of different kinds go through [`boxed`]. A child's name stays taken until this run has ended.
    ///
    /// # Errors
    ///
    /// Then nothing was started.
    ///
    /// - [`StartError::BadName`], [`StartError::NameTaken`], [`StartError::EmptyGroup`]: a mistake of the caller;
    /// - [`StartError::Ended`]: this run has ended, or is being cancelled.
    pub fn run_group<N, R>(&self, members: impl IntoIterator<Item = (N, R)>) -> Result<(), StartError>
    where
        N: Into<String>,
        R: Runnable<Context> + 'static,
    {
        let members = members.into_iter().map(|(name, runnable)| (name.into(), boxed(runnable)));
        self.node.start_group(members.collect::<alloc::vec::Vec<(String, BoxRunnable)>>())
    }

    /// Tells how the runnable is doing. After the run has ended, or while it is being cancelled, that changes nothing.
    pub fn signal(&self, signal: Signal) {
        self.node.signal(signal);
    }

    /// Ready when this run has to end, and from then on. Its children have ended by then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled(self.node.cancelled.raised())
    }

    /// Whether this run has to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.cancelled.is_raised()
    }

    /// Waits on the runtime that the supervisor runs on. Dropping the future ends the wait.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.node.shared.sleep(duration)
    }

    /// Where in the tree this runnable is: `root.net.dhcp`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.node.path
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
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Cancelled<'a>(ValueState<'a, Infallible>);

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
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
