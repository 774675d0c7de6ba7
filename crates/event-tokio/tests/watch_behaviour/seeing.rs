//! What a receiver has seen, and what it is notified of.

use std::future::Future;

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};

use super::watch::{self, Receiver};

/// Whether the receiver would wait. Marks what it does not wait for.
fn waits<T>(receiver: &mut Receiver<T>) -> bool {
    spawn(receiver.changed()).poll().is_pending()
}

#[test]
fn a_receiver_waits_for_the_first_value_that_is_sent_and_then_for_the_end() {
    let (sender, mut receiver) = watch::channel("one");
    assert!(waits(&mut receiver));
    assert_eq!(*receiver.borrow(), "one");

    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    sender.send("two").unwrap();
    assert!(changed.is_woken());
    assert_ready_ok!(changed.poll());
    drop(changed);
    assert_eq!(*receiver.borrow(), "two");

    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    drop(sender);
    assert!(changed.is_woken());
    assert_ready_err!(changed.poll());
    drop(changed);
    assert_eq!(*receiver.borrow(), "two");
}

#[test]
fn a_value_that_was_sent_before_the_wait_is_found_without_waiting() {
    let (sender, mut receiver) = watch::channel(0);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert!(!waits(&mut receiver));
    assert!(waits(&mut receiver), "both were one change");
    assert_eq!(*receiver.borrow(), 2);
}

#[test]
fn an_equal_value_is_a_change() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(1).unwrap();
    assert!(receiver.has_changed().unwrap());
    assert!(!waits(&mut receiver));
}

#[test]
fn a_dropped_wait_has_marked_nothing() {
    let (sender, mut receiver) = watch::channel(1);
    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    sender.send(2).unwrap();
    drop(changed);
    assert!(receiver.has_changed().unwrap());
    assert!(!waits(&mut receiver));
    drop(receiver.changed());
    assert!(waits(&mut receiver));
}

#[test]
fn a_wait_is_woken_by_the_waker_of_its_last_poll() {
    let (sender, mut receiver) = watch::channel(1);
    let mut first = spawn(());
    let mut second = spawn(());
    let mut changed = Box::pin(receiver.changed());
    assert!(first.enter(|cx, _| changed.as_mut().poll(cx)).is_pending());
    assert!(second.enter(|cx, _| changed.as_mut().poll(cx)).is_pending());
    sender.send(2).unwrap();
    assert_eq!((first.is_woken(), second.is_woken()), (false, true));
}

#[test]
fn each_receiver_sees_for_itself() {
    let (sender, mut first) = watch::channel("one");
    let mut second = first.clone();
    assert!(waits(&mut first) && waits(&mut second));

    let mut second_changed = spawn(second.changed());
    for value in ["two", "three"] {
        let mut changed = spawn(first.changed());
        assert_pending!(changed.poll());
        if value == "two" {
            assert_pending!(second_changed.poll());
        }
        sender.send(value).unwrap();
        assert!(changed.is_woken() && second_changed.is_woken());
        assert_ready_ok!(changed.poll());
        drop(changed);
        assert_eq!(*first.borrow(), value);
    }
    assert_ready_ok!(second_changed.poll());
    drop(second_changed);
    assert_eq!(*second.borrow(), "three");
    assert!(waits(&mut first) && waits(&mut second));
}

#[test]
fn a_clone_has_seen_the_same() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    let mut unseen = receiver.clone();
    receiver.borrow_and_update();
    let mut seen = receiver.clone();
    receiver.mark_changed();
    let mut marked = receiver.clone();
    assert!(!waits(&mut unseen));
    assert!(waits(&mut seen));
    assert!(!waits(&mut marked));
}

#[test]
fn a_borrow_marks_nothing_and_borrow_and_update_does() {
    let (sender, mut receiver) = watch::channel("one");
    assert!(!receiver.has_changed().unwrap());

    sender.send("two").unwrap();
    assert_eq!(*receiver.borrow(), "two");
    assert!(receiver.has_changed().unwrap());
    assert!(!waits(&mut receiver));
    assert!(waits(&mut receiver));
    assert!(!receiver.has_changed().unwrap());

    sender.send("three").unwrap();
    assert!(receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow_and_update(), "three");
    assert!(!receiver.has_changed().unwrap());
    assert!(waits(&mut receiver));

    drop(sender);
    assert_eq!(*receiver.borrow_and_update(), "three");
    assert_ready_err!(spawn(receiver.changed()).poll());
    receiver.has_changed().unwrap_err();
}

#[test]
fn a_borrow_knows_whether_its_receiver_had_seen_the_value() {
    let (sender, mut receiver) = watch::channel(1);
    assert!(!receiver.borrow().has_changed() && !sender.borrow().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
    sender.send(2).unwrap();
    assert!(receiver.borrow().has_changed());
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.borrow().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
    sender.send(3).unwrap();
    drop(sender);
    assert!(receiver.borrow().has_changed(), "closed or not");
    receiver.mark_unchanged();
    assert!(!receiver.borrow().has_changed());
    receiver.mark_changed();
    assert!(receiver.borrow().has_changed());
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
}

#[test]
fn marked_as_changed_the_first_value_is_a_change_and_so_is_any_other() {
    let (sender, mut receiver) = watch::channel("one");
    let [mut other, mut read, mut later] = [receiver.clone(), receiver.clone(), receiver.clone()];

    receiver.mark_changed();
    receiver.mark_changed();
    assert!(receiver.has_changed().unwrap());
    assert!(!waits(&mut receiver));
    assert!(waits(&mut receiver), "marked twice is one change");

    assert!(!other.has_changed().unwrap());
    assert!(waits(&mut other), "others do not notice");

    read.mark_changed();
    assert_eq!(*read.borrow(), "one");
    assert!(read.has_changed().unwrap());
    assert_eq!(*read.borrow_and_update(), "one");
    assert!(!read.has_changed().unwrap());
    assert!(waits(&mut read));

    sender.send("two").unwrap();
    assert_eq!(*later.borrow_and_update(), "two");
    later.mark_changed();
    assert!(later.has_changed().unwrap());
    assert_eq!(*later.borrow_and_update(), "two");
    assert!(waits(&mut later));
}

#[test]
fn marked_as_changed_a_receiver_is_notified_of_what_comes_next_as_well() {
    let (sender, mut receiver) = watch::channel(1);
    receiver.mark_changed();
    sender.send(2).unwrap();
    assert!(receiver.has_changed().unwrap());
    assert!(!waits(&mut receiver));
    assert!(waits(&mut receiver));
    assert_eq!(*receiver.borrow(), 2);
}

#[test]
fn marked_as_unchanged_a_value_is_no_change() {
    let (sender, mut receiver) = watch::channel("one");
    let mut other = receiver.clone();

    receiver.mark_changed();
    receiver.mark_unchanged();
    assert!(!receiver.has_changed().unwrap());
    assert!(waits(&mut receiver));

    sender.send("two").unwrap();
    assert!(other.has_changed().unwrap());
    other.mark_unchanged();
    assert!(!other.has_changed().unwrap());
    assert_eq!(*other.borrow_and_update(), "two");
    assert!(waits(&mut other));
    assert!(!waits(&mut receiver), "others do not notice");
}

#[test]
fn several_senders_send_into_one_channel() {
    let (first, mut receiver) = watch::channel(0);
    let second = first.clone();
    let mut both = spawn(async {
        receiver.changed().await.unwrap();
        let one = *receiver.borrow_and_update();
        receiver.changed().await.unwrap();
        (one, *receiver.borrow_and_update())
    });
    first.send(1).unwrap();
    assert_pending!(both.poll());
    second.send(2).unwrap();
    assert!(both.is_woken());
    tokio_test::assert_ready_eq!(both.poll(), (1, 2));
}
