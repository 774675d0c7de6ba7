//! `Send`, `Sync` and `Unpin` of everything that is public, checked by the compiler.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::future::{Future, pending};
use std::marker::PhantomPinned;
use std::time::Duration;

use async_std::channel::{self, Sender};
use async_std::future::timeout;
use event_async_std::{AsyncStdClock, AsyncStdTimer, CancelOn, Deadline, Pipe, PipeError, Sleep, pipe};
use event_core::{Get, MemoryReader, MemoryValue, MemoryWatcher, RunContext, Runnable, Signal};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use stop_token::StopSource;

type Plain<'a, T> = Get<'a, MemoryWatcher<T>>;
type Piped<T> = Pipe<MemoryReader<T>, Sender<T>>;

assert_impl_all!(CancelOn<Plain<'static, u32>>: Send, Sync, Unpin);
assert_not_impl_any!(CancelOn<Plain<'static, Cell<u32>>>: Send, Sync);

assert_impl_all!(Deadline<Plain<'static, u32>>: Send, Sync, Unpin);
assert_not_impl_any!(Deadline<Plain<'static, Cell<u32>>>: Send, Sync);

assert_impl_all!(Piped<u32>: Send, Sync, Unpin);
assert_impl_all!(Piped<PhantomPinned>: Unpin);
assert_not_impl_any!(Piped<Cell<u32>>: Sync);

assert_impl_all!(PipeError: Send, Sync, Unpin, std::error::Error);

assert_impl_all!(AsyncStdClock: Send, Sync, Unpin);
assert_impl_all!(AsyncStdTimer: Send, Sync, Unpin, Copy, Default);
assert_impl_all!(Sleep: Send, Sync, Unpin);

fn can_be_spawned<F: Future + Send + 'static>(_: F) {}

#[test]
fn a_run_can_be_spawned() {
    let (sender, _receiver) = channel::bounded(1);
    let mut pipe = pipe(MemoryValue::<u32>::new(), sender).filter(|n| *n > 0);
    let source = StopSource::new();
    let token = source.token();
    can_be_spawned(async move { pipe.run_until(token).await });
}

struct Nobody;

impl RunContext for Nobody {
    fn signal(&self, _: Signal) {}

    fn cancelled(&self) -> impl Future<Output = ()> + Send {
        pending()
    }
}

/// The compiler forgets what is static when it looks into a future, and has to find it `Send` all the same.
#[test]
fn a_run_for_static_references_can_be_spawned() {
    let value = MemoryValue::with_value("a");
    let (sender, receiver) = channel::bounded(1);
    let source = StopSource::new();

    let (mut plain, token) = (pipe(value.reader(), sender.clone()), source.token());
    let plain = async_std::task::spawn(async move { plain.run_until(token).await });
    let (mut filtered, token) = (pipe(value.reader(), sender.clone()).filter(|s| s.len() == 1), source.token());
    let filtered = async_std::task::spawn(async move { filtered.run_until(token).await });
    let mut supervised = pipe(value.reader(), sender);
    let supervised = async_std::task::spawn(async move { supervised.run(Nobody).await });

    let to_the_end = async {
        for _ in 0..3 {
            assert_eq!(receiver.recv().await, Ok("a"));
        }
        drop(source);
        assert!(plain.await.unwrap_err().is_cancelled());
        assert!(filtered.await.unwrap_err().is_cancelled());
        drop(value);
        assert!(supervised.await.unwrap_err().downcast::<PipeError>().unwrap().is_value_closed());
    };
    async_std::task::block_on(timeout(Duration::from_secs(180), to_the_end)).expect("nothing hangs");
}
