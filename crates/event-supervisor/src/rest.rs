//! Waits for the restart of a group.

use alloc::sync::Arc;
use core::time::Duration;

use futures_lite::future::or;

use crate::engine::GroupId;
use crate::flag::Flag;
use crate::shared::Shared;

/// A rest that is about to begin.
#[derive(Clone)]
pub(crate) struct Rest {
    pub(crate) group: GroupId,
    /// No other rest has it.
    pub(crate) number: u64,
    pub(crate) delay: Duration,
    /// Ends the rest early.
    pub(crate) wake: Arc<Flag>,
}

impl Rest {
    /// Waits on a task of its own.
    pub(crate) fn start(self, shared: &Arc<Shared>) {
        Resting { shared: Arc::clone(shared), rest: Some(self), is_second: false }.start();
    }
}

/// The right to restart. Dropping it means that the runtime has dropped the task.
struct Resting {
    shared: Arc<Shared>,
    /// Until the end.
    rest: Option<Rest>,
    is_second: bool,
}

impl Resting {
    fn start(mut self) {
        let Some(rest) = self.rest.clone() else { return };
        let shared = Arc::clone(&self.shared);
        match shared.sleep(rest.delay) {
            Ok(sleep) => shared.spawn(async move {
                or(rest.wake.raised(), sleep).await;
                self.rest = None;
                // If it was woken, the group does not rest any more, and nothing follows.
                self.shared.rested(rest.group, rest.number);
            }),
            Err(reason) => {
                self.rest = None;
                shared.cannot_rest(rest.group, rest.number, &reason);
            }
        }
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        let Some(rest) = self.rest.take().filter(|rest| !rest.wake.is_raised()) else { return };
        if self.is_second {
            self.shared.cannot_rest(rest.group, rest.number, "the runtime dropped the task that waits for that");
        } else {
            Self { shared: Arc::clone(&self.shared), rest: Some(rest), is_second: true }.start();
        }
    }
}
