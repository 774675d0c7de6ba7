//! The conformance suite on tokio's multi-threaded scheduler.

use core::future::Future;

/// tokio, several threads. `spawn` works inside `block_on`, where the whole suite runs.
struct MultiThread;

impl event_tests::runtime::Runtime for MultiThread {
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .build()
            .expect("a runtime can be had")
            .block_on(future)
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

event_tests::conformance!(MultiThread, Memory);
event_tests::maps!(MultiThread, MemoryMaps);
