//! `Send`, `Sync` and `Unpin` of everything that is public, checked by the compiler.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::marker::PhantomPinned;

use event_core::{Get, MemoryReader, MemoryWatcher};
use event_tokio::{CancelOn, Deadline, Pipe, PipeError};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tokio::sync::mpsc::Sender;

type Plain<'a, T> = Get<'a, MemoryWatcher<T>>;
type Piped<T> = Pipe<MemoryReader<T>, Sender<T>>;

assert_impl_all!(CancelOn<Plain<'static, u32>>: Send, Sync);
assert_not_impl_any!(CancelOn<Plain<'static, u32>>: Unpin);
assert_not_impl_any!(CancelOn<Plain<'static, Cell<u32>>>: Send, Sync);

assert_impl_all!(Deadline<Plain<'static, u32>>: Send, Sync);
assert_not_impl_any!(Deadline<Plain<'static, u32>>: Unpin);
assert_not_impl_any!(Deadline<Plain<'static, Cell<u32>>>: Send, Sync);

assert_impl_all!(Piped<u32>: Send, Sync, Unpin);
assert_impl_all!(Piped<PhantomPinned>: Unpin);
assert_not_impl_any!(Piped<Cell<u32>>: Sync);

assert_impl_all!(PipeError: Send, Sync, Unpin, std::error::Error);

#[test]
fn a_run_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let (sender, _receiver) = tokio::sync::mpsc::channel(1);
    let mut pipe = event_tokio::pipe(event_core::MemoryValue::<u32>::new(), sender).filter(|n| *n > 0);
    let token = tokio_util::sync::CancellationToken::new();
    is_send(pipe.run_until(token.cancelled()));
}
