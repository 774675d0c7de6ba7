//! tokio's watch channels, watched like a value, while another thread sends.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, channel as std_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{hint, mem};

use event_core::prelude::*;
use event_tokio::{ReceiverWatcher, WatchReceiver};
use tokio::sync::watch::{self, Sender};
use tokio_test::task::spawn;

fn channel(item: u32) -> (Sender<u32>, ReceiverWatcher<u32>) {
    let (sender, receiver) = watch::channel(item);
    (sender, WatchReceiver::from(receiver).watch())
}

/// Runs `test` on a thread of its own, for as long as it takes unless it hangs. One at a time, so that its two threads
/// have the machine to themselves and run at once.
fn unless_it_hangs(test: impl FnOnce() + Send + 'static) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (done, ended) = std_channel();
    let testing = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    assert_ne!(ended.recv_timeout(Duration::from_secs(180)), Err(RecvTimeoutError::Timeout), "it hangs");
    testing.join().unwrap();
}

/// Wakes one thread, which relies on nothing else: it never polls unless it was woken.
struct Alarm {
    thread: Thread,
    rings: Mutex<bool>,
}

impl Alarm {
    fn here() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), rings: Mutex::new(false) })
    }

    fn sleep(&self) {
        // At first with open eyes: so it is back sooner, and meets senders where it would not meet them otherwise.
        let mut looks = 100;
        while !mem::take(&mut *self.rings.lock().unwrap()) {
            if looks == 0 {
                thread::park();
            } else {
                hint::spin_loop();
                looks -= 1;
            }
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.rings.lock().unwrap() = true;
        self.thread.unpark();
    }
}

/// Gets once; `None` when the channel is closed.
fn wait(watcher: &mut ReceiverWatcher<u32>) -> Option<u32> {
    let alarm = Alarm::here();
    let waker = Waker::from(Arc::clone(&alarm));
    loop {
        match watcher.poll_get(&mut Context::from_waker(&waker)) {
            Poll::Ready(got) => return got.ok(),
            Poll::Pending => alarm.sleep(),
        }
    }
}

/// Sends two items, the second of which has to be answered, at ever other moments while the first is being got.
fn send(sender: &Sender<u32>, round: u32) {
    sender.send_replace(0);
    (0..round % 1024).for_each(|_| hint::spin_loop());
    sender.send_replace(round);
}

/// Gets until it is `round`. Every third time, the first get is polled once, with a waker that wakes nobody, and given
/// up.
fn receive(watcher: &mut ReceiverWatcher<u32>, round: u32) {
    if round % 3 == 0 {
        let given_up = watcher.poll_get(&mut Context::from_waker(Waker::noop()));
        if matches!(given_up, Poll::Ready(Ok(item)) if item == round) {
            return;
        }
    }
    while wait(watcher).expect("the other side waits for an answer") != round {}
}

#[test]
fn w2_no_wake_up_is_lost_between_two_threads() {
    const ROUNDS: u32 = 10_000;
    unless_it_hangs(|| {
        let ((ping, mut pinged), (pong, mut ponged)) = (channel(0), channel(0));
        let there = thread::spawn(move || {
            for round in 1..=ROUNDS {
                receive(&mut pinged, round);
                send(&pong, round);
            }
        });
        for round in 1..=ROUNDS {
            send(&ping, round);
            receive(&mut ponged, round);
        }
        there.join().unwrap();
    });
}

#[test]
fn w1_beside_a_thread_that_sends_only_newer_data_comes_and_the_last() {
    const LAST: u32 = 100_000;
    unless_it_hangs(|| {
        let (sender, mut watcher) = channel(0);
        let sending = thread::spawn(move || (1..=LAST).for_each(|n| sender.send(n).unwrap()));
        let mut newest = None;
        while let Some(n) = wait(&mut watcher) {
            assert!(newest < Some(n), "{n} came after {newest:?}");
            newest = Some(n);
        }
        assert_eq!(newest, Some(LAST));
        sending.join().unwrap();
    });
}

#[test]
fn w7_a_flood_of_rejected_data_ends_polls_early_and_brings_the_task_back() {
    unless_it_hangs(|| {
        let (sender, mut watcher) = channel(0);
        let (stop, stopped) = std_channel::<()>();
        let flood = thread::spawn(move || {
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                sender.send_modify(|n| *n = n.wrapping_add(1));
            }
        });
        let (asked, mut rejected) = (Cell::new(0), 0);
        let mut get = spawn(watcher.get().filter(|_| {
            asked.set(asked.get() + 1);
            false
        }));
        // The sender has to be as fast as the watcher now and then. Where it never is, two seconds are enough.
        let begin = Instant::now();
        while rejected < 20_000 && begin.elapsed() < Duration::from_secs(2) {
            assert!(get.poll().is_pending());
            assert!(asked.get() <= 32, "{} in one poll", asked.get());
            rejected += asked.take();
            while !get.is_woken() {
                thread::yield_now();
            }
        }
        drop(stop);
        flood.join().unwrap();
    });
}
