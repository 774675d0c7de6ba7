//! Models of memory values as a whole: closing, the last handle, the first use.

use core::future::Future;
use core::task::Poll;

use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::error::GetError;
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::traits::Watcher;
use crate::wakers::FIRST_NODES;

fn poll(watcher: &mut MemoryWatcher<Citizen>, bell: &alloc::sync::Arc<Bell>) -> Poll<Result<usize, GetError>> {
    bell.poll(|cx| watcher.poll_get(cx)).map_ok(|citizen| citizen.number)
}

/// What a watcher that was polled once still has to get when all producers have gone and closed the value.
fn assert_ends_with(
    first: Poll<Result<usize, GetError>>,
    mut watcher: MemoryWatcher<Citizen>,
    bell: &alloc::sync::Arc<Bell>,
    newest: &[usize],
) {
    let closed = |poll: &Poll<Result<usize, GetError>>| matches!(poll, Poll::Ready(Err(GetError::Closed)));
    let mut last = None;
    match first {
        Poll::Pending => assert!(bell.rung() > 0, "neither data nor a wake-up"),
        Poll::Ready(Ok(number)) => last = Some(number),
        Poll::Ready(Err(_)) => {}
    }
    loop {
        match poll(&mut watcher, bell) {
            Poll::Ready(Ok(number)) => {
                assert_ne!(last, Some(number), "the same data twice");
                last = Some(number);
            }
            other => {
                assert!(closed(&other), "closed, but the watcher says {other:?}");
                break;
            }
        }
    }
    match last {
        Some(number) => assert!(newest.contains(&number), "{number} is not the newest"),
        None => assert!(newest.is_empty(), "the newest data was not given"),
    }
}

fn close_against_set_and_get() {
    let census = Census::new();
    let value = MemoryValue::new();
    let bell = Bell::new();
    let mut watcher = value.watch();
    let setter = thread::spawn({
        let (value, census) = (value.clone(), census.clone());
        move || value.try_set(census.citizen(1)).is_ok()
    });
    let closer = thread::spawn({
        let value = value.clone();
        move || value.close()
    });
    let first = poll(&mut watcher, &bell);
    let was_set = setter.join().unwrap();
    closer.join().unwrap();
    assert!(value.is_closed());
    assert_eq!(value.is_set(), was_set);
    assert_ends_with(first, watcher, &bell, if was_set { &[1] } else { &[] });
    drop(value);
    assert_eq!(census.alive(), 0);
    assert_eq!(bell.wakers(), 0);
}

#[test]
fn closing_against_a_set_and_a_get() {
    explore(Effort { preemptions: 6, at_least: 30_000 }, close_against_set_and_get);
}

fn last_handle() {
    let census = Census::new();
    let value = MemoryValue::new();
    let bell = Bell::new();
    let mut watcher = value.watch();
    let other = thread::spawn({
        let (value, census) = (value.clone(), census.clone());
        move || {
            value.set(census.citizen(1));
        }
    });
    let another = thread::spawn({
        let census = census.clone();
        move || {
            value.set(census.citizen(2));
        }
    });
    let first = poll(&mut watcher, &bell);
    other.join().unwrap();
    another.join().unwrap();
    assert!(watcher.is_closed());
    assert_ends_with(first, watcher, &bell, &[1, 2]);
    assert_eq!(census.alive(), 0, "the last watcher takes the data along");
}

#[test]
fn the_last_handle_that_goes_closes() {
    explore(Effort { preemptions: 3, at_least: 8_000 }, last_handle);
}

fn first_use() {
    let census = Census::new();
    let value = crate::sync::Arc::new(MemoryValue::new());
    let bell = Bell::new();
    let setter = thread::spawn({
        let (value, census) = (crate::sync::Arc::clone(&value), census.clone());
        move || {
            value.set(census.citizen(1));
        }
    });
    let mut watcher = value.watch();
    let first = poll(&mut watcher, &bell);
    setter.join().unwrap();
    drop(value);
    assert_ends_with(first, watcher, &bell, &[1]);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_first_use_by_two_threads() {
    explore(Effort { preemptions: 6, at_least: 700 }, first_use);
}

fn watcher_goes_with_the_last_handle() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let bell = Bell::new();
    let mut watcher = value.watch_changes();
    assert!(poll(&mut watcher, &bell).is_pending());
    let closer = thread::spawn(move || drop(value));
    drop(watcher);
    closer.join().unwrap();
    assert_eq!(census.alive(), 0);
    assert_eq!(bell.wakers(), 0);
}

#[test]
fn a_watcher_that_goes_with_the_last_handle() {
    explore(Effort { preemptions: 6, at_least: 100 }, watcher_goes_with_the_last_handle);
}

fn updates() {
    let value = MemoryValue::with_value(0);
    let other = thread::spawn({
        let value = value.clone();
        move || value.update(|n: &mut usize| *n += 1)
    });
    assert!(value.update(|n| *n += 10));
    assert!(other.join().unwrap());
    assert_eq!(value.load(), Some(11), "an update was lost");
}

#[test]
fn two_updates() {
    explore(Effort { preemptions: 5, at_least: 50_000 }, updates);
}

fn clears() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let other = thread::spawn({
        let value = value.clone();
        move || value.clear()
    });
    value.clear();
    other.join().unwrap();
    assert_eq!(value.version().raw(), 2, "there was data once, and one of them has cleared it");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn two_clears() {
    explore(Effort { preemptions: 4, at_least: 10_000 }, clears);
}

fn replacements() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let other = thread::spawn({
        let (value, census) = (value.clone(), census.clone());
        move || value.replace(census.citizen(2)).map(|citizen| citizen.number)
    });
    let mine = value.replace(census.citizen(3)).map(|citizen| citizen.number);
    let others = other.join().unwrap();
    let left = value.load().map(|citizen| citizen.number);
    let mut all = [mine, others, left];
    all.sort_unstable();
    assert_eq!(all, [Some(1), Some(2), Some(3)], "each piece of data comes out once");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn two_replacements() {
    explore(Effort { preemptions: 5, at_least: 6_000 }, replacements);
}

/// The snapshot is dropped while the version that it holds is replaced and read.
fn snapshot_against_replace() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let snapshot = value.borrow().unwrap().detach();
    let dropper = thread::spawn(move || {
        assert_eq!(snapshot.number, 1);
        drop(snapshot);
    });
    let reader = thread::spawn({
        let value = value.clone();
        move || value.load().map(|citizen| citizen.number)
    });
    let replaced = value.replace(census.citizen(2)).map(|citizen| citizen.number);
    assert_eq!(replaced, Some(1));
    dropper.join().unwrap();
    assert!(matches!(reader.join().unwrap(), Some(1 | 2)));
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_snapshot_against_a_replacement() {
    explore(Effort { preemptions: 4, at_least: 2_000 }, snapshot_against_replace);
}

fn unwatched() {
    let value = MemoryValue::<usize>::new();
    let bell = Bell::new();
    let watcher = value.watch();
    let leaver = thread::spawn(move || drop(watcher));
    let mut unwatched = value.unwatched();
    let first = bell.poll(|cx| core::pin::Pin::new(&mut unwatched).poll(cx));
    leaver.join().unwrap();
    assert!(first.is_ready() || bell.rung() > 0, "neither unwatched nor woken");
    assert!(bell.poll(|cx| core::pin::Pin::new(&mut unwatched).poll(cx)).is_ready());
    drop(unwatched);
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_producer_that_waits_for_the_last_watcher_to_go() {
    explore(Effort { preemptions: 5, at_least: 10 }, unwatched);
}

/// More producers wait than there are bits in the root, and one of them goes while it is woken.
fn producers_below() {
    let value = MemoryValue::<usize>::new();
    let wait = || {
        let (bell, mut watched) = (Bell::new(), value.watched());
        let polled = bell.poll(|cx| core::pin::Pin::new(&mut watched).poll(cx));
        (watched, bell, polled.is_pending())
    };
    let first = [(); FIRST_NODES].map(|()| wait());
    let goes = wait();
    let comer = thread::spawn({
        let value = value.clone();
        move || value.watch()
    });
    let (waits, bell, pending) = wait();
    drop(goes.0);
    let watcher = comer.join().unwrap();
    assert!(!pending || bell.rung() > 0, "watched, and not woken");
    assert!(first.iter().all(|(_, bell, _)| bell.rung() > 0));
    assert_eq!(goes.1.wakers(), 0, "the waker of one that was dropped is still stored");
    drop((first, waits));
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
    drop(watcher);
}

#[test]
fn producers_below_a_directory_that_wait_for_a_watcher() {
    explore(Effort { preemptions: 4, at_least: 900 }, producers_below);
}

fn waiting_for_the_end() {
    let value = MemoryValue::<Citizen>::new();
    let bell = Bell::new();
    let closer = thread::spawn({
        let value = value.clone();
        move || value.close()
    });
    {
        let mut closed = core::pin::pin!(value.closed());
        if bell.poll(|cx| closed.as_mut().poll(cx)).is_pending() {
            closer.join().unwrap();
            assert!(bell.rung() > 0, "closed, and nobody told");
            assert!(bell.poll(|cx| closed.as_mut().poll(cx)).is_ready());
        } else {
            closer.join().unwrap();
        }
        assert!(value.is_closed());
    }
    drop(value);
    assert_eq!(bell.wakers(), 0);
}

#[test]
fn waiting_for_the_end_against_a_close() {
    explore(Effort { preemptions: 6, at_least: 50 }, waiting_for_the_end);
}
