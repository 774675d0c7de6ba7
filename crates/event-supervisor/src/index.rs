//! Where the runnables of a path stand, for all trees of a supervisor together.

use alloc::sync::Arc;

use hashbrown::HashMap;

use crate::lock::Lock;
use crate::place::Place;

/// The newest place of every path. Unlike the tree, it is not a persistent map: that would double the cost of a start. So an
/// older tree may have something that is not here any more; it knows by its number whether that can be.
pub(crate) struct Index(Lock<Places>);

struct Places {
    by_path: HashMap<Arc<str>, Place>,
    /// Of the first tree that lacks what was removed last.
    removed: u64,
}

/// What the index has to say of a path.
pub(crate) enum Found {
    At(Place),
    Nowhere,
    /// The tree is older than something that was removed: it has to be searched.
    Unknown,
}

impl Index {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Lock::new(Places { by_path: HashMap::new(), removed: 0 })))
    }

    pub(crate) fn insert(&self, path: &Arc<str>, place: &Place) {
        self.0.with(|places| places.by_path.insert(Arc::clone(path), place.clone()));
    }

    /// Forgets a path; the tree with that number is the first that lacks it.
    pub(crate) fn remove(&self, path: &str, number: u64) {
        self.0.with(|places| {
            places.by_path.remove(path);
            places.removed = number;
        });
    }

    /// Where the tree with that number may have a path.
    pub(crate) fn find(&self, path: &str, number: u64) -> Found {
        self.0.with(|places| match places.by_path.get(path) {
            Some(place) => Found::At(place.clone()),
            None if number >= places.removed => Found::Nowhere,
            None => Found::Unknown,
        })
    }
}
