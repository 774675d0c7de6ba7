//! No runtime at all: a thread per task, which parks while its future waits.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::any::Any;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::thread::{self, Thread};

use crate::runtime::Runtime;

/// Threads that block.
#[derive(Debug)]
pub struct Threads;

impl Runtime for Threads {
    fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + Unpin + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let outcome = Arc::new(Mutex::new(Outcome { result: None, waiting: None }));
        let ours = Arc::clone(&outcome);
        thread::spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| block_on(future)));
            let mut outcome = ours.lock().expect("nothing panics while it is locked");
            outcome.result = Some(result);
            let waiting = outcome.waiting.take();
            drop(outcome);
            waiting.into_iter().for_each(Waker::wake);
        });
        Join(outcome)
    }

    async fn yield_now() {
        thread::yield_now();
    }
}

/// Runs a future on this thread, which parks while the future waits. A wake-up that is lost hangs.
pub fn block_on<F: Future>(future: F) -> F::Output {
    block_on_patiently(future, || 0)
}

/// Like [`block_on`], but before it parks it looks `patience()` times whether it has been woken meanwhile. So the thread
/// is back sooner, sometimes, and meets others in places where it would not meet them otherwise.
pub fn block_on_patiently<F: Future>(future: F, mut patience: impl FnMut() -> u64) -> F::Output {
    let mut future = pin!(future);
    let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let mut looks = patience();
        while looks > 0 && !parker.woken.load(Ordering::Relaxed) {
            core::hint::spin_loop();
            looks -= 1;
        }
        while !parker.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

struct Outcome<T> {
    result: Option<Result<T, Box<dyn Any + Send>>>,
    waiting: Option<Waker>,
}

struct Join<T>(Arc<Mutex<Outcome<T>>>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut outcome = self.0.lock().expect("nothing panics while it is locked");
        match outcome.result.take() {
            Some(Ok(output)) => Poll::Ready(output),
            Some(Err(panic)) => resume_unwind(panic),
            None => {
                outcome.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
