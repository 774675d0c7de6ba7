//! The conformance suite on async-std.

use core::future::Future;

/// async-std's executor, which all tests of this process share.
struct AsyncStd;

impl event_tests::runtime::Runtime for AsyncStd {
    fn block_on<F: Future>(future: F) -> F::Output {
        async_std::task::block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + Unpin + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        async_std::task::spawn(future)
    }

    async fn yield_now() {
        async_std::task::yield_now().await;
    }
}

event_tests::conformance!(AsyncStd, Memory);
event_tests::maps!(AsyncStd, MemoryMaps);
