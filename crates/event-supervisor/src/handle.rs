//! Control over children that were started.

use alloc::sync::Arc;
use core::fmt;

use crate::engine::GroupId;
use crate::shared::Shared;

/// A group of children that was started by [`Context::run`](crate::Context::run) or
/// [`run_group`](crate::Context::run_group). Clones are the same group.
///
/// Dropping it changes nothing. When the group has ended for good, its methods do nothing, and [`ended`](Self::ended) is ready.
///
/// # Examples
///
/// ```
/// use event_supervisor::{BoxError, Context, Signal};
///
/// async fn service(cx: Context) -> Result<(), BoxError> {
///     cx.signal(Signal::Healthy);
///     let group = cx.run("helper", helper)?;
///     cx.sleep(core::time::Duration::from_secs(1)).await;
///     group.cancel();
///     group.ended().await;
///     // The name is free again.
///     cx.run("helper", helper)?;
///     cx.cancelled().await;
///     Ok(())
/// }
///
/// async fn helper(cx: Context) -> Result<(), BoxError> {
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    group: GroupId,
}

impl Handle {
    pub(crate) fn new(shared: &Arc<Shared>, group: GroupId) -> Self {
        Self { shared: Arc::clone(shared), group }
    }

    /// Cancels the group: it ends and is not restarted. Its members stay in the tree, as long as they are among the
    /// [newest](crate::Builder::keep_ended) that have ended.
    ///
    /// As [with every cancellation](crate#the-rules), the descendants end first.
    pub fn cancel(&self) {
        self.shared.cancel(self.group);
    }

    /// Cancels the group, and starts it again without a delay. This is not a death: it counts for no
    /// [limit](crate::Builder::limit), and the next delay is as long as it would have been. A group that waits for its restart
    /// is started immediately.
    pub fn restart(&self) {
        self.shared.restart(self.group);
    }

    /// Waits until the group has ended for good: because all members are done and have no children any more, or because the
    /// group or its parent was cancelled or has died. A restart is not an end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn ended(&self) {
        self.shared.gone(self.group).await;
    }
}

/// Whether they are handles of the same group.
impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) && self.group == other.group
    }
}

impl Eq for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
