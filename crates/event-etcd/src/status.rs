//! The connection state of a watcher.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The connection state of a watcher, a map or a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It does not know yet what is stored, and nothing has failed.
    Connecting,
    /// It knows everything up to a revision. If it was ever asked to wait, it is notified of everything newer.
    Synced {
        /// The revision of the cluster.
        revision: i64,
    },
    /// It has lost contact: there may be something newer that it does not know. It keeps trying.
    Stale {
        /// Since when.
        since: Instant,
        /// What happened last.
        cause: Arc<str>,
    },
}

impl Status {
    /// Whether this is [`Synced`](Self::Synced).
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        matches!(self, Self::Synced { .. })
    }

    /// Whether this is [`Stale`](Self::Stale).
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }

    /// What it becomes when something goes wrong: stale since the first time.
    pub(crate) fn after(&self, cause: &Arc<str>) -> Self {
        let since = match self {
            Self::Stale { since, .. } => *since,
            _ => Instant::now(),
        };
        Self::Stale { since, cause: Arc::clone(cause) }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => f.write_str("connecting"),
            Self::Synced { revision } => write!(f, "in sync at revision {revision}"),
            Self::Stale { since, cause } => write!(f, "out of touch for {:.1?}: {cause}", since.elapsed()),
        }
    }
}
