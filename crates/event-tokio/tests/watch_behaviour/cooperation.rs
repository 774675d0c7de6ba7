//! Everything that can be awaited leaves other tasks their turn.

use std::future::Future;

use super::watch;

/// Fails unless `forever`, which never waits for anything, yields.
async fn yields(forever: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = forever => unreachable!("it has no end"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn changed_on_a_channel_that_is_closed() {
    let (sender, mut receiver) = watch::channel(());
    drop(sender);
    yields(async {
        loop {
            receiver.changed().await.unwrap_err();
        }
    })
    .await;
}

#[tokio::test]
async fn changed_on_a_channel_that_always_changes() {
    let (sender, mut receiver) = watch::channel(());
    yields(async {
        loop {
            sender.send(()).unwrap();
            receiver.changed().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn changed_on_a_receiver_that_is_marked() {
    let (_sender, mut receiver) = watch::channel(());
    yields(async {
        loop {
            receiver.mark_changed();
            receiver.changed().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn wait_for_on_a_channel_that_is_closed() {
    let (sender, mut receiver) = watch::channel(0);
    drop(sender);
    yields(async {
        loop {
            receiver.wait_for(|n| *n == 1).await.unwrap_err();
        }
    })
    .await;
}

#[tokio::test]
async fn wait_for_what_is_there() {
    let (sender, mut receiver) = watch::channel(0);
    yields(async {
        loop {
            sender.send(1).unwrap();
            receiver.wait_for(|n| *n == 1).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn closed_on_a_channel_without_receivers() {
    let (sender, receiver) = watch::channel(());
    drop(receiver);
    yields(async {
        loop {
            sender.closed().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_wait_without_budget_marks_nothing() {
    let (sender, mut receiver) = watch::channel(0);
    let (other, mut exhausting) = watch::channel(0);
    let mut rounds = 0;
    while tokio::task::coop::has_budget_remaining() && rounds < 10_000 {
        other.send(1).unwrap();
        exhausting.changed().await.unwrap();
        rounds += 1;
    }
    assert!(rounds > 1 && rounds < 10_000, "one unit for each change");
    let mut task = tokio_test::task::spawn(());
    receiver.mark_changed();
    {
        let mut wait = Box::pin(receiver.wait_for(|_| true));
        assert!(task.enter(|cx, _| wait.as_mut().poll(cx)).is_pending());
    }
    assert!(receiver.has_changed().unwrap());
    receiver.mark_unchanged();
    sender.send(1).unwrap();
    {
        let mut changed = Box::pin(receiver.changed());
        assert!(task.enter(|cx, _| changed.as_mut().poll(cx)).is_pending());
    }
    assert!(receiver.has_changed().unwrap());
}
