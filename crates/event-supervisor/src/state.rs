//! What is known of every runnable of a tree.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

/// How a runnable is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It was started, and has not said anything yet.
    New,
    /// It signalled that it does its work.
    Healthy,
    /// It signalled that its work is done. Its children may go on.
    Done,
    /// It returned or panicked without being done. It waits for its restart.
    Dead,
    /// It was cancelled, because of the death of a sibling or further up, or for good.
    Cancelled,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "new",
            Self::Healthy => "healthy",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What is known of one runnable.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    pub(crate) state: State,
    pub(crate) restarts: u64,
    pub(crate) restart_in: Option<Duration>,
    pub(crate) overdue: bool,
    pub(crate) last_error: Option<Arc<str>>,
}

impl NodeStatus {
    pub(crate) const NEW: Self =
        Self { state: State::New, restarts: 0, restart_in: None, overdue: false, last_error: None };

    /// How it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// How often it was started again, since its parent was.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// The delay before its restart, counted from when that was decided; `None` when it does not wait for one.
    #[must_use]
    pub fn restart_in(&self) -> Option<Duration> {
        self.restart_in
    }

    /// Whether it did not end within the grace period after it was last told to.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// Why it died the last time, with all causes; it stays after the restart.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        if self.overdue {
            f.write_str(", overdue")?;
        }
        if let Some(delay) = self.restart_in {
            write!(f, ", restart in {delay:?}")?;
        }
        match self.restarts {
            0 => {}
            1 => f.write_str(", restarted once")?,
            times => write!(f, ", restarted {times} times")?,
        }
        self.last_error.as_ref().map_or(Ok(()), |error| write!(f, ", last error: {error}"))
    }
}

/// The state of all runnables of a supervisor, by path. `Display` has a line for each.
///
/// The children of a runnable that has died or was cancelled stay as they were left, until it is started again.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Arc<str>, NodeStatus>,
}

impl Tree {
    /// The runnable at `path`, such as `root.net.dhcp`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&NodeStatus> {
        self.nodes.get(path)
    }

    /// All runnables, parents before their children.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &NodeStatus)> {
        self.nodes.iter().map(|(path, status)| (&**path, status))
    }

    /// How many runnables there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was started yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn insert(&mut self, path: Arc<str>) {
        self.nodes.insert(path, NodeStatus::NEW);
    }

    pub(crate) fn change(&mut self, path: &str, change: impl FnOnce(&mut NodeStatus)) {
        if let Some(status) = self.nodes.get_mut(path) {
            change(status);
        }
    }

    /// Forgets the children of `path` and theirs.
    pub(crate) fn remove_below(&mut self, path: &str) {
        let below = String::from(path) + ".";
        self.nodes.retain(|path, _| !path.starts_with(&*below));
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, status)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{path}: {status}")?;
        }
        Ok(())
    }
}
