//! What the suite needs of a runtime and of a backend, and how one of its tests is run.

use core::future::Future;
use core::time::Duration;

use event_core::prelude::*;
use event_core::{MemoryValue, MemoryWatcher};

use crate::watchdog::Watchdog;

/// An executor that the suite can run on. A new one costs one file in `tests/tests`.
pub trait Runtime: 'static {
    /// Runs a future to its end.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// Starts a task. The handle waits for its result, and passes a panic of the task on; dropping it detaches the task.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + Unpin + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// Values that are kept somewhere.
///
/// Setting is asynchronous here since not every place can do it at once.
pub trait Backend: 'static {
    /// A value of this backend.
    type Value: Watch<Item = u64, Watcher = Self::Watcher> + Send + Sync + 'static;
    /// Its watcher.
    type Watcher: Watcher<Item = u64> + Send + 'static;
    /// How often a test that goes round in circles should do so.
    const ROUNDS: u64;

    /// A new value without data.
    fn create() -> impl Future<Output = Self::Value> + Send;

    /// Sets the data; done when it is stored.
    fn set(value: &Self::Value, item: u64) -> impl Future<Output = ()> + Send;
}

/// Values kept in this process.
#[derive(Debug)]
pub struct Memory;

impl Backend for Memory {
    type Value = MemoryValue<u64>;
    type Watcher = MemoryWatcher<u64>;
    const ROUNDS: u64 = 5_000;

    async fn create() -> MemoryValue<u64> {
        MemoryValue::new()
    }

    async fn set(value: &MemoryValue<u64>, item: u64) {
        Value::set(value, item);
    }
}

/// No single test of the suite takes anywhere near this long.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs a test of the suite. A hang ends the process with a message instead of going on for ever.
pub fn run<R: Runtime>(name: &'static str, test: impl Future<Output = ()>) {
    let _watchdog = Watchdog::start(name, LIMIT);
    R::block_on(test);
}

/// Runs a test that polls by hand.
pub fn run_by_hand(name: &'static str, test: impl FnOnce()) {
    let _watchdog = Watchdog::start(name, LIMIT);
    test();
}
