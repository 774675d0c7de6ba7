//! What is known of all runnables of a supervisor.
//!
//! The tree is a persistent map by place, which the engine changes under its lock and publishes as the data of one `MemoryValue`.
//! It is that of rpds itself, though event-map has one inside of a map that can be watched: a watched map is changed by many
//! writers, so each change makes the next state beside the current one, and notes which key changed, for watchers that are
//! behind. Here the lock has ordered the writers already, and what watches the state wants whole trees. Instructions for a change
//! of one runnable's state, published, and the same while nobody can see it, which `MemoryMap` cannot know:
//!
//! | runnables | rpds in a `MemoryValue` | unseen | `event_map::MemoryMap` |
//! |---|---|---|---|
//! | 10 | 1,330 | 300 | 3,120 |
//! | 1,000 | 3,620 | 860 | 5,950 |
//! | 100,000 | 5,760 | 1,410 | 8,670 |

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rpds::RedBlackTreeMapSync as PersistentMap;

use crate::index::{Found, Index};
use crate::place::Place;
use crate::state::NodeStatus;

/// The state of all runnables of a supervisor. `Display` draws it, with a line for each.
///
/// It is ordered as it is drawn: a parent, then all of its descendants; siblings in the order of their start. A clone shares
/// what it has in common with the original, and costs next to nothing.
///
/// The children of a runnable that has died or was cancelled stay as they were left, until it is started again. Those that
/// have ended while their parent keeps running stay as long as they are among the
/// [newest of the whole tree](crate::Builder::keep_ended), and until their name is used again.
#[derive(Clone)]
pub struct Tree {
    nodes: PersistentMap<Place, Entry>,
    index: Arc<Index>,
    /// Later trees of a supervisor have greater ones.
    pub(crate) number: u64,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    path: Arc<str>,
    status: NodeStatus,
    /// Where the engine keeps it, or kept it.
    node: usize,
    /// Which of those it is that ended while their parent went on.
    ended: Option<u64>,
}

impl Tree {
    /// The runnable at `path`, such as `root.net.dhcp`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&NodeStatus> {
        match self.index.find(path, self.number) {
            Found::Nowhere => None,
            // This may be an older tree, in which another one had that name.
            Found::At(place) => self.nodes.get(&place).or_else(|| self.search(path)).map(|entry| &entry.status),
            Found::Unknown => self.search(path).map(|entry| &entry.status),
        }
    }

    fn search(&self, path: &str) -> Option<&Entry> {
        self.nodes.values().find(|entry| &*entry.path == path)
    }

    /// All runnables, parents before their children, siblings in the order of their start.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &NodeStatus)> {
        self.nodes.values().map(|entry| (&*entry.path, &entry.status))
    }

    /// How many runnables there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.size()
    }

    /// Whether nothing was started yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The place of a path in the newest tree.
    pub(crate) fn place(&self, path: &str) -> Option<Place> {
        match self.index.find(path, u64::MAX) {
            Found::At(place) => Some(place),
            Found::Nowhere | Found::Unknown => None,
        }
    }

    pub(crate) fn at(&self, place: &Place) -> Option<&NodeStatus> {
        self.nodes.get(place).map(|entry| &entry.status)
    }

    /// Where the engine keeps it, or kept it.
    pub(crate) fn node(&self, place: &Place) -> Option<usize> {
        self.nodes.get(place).map(|entry| entry.node)
    }

    pub(crate) fn insert(&mut self, place: Place, path: Arc<str>, node: usize, status: NodeStatus) {
        self.index.insert(&path, &place);
        self.nodes.insert_mut(place, Entry { path, status, node, ended: None });
    }

    pub(crate) fn set(&mut self, place: &Place, status: NodeStatus) {
        if let Some(entry) = self.nodes.get_mut(place) {
            entry.status = status;
        }
    }

    pub(crate) fn set_ended(&mut self, place: &Place, number: u64) {
        if let Some(entry) = self.nodes.get_mut(place) {
            entry.ended = Some(number);
        }
    }

    /// Forgets the descendants of a place and, if wanted, what is there. Returns the numbers of those that had ended.
    pub(crate) fn remove_below(&mut self, place: &Place, itself: bool) -> Vec<u64> {
        let at_and_below = self.nodes.range(place.clone()..).take_while(|(below, _)| below.is_at_or_below(place));
        // Mostly there is nothing.
        let old: Vec<_> = at_and_below
            .filter(|(below, _)| itself || *below != place)
            .map(|(place, entry)| (place.clone(), Arc::clone(&entry.path), entry.ended))
            .collect();
        let remove = |(place, path, ended): (Place, Arc<str>, _)| {
            self.nodes.remove_mut(&place);
            self.index.remove(&path, self.number + 1);
            ended
        };
        old.into_iter().filter_map(remove).collect()
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: PersistentMap::new_sync(), index: Index::new(), number: 0 }
    }
}

/// Trees are equal if they have the same paths in the same order, each with the same status.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Tree {}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The states first, then the names, two columns further right for each generation, then what else is to be said.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = || self.nodes.iter().map(|(place, Entry { path, status, .. })| (2 * place.depth(), path, status));
        // The root's name may have dots in it.
        let name = |indent: usize, path: &'_ Arc<str>| match indent {
            0 => String::from(&**path),
            _ => String::from(path.rsplit('.').next().unwrap_or_default()),
        };
        let width = |(indent, path, _): (usize, &Arc<str>, _)| indent + name(indent, path).chars().count();
        let states = rows().map(|(_, _, status)| status.state.as_str().len()).max().unwrap_or(0);
        let names = rows().map(width).max().unwrap_or(0);
        let mut line = String::new();
        for (number, (indent, path, status)) in rows().enumerate() {
            line.clear();
            status.write_remarks(&mut line, "")?;
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{:states$}  {:indent$}", status.state, "")?;
            if line.is_empty() {
                f.write_str(&name(indent, path))?;
            } else {
                write!(f, "{:rest$}  {line}", name(indent, path), rest = names - indent)?;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
mod serialize {
    use serde::ser::{Serialize, SerializeStruct, Serializer};

    use super::Tree;
    use crate::state::{NodeStatus, State};

    /// As its word: `"healthy"`.
    impl Serialize for State {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self.as_str())
        }
    }

    /// As a struct with a field for each method.
    impl Serialize for NodeStatus {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut status = serializer.serialize_struct("NodeStatus", 6)?;
            status.serialize_field("state", &self.state())?;
            status.serialize_field("since", &self.since())?;
            status.serialize_field("restarts", &self.restarts())?;
            status.serialize_field("restart_in", &self.restart_in())?;
            status.serialize_field("overdue", &self.is_overdue())?;
            status.serialize_field("last_error", &self.last_error())?;
            status.end()
        }
    }

    /// As a map from paths to their status, in the order of [`iter`](Tree::iter).
    impl Serialize for Tree {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.iter())
        }
    }
}
