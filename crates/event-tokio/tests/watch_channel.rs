//! tokio's watch channels, watched like a value: what is promised for every watcher, polled by hand.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::pending;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use event_core::GetError;
use event_core::prelude::*;
use event_tokio::{GetExt, ReceiverWatcher, WatchReceiver};
use tokio::sync::watch::{self, Sender};
use tokio::time::advance;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use tokio_util::sync::CancellationToken;

fn channel<T: Clone + Send + Sync + 'static>(item: T) -> (Sender<T>, ReceiverWatcher<T>) {
    let (sender, receiver) = watch::channel(item);
    (sender, WatchReceiver::from(receiver).watch())
}

/// Polls a get that is dropped at once.
fn poll<W: Watcher>(watcher: &mut W) -> Poll<Result<W::Item, GetError>> {
    spawn(watcher.get()).poll()
}

// W1

#[test]
fn w1_the_first_get_gives_what_is_present_and_later_ones_wait_for_something_newer() {
    let (sender, mut watcher) = channel(1);
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
    let mut get = spawn(watcher.get());
    assert_pending!(get.poll());
    sender.send(2).unwrap();
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 2);
    drop(get);
    assert_pending!(poll(&mut watcher));
}

#[test]
fn w1_the_first_get_gives_the_newest_of_what_was_sent_since_watching_began() {
    let (sender, mut watcher) = channel(1);
    sender.send(2).unwrap();
    sender.send(3).unwrap();
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 3);
    assert_pending!(poll(&mut watcher));
}

#[test]
fn w1_what_the_receiver_had_seen_makes_no_difference_and_stays_as_it_was() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).unwrap();
    receiver.borrow_and_update();
    let value = WatchReceiver::from(receiver);
    assert_eq!(assert_ready_ok!(poll(&mut value.watch())), 2);
    assert_eq!(assert_ready_ok!(poll(&mut value.clone().watch())), 2, "each watcher begins anew");
    let receiver = value.into_inner();
    assert!(!receiver.has_changed().unwrap());
    sender.send(3).unwrap();
    assert_eq!(assert_ready_ok!(poll(&mut WatchReceiver::from(receiver.clone()).watch())), 3);
    assert!(receiver.has_changed().unwrap());
}

#[test]
fn w1_equal_data_is_news_too() {
    let (sender, mut watcher) = channel(1);
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
    sender.send(1).unwrap();
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
}

// W2

#[test]
fn w2_a_wake_up_for_what_was_got_already_is_followed_by_a_wait_that_is_woken_again() {
    let (sender, mut watcher) = channel(0);
    assert_ready_ok!(poll(&mut watcher));
    for n in 1..100 {
        // This wait is left behind, out of date.
        assert_pending!(poll(&mut watcher));
        sender.send(n).unwrap();
        assert_eq!(assert_ready_ok!(spawn(watcher.get().backlog_only()).poll()), n);
        let mut get = spawn(watcher.get());
        assert_pending!(get.poll());
        sender.send(1000 + n).unwrap();
        assert!(get.is_woken());
        assert_eq!(assert_ready_ok!(get.poll()), 1000 + n);
    }
}

#[test]
fn w2_the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    let (sender, mut watcher) = channel(0);
    assert_ready_ok!(poll(&mut watcher));
    let (mut before, mut now) = (spawn(pending::<()>()), spawn(pending::<()>()));
    before.enter(|cx, _| assert_pending!(watcher.poll_get(cx)));
    now.enter(|cx, _| assert_pending!(watcher.poll_get(cx)));
    sender.send(1).unwrap();
    assert!(now.is_woken());
    assert!(!before.is_woken());
}

// W5

#[test]
fn w5_a_dropped_get_consumes_nothing() {
    let (sender, mut watcher) = channel(1);
    drop(watcher.get());
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
    let mut get = spawn(watcher.get());
    assert_pending!(get.poll());
    sender.send(2).unwrap();
    assert!(get.is_woken());
    drop(get);
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 2);
}

#[tokio::test(start_paused = true)]
async fn w5_a_get_ended_by_a_token_or_by_its_deadline_consumes_nothing() {
    let (sender, mut watcher) = channel(1);
    let (token, second) = (CancellationToken::new(), Duration::from_secs(1));
    assert_eq!(watcher.get().timeout(second).cancel_on(&token).await.unwrap(), 1);
    let mut get = spawn(watcher.get().timeout(second).cancel_on(&token));
    assert_pending!(get.poll());
    advance(second).await;
    assert!(get.is_woken());
    sender.send(2).unwrap();
    assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
    drop(get);
    token.cancel();
    assert!(watcher.get().cancel_on(&token).await.unwrap_err().is_cancelled());
    assert_eq!(watcher.get().await.unwrap(), 2);
}

#[test]
fn w5_a_thousand_cancelled_waits_leave_at_most_one_waker_and_one_receiver_behind() {
    let (sender, mut watcher) = channel(0);
    assert_ready_ok!(poll(&mut watcher));
    let mut tasks: Vec<_> = (0..1000).map(|_| spawn(pending::<()>())).collect();
    let unused = tasks[0].waker_ref_count();
    for task in &mut tasks {
        task.enter(|cx, _| assert_pending!(watcher.poll_get(cx)));
    }
    let kept = tasks.iter().filter(|task| task.waker_ref_count() > unused).count();
    assert!(kept <= 1, "{kept} wakers are kept");
    assert!(sender.receiver_count() <= 2, "{} receivers are kept", sender.receiver_count());
    sender.send(1).unwrap();
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
    assert_pending!(poll(&mut watcher));
    assert!(sender.receiver_count() <= 2);
}

#[test]
fn w6_dropping_a_watcher_that_waits_leaves_nothing_behind() {
    let (sender, mut watcher) = channel(0);
    assert_ready_ok!(poll(&mut watcher));
    let mut task = spawn(pending::<()>());
    let unused = task.waker_ref_count();
    task.enter(|cx, _| assert_pending!(watcher.poll_get(cx)));
    assert!(task.waker_ref_count() > unused);
    drop(watcher);
    assert_eq!(task.waker_ref_count(), unused);
    assert!(sender.is_closed(), "tokio's word for: there are no receivers");
}

#[test]
fn w4_a_clone_of_a_watcher_has_had_the_same_and_goes_its_own_way() {
    let (sender, mut watcher) = channel(1);
    let mut fresh = watcher.clone();
    assert_ready_ok!(poll(&mut watcher));
    assert_pending!(poll(&mut watcher));
    let mut after = watcher.clone();
    assert_eq!(assert_ready_ok!(poll(&mut fresh)), 1);
    let mut get = spawn(after.get());
    assert_pending!(get.poll());
    drop(watcher);
    sender.send(2).unwrap();
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 2);
}

// W7

#[test]
fn w7_a_predicate_sees_the_data_before_it_is_cloned_and_what_it_rejects_is_consumed() {
    // How many there are tells how often it was cloned.
    let items: Vec<_> = (0..3).map(Arc::new).collect();
    let (sender, mut watcher) = channel(Arc::clone(&items[0]));
    let mut get = spawn(watcher.get().filter(|item| {
        assert_eq!(Arc::strong_count(item), 2);
        **item == 2
    }));
    assert_pending!(get.poll());
    assert_eq!(Arc::strong_count(&items[0]), 2);
    sender.send(Arc::clone(&items[1])).unwrap();
    assert!(get.is_woken());
    assert_pending!(get.poll());
    sender.send(Arc::clone(&items[2])).unwrap();
    assert!(get.is_woken());
    assert_eq!(*assert_ready_ok!(get.poll()), 2);
    drop(get);

    sender.send(Arc::clone(&items[1])).unwrap();
    let backlog = spawn(watcher.get().backlog_only().filter(|item| **item == 2)).poll();
    assert!(assert_ready_err!(backlog).is_backlog_done());
    assert_eq!(Arc::strong_count(&items[1]), 2);
    assert_pending!(poll(&mut watcher));
}

// W8

#[test]
fn w8_the_backlog_is_what_is_unseen_and_never_waits() {
    let (sender, mut watcher) = channel(1);
    let backlog = |watcher: &mut ReceiverWatcher<i32>| assert_ready!(spawn(watcher.get().backlog_only()).poll());
    assert_eq!(backlog(&mut watcher).unwrap(), 1);
    assert!(backlog(&mut watcher).unwrap_err().is_backlog_done());
    sender.send(2).unwrap();
    sender.send(3).unwrap();
    assert_eq!(backlog(&mut watcher).unwrap(), 3);
    assert!(backlog(&mut watcher).unwrap_err().is_backlog_done());
    assert_eq!(sender.receiver_count(), 1, "nothing waits");
    sender.send(4).unwrap();
    let odd = spawn(watcher.get().filter(|n| n % 2 == 1).backlog_only()).poll();
    assert!(assert_ready_err!(odd).is_backlog_done());
    assert_pending!(poll(&mut watcher));
}

// C1

#[test]
fn c1_dropping_the_last_sender_wakes_and_closes() {
    let (sender, mut watcher) = channel(1);
    assert_ready_ok!(poll(&mut watcher));
    let mut get = spawn(watcher.get());
    assert_pending!(get.poll());
    drop(sender.clone());
    assert_pending!(get.poll());
    drop(sender);
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_closed());
    drop(get);
    assert!(assert_ready_err!(poll(&mut watcher)).is_closed(), "from now on");
    assert!(assert_ready_err!(spawn(watcher.get().backlog_only()).poll()).is_closed());
}

#[test]
fn c1_the_newest_data_that_was_not_seen_comes_once_before_the_end() {
    let (sender, mut watcher) = channel(1);
    let (mut by_backlog, mut by_filter, mut rejecting) = (watcher.clone(), watcher.clone(), watcher.clone());
    sender.send(2).unwrap();
    drop(sender);
    let mut late = watcher.clone();
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 2);
    assert_eq!(assert_ready_ok!(poll(&mut late)), 2);
    assert_eq!(assert_ready_ok!(spawn(by_backlog.get().backlog_only()).poll()), 2);
    assert_eq!(assert_ready_ok!(spawn(by_filter.get().filter(|n| *n == 2)).poll()), 2);
    assert!(assert_ready_err!(spawn(rejecting.get().filter(|n| *n == 1)).poll()).is_closed());
    for watcher in [&mut watcher, &mut late, &mut by_backlog, &mut by_filter, &mut rejecting] {
        assert!(assert_ready_err!(poll(watcher)).is_closed());
    }
}

#[test]
fn c1_watching_a_closed_channel_gives_what_it_holds_once() {
    let (sender, receiver) = watch::channel(1);
    drop(sender);
    let mut watcher = WatchReceiver::from(receiver).watch();
    assert_eq!(assert_ready_ok!(poll(&mut watcher)), 1);
    assert!(assert_ready_err!(poll(&mut watcher)).is_closed());
}

#[test]
fn c1_a_stream_ends_after_the_newest_data() {
    let (sender, watcher) = channel(1);
    let mut stream = spawn(watcher.into_stream());
    assert_eq!(stream.poll_next(), Poll::Ready(Some(1)));
    assert_pending!(stream.poll_next());
    sender.send(2).unwrap();
    drop(sender);
    assert!(stream.is_woken());
    assert_eq!(stream.poll_next(), Poll::Ready(Some(2)));
    assert_eq!(stream.poll_next(), Poll::Ready(None));
}
