//! The schedulers under the tasks of the fan-out rows.

use core::future::Future;
use core::mem;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use std::panic::catch_unwind;
use std::sync::Once;

use async_global_executor::GlobalExecutorConfig;
use tokio::runtime::{Builder, Runtime};

use super::Outcome;
use crate::guard;

/// The runtime under the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// tokio's current-thread runtime.
    CurrentThread,
    /// tokio's multi-thread runtime with two workers.
    TwoWorkers,
    /// async-std's executor with two threads.
    AsyncStd,
}

impl Scheduler {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CurrentThread, Self::TwoWorkers, Self::AsyncStd];

    /// As the names of the rows have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scheduler::CurrentThread => "current-thread",
            Scheduler::TwoWorkers => "2 workers",
            Scheduler::AsyncStd => "async-std",
        }
    }
}

/// Tasks on one of them. They end with this.
pub(super) enum Tasks {
    Tokio(Runtime),
    /// One executor for the whole process, so each task is cancelled by itself.
    AsyncStd(Vec<async_std::task::JoinHandle<()>>),
}

impl Tasks {
    /// No tasks yet.
    pub(super) fn on(scheduler: Scheduler) -> Result<Self, String> {
        const WORKERS: usize = 2;
        static ASYNC_STD: Once = Once::new();
        let mut builder = match scheduler {
            Scheduler::CurrentThread => Builder::new_current_thread(),
            Scheduler::TwoWorkers => Builder::new_multi_thread(),
            Scheduler::AsyncStd => {
                // Before async-std would do it, which starts a thread for each processor.
                ASYNC_STD.call_once(|| {
                    async_global_executor::init_with_config(
                        GlobalExecutorConfig::default()
                            .with_min_threads(WORKERS)
                            .with_max_threads(WORKERS)
                            .with_thread_name_fn(|| guard::THREAD_NAME.into()),
                    );
                });
                return Ok(Self::AsyncStd(Vec::new()));
            }
        };
        if scheduler == Scheduler::TwoWorkers {
            builder.worker_threads(WORKERS);
        }
        let runtime = builder.thread_name(guard::THREAD_NAME).build();
        Ok(Self::Tokio(runtime.map_err(|error| format!("no runtime: {error}"))?))
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Tasks::Tokio(runtime) => _ = runtime.spawn(task),
            Tasks::AsyncStd(tasks) => tasks.push(async_std::task::spawn(erased(task))),
        }
    }

    /// Runs one more task, until that has ended.
    pub(super) fn run(&self, task: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
        match self {
            Tasks::Tokio(runtime) => runtime.block_on(async {
                let ended = tokio::spawn(task).await;
                ended.unwrap_or_else(|error| Err(format!("the setting task ended: {error}")))
            }),
            Tasks::AsyncStd(_) => async_std::task::block_on(async_std::task::spawn(erased(task))),
        }
    }
}

/// For all columns alike, one call through a pointer more in each poll. Otherwise async-std's share of a task would be compiled again for
/// each of them, which takes longer than all of async-std.
fn erased<T>(task: impl Future<Output = T> + Send + 'static) -> Pin<Box<dyn Future<Output = T> + Send>> {
    Box::pin(task)
}

impl Drop for Tasks {
    fn drop(&mut self) {
        if let Tasks::AsyncStd(tasks) = self {
            for task in mem::take(tasks) {
                // Hands on the panic of a task, which was reported when it happened.
                let _ = catch_unwind(AssertUnwindSafe(|| async_std::task::block_on(task.cancel())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use core::future::pending;
    use core::time::Duration;

    use super::*;

    #[test]
    fn tasks_end_with_their_batch_even_if_one_of_them_panics() {
        guard::keep_panics();
        for scheduler in Scheduler::ALL {
            let held = Arc::new(());
            let mut tasks = Tasks::on(scheduler).unwrap();
            tasks.spawn(async { panic!("one of the tasks") });
            for _ in 0..10 {
                let held = Arc::clone(&held);
                tasks.spawn(async move {
                    pending::<()>().await;
                    drop(held);
                });
            }
            let took = tasks.run(async { Ok(Duration::from_secs(1)) });
            assert_eq!(took, Ok(Duration::from_secs(1)));
            drop(tasks);
            assert_eq!(Arc::strong_count(&held), 1, "{scheduler:?}");
        }
    }
}
