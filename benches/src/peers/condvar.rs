//! A mutex and a condition variable of the standard library, for threads.

use alloc::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::blocking::Blocking;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "Mutex + Condvar",
    Role::Peer,
    None,
    "of the standard library: nothing that a task could wait for, only the rows of threads, and those that set or read.",
)
.store::<Waiting>()
.threads::<Waiting>()
.special::<Plain<Waiting>>()
.blocking::<Waiting>();

struct Waiting;

struct Shared {
    /// The data, and how often it was set.
    state: Mutex<(u64, u64)>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, (u64, u64)> {
        self.state.lock().expect("nobody panics")
    }
}

struct Watcher {
    shared: Arc<Shared>,
    seen: u64,
}

impl Store for Waiting {
    type Value = Arc<Shared>;

    fn new(_watchers: usize) -> Self::Value {
        Arc::new(Shared { state: Mutex::new((0, 0)), changed: Condvar::new() })
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        let mut state = value.state();
        *state = (data, state.1 + 1);
        drop(state);
        value.changed.notify_all();
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        value.state().0
    }
}

impl Blocking for Waiting {
    type Watcher = Watcher;

    fn watch(value: &Self::Value) -> Self::Watcher {
        Watcher { shared: Arc::clone(value), seen: value.state().1 }
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> u64 {
        let state = watcher.shared.state();
        let state = watcher.shared.changed.wait_while(state, |(_, version)| *version == watcher.seen);
        let (data, version) = *state.expect("nobody panics");
        watcher.seen = version;
        data
    }
}
