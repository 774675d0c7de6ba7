//! What senders and receivers share beside the value.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use event_core::Version;

/// What the value holds.
#[derive(Clone)]
pub(super) struct Stored<T> {
    pub(super) data: T,
    /// The version that a receiver takes this for, if it was modified silently: that of the last modification before it that was
    /// not silent. Otherwise it is taken for what it is.
    pub(super) silent_since: Option<Version>,
}

impl<T> Stored<T> {
    #[inline]
    pub(super) fn new(data: T) -> Self {
        Self { data, silent_since: None }
    }

    /// What a receiver takes this for, which was published as `version`.
    #[inline]
    pub(super) fn taken_for(&self, version: Version) -> Version {
        self.silent_since.unwrap_or(version)
    }
}

/// Who may modify.
#[derive(Debug, Default)]
pub(super) struct Modifications {
    turn: Mutex<()>,
    /// Set before the first silent modification is published.
    any_silent: OnceLock<()>,
}

impl Modifications {
    /// Waits for this thread's turn. What panics while it has it leaves the value as it should be.
    #[inline]
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn note_silent(&self) {
        self.any_silent.get_or_init(|| ());
    }

    /// Whether a version that was published may have been a silent modification.
    #[inline]
    pub(super) fn any_silent(&self) -> bool {
        self.any_silent.get().is_some()
    }
}
