//! One run of a runnable: what its task and its context share, and what the task does.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Poll, Waker};

use crate::body::{Body, Ending};
use crate::context::Context;
use crate::flag::Flag;
use crate::lock::Lock;
use crate::log::Span;
use crate::runnable::BoxRunnable;
use crate::shared::Shared;

/// A run, which has ended if the tree knows it no longer.
pub(crate) struct Run {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: RunId,
    pub(crate) path: Arc<str>,
    pub(crate) span: Span,
    /// The run was told to end.
    pub(crate) cancelled: Flag,
    task: Lock<Task>,
}

/// Which run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId {
    /// Where the engine keeps the runnable.
    pub(crate) node: usize,
    /// No other run has it.
    pub(crate) number: u64,
}

struct Task {
    /// Of its last poll.
    waker: Option<Waker>,
    /// The grace period has passed.
    is_too_late: bool,
}

impl Run {
    pub(crate) fn new(shared: &Arc<Shared>, id: RunId, path: &Arc<str>, span: &Span) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            id,
            path: Arc::clone(path),
            span: span.clone(),
            cancelled: Flag::new(),
            task: Lock::new(Task { waker: None, is_too_late: false }),
        })
    }

    /// Lets the task drop the run, if it still goes on.
    pub(crate) fn drop_body(&self) {
        let waker = self.task.with(|task| {
            task.is_too_late = true;
            task.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether the grace period has passed. If it has not, `waker` is called then.
    fn is_too_late(&self, waker: &Waker) -> bool {
        let is_kept =
            |task: &mut Task| task.is_too_late || task.waker.as_ref().is_some_and(|kept| kept.will_wake(waker));
        if !self.task.with(is_kept) {
            // Wakers are not ours: they are cloned and dropped where nothing is locked.
            let waker = waker.clone();
            drop(self.task.with(|task| task.waker.replace(waker)));
        }
        self.task.with(|task| task.is_too_late)
    }
}

/// A run that is about to be spawned. When it is dropped, the engine hears of it: at its end, or because the runtime has
/// dropped the task, be it before the first poll.
pub(crate) struct Starting {
    run: Arc<Run>,
    /// Until the end.
    runnable: Option<BoxRunnable>,
    has_begun: bool,
}

impl Starting {
    pub(crate) fn new(run: Arc<Run>, runnable: BoxRunnable) -> Self {
        Self { run, runnable: Some(runnable), has_begun: false }
    }

    /// What the task does.
    pub(crate) async fn into_task(mut self) {
        let ending = self.run_to_end().await;
        self.ended(ending);
    }

    async fn run_to_end(&mut self) -> Ending {
        let run = &self.run;
        let Some(runnable) = self.runnable.as_mut().filter(|_| run.shared.begin(run)) else { return Ending::NotBegun };
        self.has_begun = true;
        let mut body = Body::new(runnable.run_boxed(Context::new(Arc::clone(run))), run.span.clone());
        poll_fn(|cx| match body.poll(cx) {
            Poll::Ready(ending) => Poll::Ready(ending),
            // After the run was polled: one that was told a moment ago can still end by itself.
            Poll::Pending if run.is_too_late(cx.waker()) => Poll::Ready(Ending::Dropped(body.discard())),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn ended(&mut self, ending: Ending) {
        if let Some(runnable) = self.runnable.take() {
            self.run.shared.ended(&self.run, ending, runnable);
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let reason = match self.has_begun {
            true => "the runtime dropped its task before it had ended",
            false => "the runtime dropped its task before it had begun",
        };
        // Here nothing may panic: this may be dropped because of a panic.
        if let Some(runnable) = self.runnable.take() {
            self.run.shared.lost(&self.run, reason, runnable);
        }
    }
}
