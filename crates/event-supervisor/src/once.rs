//! A single run outside of any tree.

use alloc::sync::Arc;
use core::pin::pin;

use event_core::{BoxError, Runnable};

use crate::context::Context;
use crate::engine::GroupId;
use crate::lock::Lock;
use crate::runnable::boxed;
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::supervisor::Supervisor;

/// Runs a runnable once, outside of any tree, and returns what it returned. Its children, if it has any, are supervised, and
/// have ended when this is ready.
///
/// # Errors
///
/// What the runnable returned; or what it panicked with, as text.
///
/// # Cancel safety
///
/// Dropping the future drops the run immediately, and cancels its children without waiting for them.
pub async fn run_once(runtime: impl Runtime, runnable: impl Runnable<Context> + 'static) -> Result<(), BoxError> {
    let result = Arc::new(Lock::new(None));
    let once = Once { runnable, result: Arc::clone(&result) };
    let (shared, root) = Supervisor::builder(runtime).into_parts(boxed(once));
    let path = root.name.clone();
    let (root, starting) = shared.start_once(root);
    let mut run = pin!(async {
        if let Some(starting) = starting {
            starting.into_task().await;
        }
    });
    // Dropped before the run: then that has to end already.
    let cancel = CancelOnDrop(&shared, root);
    run.as_mut().await;
    drop(cancel);
    shared.gone(root).await;
    let returned = result.with(Option::take);
    returned.unwrap_or_else(|| {
        let tree = shared.tree();
        let panic = tree.get(&path).and_then(|status| status.last_error());
        Err(panic.unwrap_or("panicked").into())
    })
}

struct CancelOnDrop<'a>(&'a Arc<Shared>, GroupId);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel_quietly(self.1);
    }
}

/// Runs once, keeps what was returned, and ends.
struct Once<R> {
    runnable: R,
    result: Arc<Lock<Option<Result<(), BoxError>>>>,
}

impl<R: Runnable<Context>> Runnable<Context> for Once<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let returned = self.runnable.run(cx).await;
        self.result.with(|result| *result = Some(returned));
        Ok(())
    }
}
