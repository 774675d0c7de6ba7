//! `send_modify`, `send_if_modified` and `send_replace`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};

use super::watch::{self, Sender};

#[test]
fn a_modification_is_a_change() {
    let (sender, mut receiver) = watch::channel(vec![1]);
    let mut other = receiver.clone();
    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    sender.send_modify(|list| list.push(2));
    assert!(changed.is_woken());
    assert_ready_ok!(changed.poll());
    drop(changed);
    assert_eq!(*receiver.borrow_and_update(), [1, 2]);
    assert!(sender.send_if_modified(|list| {
        list.push(3);
        true
    }));
    assert!(receiver.has_changed().unwrap());
    assert_eq!(*other.borrow_and_update(), [1, 2, 3]);
}

#[test]
fn a_modification_needs_no_receiver_and_its_closure_runs_once() {
    let sender = Sender::new(String::from("a"));
    let moved = String::from("b");
    sender.send_modify(move |text| *text = moved);
    assert_eq!(*sender.borrow(), "b");
    let moved = String::from("c");
    assert!(sender.send_if_modified(move |text| {
        *text = moved;
        true
    }));
    assert_eq!(sender.send_replace(String::from("d")), "c");
    assert_eq!(*sender.subscribe().borrow(), "d");
}

#[test]
fn a_rejected_modification_is_no_change() {
    let (sender, mut receiver) = watch::channel(1);
    let even = |n: &mut u32| {
        let is_odd = *n % 2 == 1;
        *n += u32::from(is_odd);
        is_odd
    };
    assert!(sender.send_if_modified(even));
    assert!(receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow_and_update(), 2);
    assert!(!sender.send_if_modified(even));
    assert!(!receiver.has_changed().unwrap());
    assert!(!receiver.borrow().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
    assert_pending!(spawn(receiver.changed()).poll());
}

#[test]
fn a_silent_modification_is_read_and_notifies_nobody() {
    let (sender, mut receiver) = watch::channel(1);
    let looking = receiver.clone();
    let mut later = receiver.clone();
    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    for n in 2..5 {
        assert!(!sender.send_if_modified(|value| {
            *value = n;
            false
        }));
        assert!(!changed.is_woken());
        assert_pending!(changed.poll());
        assert_eq!((*sender.borrow(), *looking.borrow()), (n, n));
        assert!(!looking.has_changed().unwrap() && !looking.borrow().has_changed());
    }
    assert_pending!(spawn(later.changed()).poll());
    assert_eq!(*sender.subscribe().borrow(), 4);
    assert!(!sender.subscribe().has_changed().unwrap());

    sender.send_modify(|value| *value += 1);
    assert!(changed.is_woken());
    assert_ready_ok!(changed.poll());
    assert!(looking.has_changed().unwrap() && later.borrow_and_update().has_changed());
    assert_eq!(*looking.borrow(), 5);
}

#[test]
fn a_silent_modification_of_an_unseen_value_leaves_it_unseen() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    assert!(!sender.send_if_modified(|value| {
        *value = 3;
        false
    }));
    assert!(receiver.has_changed().unwrap() && receiver.borrow().has_changed());
    assert_ready_ok!(spawn(receiver.changed()).poll());
    assert_eq!(*receiver.borrow(), 3);
    assert_pending!(spawn(receiver.changed()).poll());
}

#[test]
fn a_silent_modification_between_read_and_wait_is_no_change() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    let modify = |n| {
        assert!(!sender.send_if_modified(|value| {
            *value = n;
            false
        }));
    };
    assert!(receiver.borrow_and_update().has_changed());
    modify(3);
    assert!(!receiver.has_changed().unwrap());
    assert!(!receiver.borrow_and_update().has_changed());
    modify(4);
    assert_pending!(spawn(receiver.changed()).poll());
    receiver.mark_changed();
    modify(5);
    assert!(receiver.borrow_and_update().has_changed());
    modify(6);
    receiver.mark_unchanged();
    assert!(!receiver.has_changed().unwrap());
}

#[test]
fn a_silent_modification_before_the_end_is_no_change() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send_if_modified(|value| {
        *value = 2;
        false
    });
    drop(sender);
    assert_ready_err!(spawn(receiver.changed()).poll());
    assert_eq!(*receiver.borrow(), 2);
}

#[test]
fn what_a_closure_has_changed_before_it_panicked_is_in_the_channel_and_no_change() {
    let (sender, mut receiver) = watch::channel("one");
    sender.send_modify(|value| *value = "two");
    assert_eq!(*receiver.borrow_and_update(), "two");
    let mut other = receiver.clone();
    let mut changed = spawn(other.changed());
    assert_pending!(changed.poll());

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        sender.send_modify(|value| {
            *value = "panicked";
            panic!("expected");
        });
    }));
    assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "expected");
    assert!(!changed.is_woken());
    assert_pending!(changed.poll());
    assert!(!receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow(), "panicked");

    let panicked = catch_unwind(AssertUnwindSafe(|| sender.send_if_modified(|_| panic!("expected"))));
    panicked.unwrap_err();

    sender.send_modify(|value| *value = "three");
    assert!(changed.is_woken());
    assert_ready_ok!(changed.poll());
    assert_eq!(*receiver.borrow_and_update(), "three");
}

#[test]
fn a_replacement_returns_the_old_value_and_is_a_change() {
    let (sender, receiver) = watch::channel(1);
    assert_eq!(sender.send_replace(2), 1);
    assert!(receiver.has_changed().unwrap());
    assert_eq!(sender.send_replace(3), 2);
    drop(receiver);
    assert_eq!(sender.send_replace(4), 3, "nobody receives");
    assert_eq!(*sender.borrow(), 4);
}

#[test]
fn a_replaced_value_that_cannot_be_cloned_is_returned() {
    struct NotClone(u32);
    let (sender, receiver) = watch::channel(NotClone(1));
    assert_eq!(sender.send_replace(NotClone(2)).0, 1);
    assert_eq!(receiver.borrow().0, 2);
    assert!(sender.send(NotClone(3)).is_ok());
    assert_eq!(receiver.borrow().0, 3);
}

#[test]
fn a_waker_may_use_the_channel_that_wakes_it() {
    struct Modifies(Sender<u32>);
    impl std::task::Wake for Modifies {
        fn wake(self: Arc<Self>) {
            self.0.send_if_modified(|n| {
                *n += 10;
                false
            });
            let n = *self.0.borrow();
            self.0.send_replace(n + 100);
        }
    }
    for replaces in [false, true] {
        let (sender, mut receiver) = watch::channel(1);
        let waker = Arc::new(Modifies(sender.clone())).into();
        let mut changed = Box::pin(receiver.changed());
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::future::Future::poll(changed.as_mut(), &mut cx).is_pending());
        if replaces {
            assert_eq!(sender.send_replace(2), 1);
        } else {
            sender.send_modify(|n| *n += 1);
        }
        assert_eq!(*sender.borrow(), 112);
    }
}

#[test]
fn a_dropped_value_may_use_the_channel_that_drops_it() {
    #[derive(Clone)]
    struct Counts(Option<Sender<Counts>>, u32);
    impl Drop for Counts {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                sender.send_modify(|counts| counts.1 += 1);
            }
        }
    }
    let sender = Sender::new(Counts(None, 0));
    let _receiver = sender.subscribe();
    let with_sender = Counts(Some(sender.clone()), 10);
    assert!(sender.send(with_sender).is_ok());
    // What is dropped has been replaced by then.
    drop(sender.send_replace(Counts(None, 20)));
    assert_eq!(sender.borrow().1, 21);
}
