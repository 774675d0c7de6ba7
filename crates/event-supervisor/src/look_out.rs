//! Looks out for runs that do not end within the grace period.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use futures_lite::future::or;

use crate::flag::Flag;
use crate::lock::Lock;
use crate::run::Run;
use crate::runtime::BoxFuture;
use crate::shared::Shared;

/// Runs that were told to end at the same time.
pub(crate) struct LookOut {
    runs: Lock<Runs>,
    /// All of them have ended.
    over: Flag,
}

struct Runs {
    all: Vec<Arc<Run>>,
    /// So many have not ended.
    left: usize,
}

impl LookOut {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { runs: Lock::new(Runs { all: Vec::new(), left: 0 }), over: Flag::new() })
    }

    pub(crate) fn add(&self, run: &Arc<Run>) {
        self.runs.with(|runs| {
            runs.all.push(Arc::clone(run));
            runs.left += 1;
        });
    }

    /// One of them has ended.
    pub(crate) fn one_ended(&self) {
        let is_last = self.runs.with(|runs| {
            runs.left -= 1;
            runs.left == 0
        });
        if is_last {
            self.over.raise();
        }
    }

    /// Looks out, on a task of its own: a run that blocks its thread keeps its own task from doing anything. It is spawned by
    /// whoever tells the runs to end, so no run can hold it up by what it did before.
    pub(crate) fn start(self: Arc<Self>, shared: &Arc<Shared>) {
        if self.over.is_raised() {
            return;
        }
        let watch = Watch { shared: Arc::clone(shared), look_out: Some(self), is_second: false };
        watch.start();
    }
}

/// The right to look out. Dropping it means that the runtime has dropped the task.
struct Watch {
    shared: Arc<Shared>,
    /// Until the end.
    look_out: Option<Arc<LookOut>>,
    is_second: bool,
}

impl Watch {
    fn start(self) {
        let Some(look_out) = self.look_out.clone() else { return };
        let shared = Arc::clone(&self.shared);
        match shared.sleep(shared.settings.grace) {
            Ok(sleep) => shared.spawn(self.run(look_out, sleep)),
            Err(reason) => self.cannot_wait(&reason),
        }
    }

    async fn run(mut self, look_out: Arc<LookOut>, sleep: BoxFuture<'static, ()>) {
        let too_late = async {
            sleep.await;
            true
        };
        let in_time = async {
            look_out.over.raised().await;
            false
        };
        let is_late = or(in_time, too_late).await;
        self.look_out = None;
        if is_late {
            self.shared.overdue(&look_out.take());
        }
    }

    /// The grace period cannot be measured. It counts as over, so that nothing waits for ever. Runs that end as soon as they
    /// are told still do.
    fn cannot_wait(mut self, reason: &str) {
        let Some(look_out) = self.look_out.take() else { return };
        let runs = look_out.take();
        for run in &runs {
            run.span.cannot_measure_grace(reason);
        }
        self.shared.overdue(&runs);
    }
}

impl LookOut {
    fn take(&self) -> Vec<Arc<Run>> {
        self.runs.with(|runs| core::mem::take(&mut runs.all))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(look_out) = self.look_out.take().filter(|look_out| !look_out.over.is_raised()) else { return };
        let next = Self { shared: Arc::clone(&self.shared), look_out: Some(look_out), is_second: true };
        if self.is_second {
            next.cannot_wait(&String::from("the runtime dropped the task"));
        } else {
            next.start();
        }
    }
}
