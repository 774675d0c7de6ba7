//! What all of a tree have in common.

use core::time::Duration;

use crate::backoff::Backoff;

pub(crate) struct Settings {
    pub(crate) backoff: Backoff,
    pub(crate) grace: Duration,
    pub(crate) limit: Option<Limit>,
    pub(crate) is_ordered: bool,
    pub(crate) keep_ended: usize,
    /// Somebody wants to know of transitions.
    pub(crate) has_hook: bool,
}

/// How often a group may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) deaths: u32,
    pub(crate) window: Duration,
}
