//! `wait_for`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};

use super::watch;

#[test]
fn the_current_value_is_accepted_even_if_it_was_seen() {
    let (_sender, mut receiver) = watch::channel(1);
    let accepted = assert_ready_ok!(spawn(receiver.wait_for(|n| *n == 1)).poll());
    assert_eq!((*accepted, accepted.has_changed()), (1, false));
}

#[test]
fn an_unseen_value_is_accepted_and_counts_as_seen() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    let accepted = assert_ready_ok!(spawn(receiver.wait_for(|n| *n == 2)).poll());
    assert_eq!((*accepted, accepted.has_changed()), (2, true));
    drop(accepted);
    assert!(!receiver.has_changed().unwrap());
    receiver.mark_changed();
    assert!(assert_ready_ok!(spawn(receiver.wait_for(|_| true)).poll()).has_changed());
    assert_pending!(spawn(receiver.changed()).poll());
}

#[test]
fn values_are_offered_until_one_is_accepted() {
    let (sender, mut receiver) = watch::channel(1);
    let mut offered = Vec::new();
    let mut wait = spawn(receiver.wait_for(|n| {
        offered.push(*n);
        *n >= 10
    }));
    assert_pending!(wait.poll());
    sender.send(2).unwrap();
    sender.send(3).unwrap();
    assert!(wait.is_woken());
    assert_pending!(wait.poll());
    assert_pending!(wait.poll());
    sender.send(10).unwrap();
    assert!(wait.is_woken());
    let accepted = assert_ready_ok!(wait.poll());
    assert_eq!((*accepted, accepted.has_changed()), (10, false), "it was marked by the wait");
    drop((accepted, wait));
    assert_eq!(offered, [1, 3, 10], "each once, and only the newest");
    assert!(!receiver.has_changed().unwrap());
}

#[test]
fn a_dropped_wait_has_marked_what_was_rejected_and_nothing_else() {
    let (sender, mut receiver) = watch::channel(1);
    let mut wait = spawn(receiver.wait_for(|_| false));
    assert_pending!(wait.poll());
    sender.send(2).unwrap();
    assert_pending!(wait.poll());
    sender.send(3).unwrap();
    drop(wait);
    assert_eq!(*receiver.borrow(), 3);
    assert_ready_ok!(spawn(receiver.changed()).poll());
    sender.send(4).unwrap();
    assert_pending!(spawn(receiver.wait_for(|_| false)).poll());
    assert_pending!(spawn(receiver.changed()).poll());
    sender.send(5).unwrap();
    drop(receiver.wait_for(|_| true));
    assert!(receiver.has_changed().unwrap(), "never polled");
}

#[test]
fn the_last_value_is_offered_before_the_end() {
    let (sender, mut receiver) = watch::channel("one");
    sender.send("two").unwrap();
    drop(sender);
    assert_eq!(*assert_ready_ok!(spawn(receiver.wait_for(|_| true)).poll()), "two");
    assert_ready_ok!(spawn(receiver.wait_for(|_| true)).poll());
    let mut offered = Vec::new();
    assert_ready_err!(
        spawn(receiver.wait_for(|value| {
            offered.push(*value);
            false
        }))
        .poll()
    );
    assert_eq!(offered, ["two"]);
}

#[test]
fn a_value_that_was_sent_before_the_end_is_offered_to_who_waits() {
    for accepts in [true, false] {
        let (sender, mut receiver) = watch::channel(1);
        let mut wait = spawn(receiver.wait_for(|n| accepts && *n == 2));
        assert_pending!(wait.poll());
        sender.send(2).unwrap();
        drop(sender);
        assert!(wait.is_woken());
        assert_eq!(assert_ready!(wait.poll()).is_ok(), accepts);
    }
}

#[test]
fn a_silent_modification_is_not_offered_until_something_else_is() {
    let (sender, mut receiver) = watch::channel(1);
    let mut wait = spawn(receiver.wait_for(|n| *n == 2));
    assert_pending!(wait.poll());
    assert!(!sender.send_if_modified(|n| {
        *n = 2;
        false
    }));
    assert!(!wait.is_woken());
    assert_pending!(wait.poll());
    sender.send_modify(|_| ());
    assert!(wait.is_woken());
    assert_eq!(*assert_ready_ok!(wait.poll()), 2);
    drop(wait);

    sender.send_if_modified(|n| {
        *n = 3;
        false
    });
    assert_eq!(*assert_ready_ok!(spawn(receiver.wait_for(|n| *n == 3)).poll()), 3, "a new wait reads what is current");
}

#[test]
fn what_a_predicate_panicked_on_counts_as_seen() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    let mut wait = spawn(receiver.wait_for(|n| if *n == 2 { panic!("expected") } else { true }));
    catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).unwrap_err();
    drop(wait);
    assert!(!receiver.has_changed().unwrap());
    assert!(!receiver.borrow().has_changed());
    assert_pending!(spawn(receiver.changed()).poll());
    sender.send(3).unwrap();
    assert!(receiver.has_changed().unwrap());
    let mut wait = spawn(receiver.wait_for(|n| if *n == 4 { panic!("expected") } else { false }));
    assert_pending!(wait.poll());
    sender.send_modify(|n| *n += 1);
    catch_unwind(AssertUnwindSafe(|| wait.poll().is_ready())).unwrap_err();
    drop(wait);
    assert!(!receiver.has_changed().unwrap());
    assert!(!receiver.borrow_and_update().has_changed());
    assert_pending!(spawn(receiver.changed()).poll());
    drop(sender);
    assert_ready_err!(spawn(receiver.changed()).poll());
}
