//! `Send`, `Sync` and `Unpin` of everything that is public, checked by the compiler.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::marker::PhantomPinned;

use event_core::{Get, MemoryReader, MemoryWatcher};
use event_tokio::watch as our_watch;
use event_tokio::watch::error::{RecvError, SendError};
use event_tokio::{CancelOn, Deadline, Pipe, PipeError, PipeTo, ReceiverWatcher, TokioTimer, WatchReceiver};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio::sync::{broadcast, watch};

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

assert_impl_all!(Pipe<MemoryReader<u32>, UnboundedSender<u32>>: Send, Sync, Unpin);
assert_impl_all!(Pipe<MemoryReader<u32>, broadcast::Sender<u32>>: Send, Sync, Unpin);
assert_impl_all!(Pipe<WatchReceiver<u32>, watch::Sender<u32>>: Send, Sync, Unpin);

// An item that cannot be shared can be sent, but not into a channel whose receivers share it.
assert_impl_all!(Sender<Cell<u32>>: PipeTo<Cell<u32>>);
assert_impl_all!(UnboundedSender<Cell<u32>>: PipeTo<Cell<u32>>);
assert_impl_all!(broadcast::Sender<Cell<u32>>: PipeTo<Cell<u32>>);
assert_not_impl_any!(watch::Sender<Cell<u32>>: PipeTo<Cell<u32>>);

assert_impl_all!(WatchReceiver<u32>: Send, Sync, Unpin);
assert_impl_all!(WatchReceiver<PhantomPinned>: Unpin);
assert_not_impl_any!(WatchReceiver<Cell<u32>>: Send, Sync);
assert_impl_all!(ReceiverWatcher<u32>: Send, Sync, Unpin);
assert_impl_all!(ReceiverWatcher<PhantomPinned>: Unpin);
assert_not_impl_any!(ReceiverWatcher<Cell<u32>>: Send, Sync);

assert_impl_all!(our_watch::Sender<u32>: Send, Sync, Unpin);
assert_impl_all!(our_watch::Sender<PhantomPinned>: Unpin);
assert_not_impl_any!(our_watch::Sender<Cell<u32>>: Send, Sync);
assert_impl_all!(our_watch::Receiver<u32>: Send, Sync, Unpin);
assert_impl_all!(our_watch::Receiver<PhantomPinned>: Unpin);
assert_not_impl_any!(our_watch::Receiver<Cell<u32>>: Send, Sync);
assert_impl_all!(our_watch::Ref<'static, u32>: Send, Sync, Unpin);
assert_impl_all!(our_watch::Ref<'static, PhantomPinned>: Unpin);
assert_not_impl_any!(our_watch::Ref<'static, Cell<u32>>: Send, Sync);
assert_impl_all!(SendError<Cell<u32>>: Send, Unpin);
assert_impl_all!(RecvError: Send, Sync, Unpin, std::error::Error);

assert_impl_all!(TokioTimer: Send, Sync, Unpin, Copy);

assert_impl_all!(PipeError: Send, Sync, Unpin, std::error::Error);

#[test]
fn a_run_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let (sender, _receiver) = tokio::sync::mpsc::channel(1);
    let mut pipe = event_tokio::pipe(event_core::MemoryValue::<u32>::new(), sender).filter(|n| *n > 0);
    let token = tokio_util::sync::CancellationToken::new();
    is_send(pipe.run_until(token.cancelled()));
}
