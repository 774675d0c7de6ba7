//! The end for receivers, when all senders were dropped; the end for senders, when all receivers were; and their numbers.

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};

use super::watch::{self, Sender};

#[test]
fn the_last_value_is_received_before_the_end() {
    let (sender, mut receiver) = watch::channel("one");
    sender.send("two").unwrap();
    assert_ready_ok!(spawn(receiver.changed()).poll());

    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    sender.send("three").unwrap();
    drop(sender);
    assert!(changed.is_woken());
    assert_ready_ok!(changed.poll());
    drop(changed);
    assert_eq!(*receiver.borrow(), "three");
    assert_ready_err!(spawn(receiver.changed()).poll());
    assert_ready_err!(spawn(receiver.changed()).poll());
    assert_eq!(*receiver.borrow(), "three");
}

#[test]
fn a_channel_whose_first_value_is_the_last_ends_without_a_change() {
    let (sender, mut receiver) = watch::channel("one");
    drop(sender);
    assert_ready_err!(spawn(receiver.changed()).poll());
    assert_eq!(*receiver.borrow(), "one");
}

#[test]
fn marked_as_changed_the_last_value_comes_before_the_end_once_more() {
    let (sender, mut receiver) = watch::channel("one");
    drop(sender);
    receiver.mark_changed();
    assert_ready_ok!(spawn(receiver.changed()).poll());
    assert_ready_err!(spawn(receiver.changed()).poll());
}

#[test]
fn has_changed_fails_when_the_channel_is_closed_whether_or_not_the_value_was_seen() {
    for sends in [false, true] {
        let (sender, receiver) = watch::channel("one");
        if sends {
            sender.send("two").unwrap();
        }
        let other = sender.clone();
        drop(sender);
        assert_eq!(receiver.has_changed().unwrap(), sends);
        drop(other);
        receiver.has_changed().unwrap_err();
        let mut marked = receiver.clone();
        marked.mark_changed();
        marked.has_changed().unwrap_err();
    }
}

#[test]
fn a_receiver_is_closed_when_the_last_sender_is_dropped_and_is_notified_then() {
    let (sender, mut receiver) = watch::channel(0);
    let other = sender.clone();
    let looking = receiver.clone();
    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    drop(sender);
    assert!(!changed.is_woken() && !looking.is_closed());
    drop(other);
    assert!(changed.is_woken() && looking.is_closed());
    assert_ready_err!(changed.poll());
}

#[test]
fn senders_are_told_when_the_last_receiver_is_dropped() {
    let (sender, receiver) = watch::channel("one");
    let other = receiver.clone();
    let mut closed = spawn(sender.closed());
    assert_pending!(closed.poll());
    drop(receiver);
    assert!(!closed.is_woken());
    assert_pending!(closed.poll());
    drop(other);
    assert!(closed.is_woken());
    assert_ready!(closed.poll());
    assert!(sender.is_closed());
    assert_eq!(sender.send("two").unwrap_err().0, "two");
    assert_eq!(*sender.borrow(), "one", "what could not be sent is not in the channel");
    assert_ready!(spawn(sender.closed()).poll());
}

#[test]
fn a_channel_that_was_opened_again_before_the_wait_went_on_is_not_closed() {
    let (sender, receiver) = watch::channel(1);
    let mut closed = spawn(sender.closed());
    assert_pending!(closed.poll());
    drop(receiver);
    let receiver = sender.subscribe();
    assert_pending!(closed.poll());
    drop(receiver);
    assert!(closed.is_woken());
    assert_ready!(closed.poll());
}

#[test]
fn subscribing_opens_the_channel_again() {
    let (sender, receiver) = watch::channel("one");
    assert!(!sender.is_closed());
    drop(receiver);
    assert!(sender.is_closed());
    let receiver = sender.subscribe();
    assert!(!sender.is_closed() && !receiver.is_closed());
    sender.send("two").unwrap();
    assert_eq!(*receiver.borrow(), "two");
    drop(receiver);
    assert!(sender.is_closed());
}

#[test]
fn a_new_receiver_has_seen_what_is_current() {
    let sender = Sender::new(1);
    assert!(sender.send(2).is_err());
    assert_eq!(sender.send_replace(3), 1);
    let mut receiver = sender.subscribe();
    assert!(!receiver.has_changed().unwrap() && !receiver.borrow().has_changed());
    assert_eq!(*receiver.borrow(), 3);
    assert_pending!(spawn(receiver.changed()).poll());
    sender.send(4).unwrap();
    assert_ready_ok!(spawn(receiver.changed()).poll());
}

#[test]
fn senders_and_receivers_are_counted() {
    let sender = Sender::new(1);
    assert_eq!((sender.sender_count(), sender.receiver_count()), (1, 0));
    let receiver = sender.subscribe();
    let other_receiver = receiver.clone();
    let other = sender.clone();
    assert_eq!((sender.sender_count(), sender.receiver_count()), (2, 2));
    assert_eq!((other.sender_count(), other.receiver_count()), (2, 2));
    drop((sender, receiver));
    assert_eq!((other.sender_count(), other.receiver_count()), (1, 1));
    drop(other_receiver);
    assert_eq!(other.receiver_count(), 0);
}

#[test]
fn handles_know_whether_they_are_of_one_channel() {
    let (sender, receiver) = watch::channel(1);
    let (other_sender, other_receiver) = watch::channel(1);
    assert!(sender.same_channel(&sender) && sender.same_channel(&sender.clone()));
    assert!(!sender.same_channel(&other_sender));
    assert!(receiver.same_channel(&sender.subscribe()) && receiver.same_channel(&receiver.clone()));
    assert!(!receiver.same_channel(&other_receiver));
}

#[test]
fn the_value_is_dropped_with_the_last_of_all_handles_and_replaced_ones_are_dropped_before() {
    use std::sync::Arc;
    let [first, second] = [Arc::new(1), Arc::new(2)];
    let (sender, receiver) = watch::channel(Arc::clone(&first));
    sender.send(Arc::clone(&second)).unwrap();
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
    sender.send_modify(|_| ());
    assert!(!sender.send_if_modified(|_| false));
    assert_eq!(Arc::strong_count(&second), 2);
    drop(sender);
    assert_eq!(Arc::strong_count(&second), 2);
    drop(receiver);
    assert_eq!(Arc::strong_count(&second), 1);
}
