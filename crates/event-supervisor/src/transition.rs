//! Changes of state, one by one.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::state::{NodeStatus, State};

/// A runnable's change from one state to another. See [`Builder::on_transition`](crate::Builder::on_transition).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    path: Arc<str>,
    from: Option<State>,
    status: NodeStatus,
}

impl Transition {
    pub(crate) fn new(path: &Arc<str>, from: Option<State>, status: &NodeStatus) -> Self {
        Self { path: Arc::clone(path), from, status: status.clone() }
    }

    /// Where in the tree the runnable is: `root.net.dhcp`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The state before; `None` if the runnable was started for the first time.
    #[must_use]
    pub fn from(&self) -> Option<State> {
        self.from
    }

    /// The state from then on.
    #[must_use]
    pub fn to(&self) -> State {
        self.status.state
    }

    /// When it happened: the time since the start of the supervisor, by the runtime's [clock](crate::Runtime::now).
    #[must_use]
    pub fn at(&self) -> Duration {
        self.status.since
    }

    /// What was known of the runnable right after the change.
    #[must_use]
    pub fn status(&self) -> &NodeStatus {
        &self.status
    }
}

/// `root.net: new -> dead, last error: no link`
impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        if let Some(from) = self.from {
            write!(f, "{from} -> ")?;
        }
        write!(f, "{}", self.status)
    }
}
