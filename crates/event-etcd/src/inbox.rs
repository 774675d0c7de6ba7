//! What a map has yet to take of what became of its range.

use std::sync::{Mutex, PoisonError};

use crate::api::KeyValue;
use crate::changes::Changes;

/// Filled by the hub, emptied by a map's driver. It holds of each key at most what a list and one change say, however slow the
/// driver is.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<Mail>);

/// What comes of one state of the range and leads to a later one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    /// Everything that was stored, in the order of keys, if that is known from here on: what is not in it is not there.
    pub(crate) all: Option<Vec<KeyValue>>,
    /// What changed after that.
    pub(crate) changes: Changes,
}

impl Inbox {
    fn lock(&self) -> std::sync::MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put_all(&self, all: Vec<KeyValue>) {
        *self.lock() = Mail { all: Some(all), changes: Changes::default() };
    }

    pub(crate) fn append(&self, changes: Changes) {
        self.lock().changes.append(changes);
    }

    pub(crate) fn take(&self) -> Mail {
        std::mem::take(&mut *self.lock())
    }
}

impl Mail {
    /// Adds what came later.
    pub(crate) fn append(&mut self, later: Self) {
        if later.all.is_some() {
            *self = later;
        } else {
            self.changes.append(later.changes);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_none() && self.changes.is_empty()
    }
}
