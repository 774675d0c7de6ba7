//! tokio's single-threaded scheduler, for the suites.

use core::future::Future;

/// tokio, current thread. `spawn` works inside `block_on`, where the whole suite runs.
#[derive(Debug)]
pub(crate) struct CurrentThread;

impl event_tests::runtime::Runtime for CurrentThread {
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be had").block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + Unpin + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = tokio::spawn(future);
        Box::pin(async { task.await.expect("the task ran to its end") })
    }

    async fn yield_now() {
        tokio::task::yield_now().await;
    }
}
