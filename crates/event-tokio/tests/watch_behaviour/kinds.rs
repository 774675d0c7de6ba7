//! What the types are, and what they print.

use std::error::Error;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};

use static_assertions::{assert_impl_all, assert_not_impl_any};

use super::watch::error::{RecvError, SendError};
use super::watch::{self, Receiver, Ref, Sender};

type NotSync = std::cell::Cell<u32>;
type NotSend = std::sync::MutexGuard<'static, u32>;

assert_impl_all!(Sender<u32>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Default, Debug);
assert_impl_all!(Receiver<u32>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Debug);
assert_impl_all!(Ref<'static, u32>: Sync, Unpin, Debug);
assert_not_impl_any!(Sender<NotSync>: Send, Sync);
assert_not_impl_any!(Receiver<NotSync>: Send, Sync);
assert_not_impl_any!(Sender<NotSend>: Send, Sync);
assert_not_impl_any!(Receiver<NotSend>: Send, Sync);
assert_impl_all!(SendError<u32>: Send, Sync, Copy, Eq, Error);
assert_impl_all!(RecvError: Send, Sync, Clone, Error);

fn is_send_and_sync<T: Send + Sync>(_: T) {}

#[test]
fn futures_can_be_spawned() {
    let (sender, mut receiver) = watch::channel(1);
    is_send_and_sync(sender.closed());
    is_send_and_sync(receiver.changed());
    fn is_send<T: Send>(_: T) {}
    is_send(async move {
        let n = *receiver.wait_for(|n| *n > 0).await.unwrap();
        n + *receiver.borrow()
    });
}

#[test]
fn errors_say_that_the_channel_is_closed() {
    let (sender, receiver) = watch::channel(1);
    drop(receiver);
    let error = sender.send(2).unwrap_err();
    assert_eq!(error.to_string(), "channel closed");
    assert_eq!(format!("{error:?}"), "SendError { .. }");
    assert_eq!((error.0, error), (2, SendError(2)));
    let receiver = sender.subscribe();
    drop(sender);
    let error = receiver.has_changed().unwrap_err();
    assert_eq!(error.to_string(), "channel closed");
    assert_eq!(format!("{error:?}"), "RecvError(())");
}

#[test]
fn handles_and_borrows_print_the_value() {
    let (sender, receiver) = watch::channel("the value");
    for printed in [format!("{sender:?}"), format!("{receiver:?}"), format!("{:?}", receiver.borrow())] {
        assert!(printed.contains("the value"), "{printed}");
    }
}

#[test]
fn a_default_sender_holds_the_default() {
    let sender = Sender::<Vec<u32>>::default();
    assert!(sender.borrow().is_empty() && sender.is_closed());
}

#[test]
fn errors_pass_through_a_question_mark() {
    fn send(sender: &Sender<u32>) -> Result<(), Box<dyn Error + Send + Sync>> {
        sender.send(1)?;
        Ok(())
    }
    assert!(send(&Sender::new(0)).unwrap_err().is::<SendError<u32>>());
}
