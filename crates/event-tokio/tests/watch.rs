//! Where the watch channel is more than tokio's: nobody waits for a borrow, and closures may use the channel.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use event_tokio::watch::{self, Receiver, Sender};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_ok, block_on};

#[test]
fn everything_can_be_done_while_the_value_is_borrowed() {
    let (sender, mut receiver) = watch::channel(1);
    let mut other = receiver.clone();
    let [by_sender, by_receiver] = [sender.borrow(), other.borrow_and_update()];
    sender.send(2).unwrap();
    sender.send_modify(|n| *n += 1);
    assert!(!sender.send_if_modified(|_| false));
    assert_eq!(sender.send_replace(4), 3);
    let current = sender.borrow();
    assert_eq!(sender.send_replace(5), 4, "a clone");
    assert_eq!(*block_on(receiver.wait_for(|n| *n == 5)).unwrap(), 5);
    assert_eq!((*by_sender, *by_receiver, *current), (1, 1, 4));
}

#[test]
fn a_borrow_keeps_one_value_and_drops_it() {
    let values = [(); 3].map(Arc::new);
    let (sender, receiver) = watch::channel(Arc::clone(&values[0]));
    let borrowed = receiver.borrow();
    sender.send(Arc::clone(&values[1])).unwrap();
    sender.send(Arc::clone(&values[2])).unwrap();
    assert_eq!(values.each_ref().map(Arc::strong_count), [2, 1, 2]);
    drop(borrowed);
    assert_eq!(values.each_ref().map(Arc::strong_count), [1, 1, 2]);
}

#[test]
fn a_borrow_can_be_held_across_an_await_of_a_spawned_task() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    let (sender, receiver) = watch::channel(1);
    let mut holds = spawn(is_send(async move {
        let before = receiver.borrow();
        tokio::task::yield_now().await;
        (*before, *receiver.borrow())
    }));
    assert_pending!(holds.poll());
    sender.send(2).unwrap();
    tokio_test::assert_ready_eq!(holds.poll(), (1, 2));
}

#[test]
fn a_value_that_is_sent_by_the_closure_of_a_modification_replaces_what_it_modified() {
    for notify in [true, false] {
        let (sender, mut receiver) = watch::channel(vec![1]);
        let modified = sender.send_if_modified(|list| {
            sender.send(vec![7]).unwrap();
            assert_eq!(*receiver.borrow(), [7]);
            list.push(2);
            notify
        });
        assert_eq!(modified, notify);
        assert_eq!(*receiver.borrow_and_update(), [7]);
        assert_pending!(spawn(receiver.changed()).poll());
    }
}

#[test]
fn a_value_that_is_sent_while_a_modification_goes_on_does_not_wait_for_it() {
    let (sender, receiver) = watch::channel(1);
    let (has_begun, begins) = mpsc::channel();
    let (may_end, end) = mpsc::channel();
    let modifies = thread::spawn({
        let sender = sender.clone();
        move || {
            sender.send_modify(|n| {
                has_begun.send(()).unwrap();
                end.recv().unwrap();
                *n = 0;
            });
        }
    });
    begins.recv().unwrap();
    sender.send(2).unwrap();
    assert_eq!((*receiver.borrow(), *sender.borrow()), (2, 2));
    may_end.send(()).unwrap();
    modifies.join().unwrap();
    assert_eq!(*receiver.borrow(), 2, "the modification came before");
}

#[test]
fn a_replacement_waits_for_a_modification_and_returns_what_it_has_made() {
    let (sender, receiver) = watch::channel(1);
    let (has_begun, begins) = mpsc::channel();
    let modifies = thread::spawn({
        let sender = sender.clone();
        move || {
            sender.send_modify(|n| {
                has_begun.send(()).unwrap();
                // Long enough for a replacement that does not wait.
                thread::sleep(Duration::from_millis(50));
                *n = 2;
            });
        }
    });
    begins.recv().unwrap();
    assert_eq!(sender.send_replace(3), 2);
    modifies.join().unwrap();
    assert_eq!(*receiver.borrow(), 3);
}

#[test]
fn a_panic_of_a_clone_changes_nothing() {
    #[derive(Debug)]
    struct Panics(u32);
    impl Clone for Panics {
        fn clone(&self) -> Self {
            panic!("expected")
        }
    }
    let (sender, mut receiver) = watch::channel(Panics(1));
    let modify = || sender.send_modify(|panics| panics.0 = 2);
    catch_unwind(AssertUnwindSafe(modify)).unwrap_err();
    assert_eq!(receiver.borrow().0, 1);
    assert!(!receiver.has_changed().unwrap());
    let borrowed = receiver.borrow();
    catch_unwind(AssertUnwindSafe(|| sender.send_replace(Panics(3)))).unwrap_err();
    assert_eq!(borrowed.0, 1);
    drop(borrowed);
    assert_eq!(receiver.borrow_and_update().0, 3);
    assert_eq!(sender.send_replace(Panics(4)).0, 3);
    assert_ready_ok!(spawn(receiver.changed()).poll());
}

struct NotClone(u32);

#[test]
fn a_replaced_value_that_cannot_be_cloned_is_waited_for() {
    let (sender, receiver) = watch::channel(NotClone(1));
    let borrowed = receiver.borrow();
    let is_dropped = AtomicBool::new(false);
    thread::scope(|scope| {
        let replaces = scope.spawn(|| {
            let old = sender.send_replace(NotClone(2));
            assert!(is_dropped.load(Ordering::SeqCst), "it was still borrowed");
            old.0
        });
        // It is replaced before it is waited for.
        while sender.borrow().0 != 2 {
            thread::yield_now();
        }
        is_dropped.store(true, Ordering::SeqCst);
        drop(borrowed);
        assert_eq!(replaces.join().unwrap(), 1);
    });
}

#[test]
fn generic_code_replaces_values_with_and_without_clone() {
    fn without<T>(sender: &Sender<T>, value: T) -> T {
        sender.send_replace(value)
    }
    fn with<T: Clone>(sender: &Sender<T>, value: T) -> T {
        let _borrowed = sender.borrow();
        sender.send_replace(value)
    }
    assert_eq!(without(&Sender::new(NotClone(1)), NotClone(2)).0, 1);
    assert_eq!(with(&Sender::new(1), 2), 1);
}

struct Notes(usize, Arc<Mutex<Vec<usize>>>);

impl Wake for Notes {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

fn poll_changed<T>(receiver: &mut Receiver<T>, waker: &Waker) -> bool {
    let mut changed = Box::pin(receiver.changed());
    changed.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
}

#[test]
fn receivers_are_woken_in_a_fixed_order() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let (sender, receiver) = watch::channel(0);
    let mut receivers: Vec<_> = (0..20).map(|_| receiver.clone()).collect();
    let wakers: Vec<Waker> = (0..20).map(|n| Arc::new(Notes(n, Arc::clone(&order))).into()).collect();
    let mut before: Option<Vec<usize>> = None;
    for n in 0..10 {
        for (receiver, waker) in receivers.iter_mut().zip(&wakers) {
            assert!(!poll_changed(receiver, waker));
        }
        sender.send(n).unwrap();
        let woken = std::mem::take(&mut *order.lock().unwrap());
        assert_eq!(woken.len(), 20);
        assert_eq!(*before.get_or_insert(woken.clone()), woken);
        receivers.iter_mut().for_each(Receiver::mark_unchanged);
    }
}

#[test]
fn a_dropped_wait_leaves_one_waker_at_most_and_it_goes_with_the_receiver() {
    let (_sender, mut receiver) = watch::channel(0);
    let notes = Arc::new(Notes(0, Arc::default()));
    for _ in 0..1_000 {
        assert!(!poll_changed(&mut receiver, &Arc::clone(&notes).into()));
    }
    assert!(Arc::strong_count(&notes) <= 2);
    drop(receiver);
    assert_eq!(Arc::strong_count(&notes), 1);
}

#[test]
fn many_values_and_silent_modifications_use_the_same_memory() {
    let (sender, mut receiver) = watch::channel(Arc::new(0));
    for n in 1..1_000 {
        sender.send_if_modified(|value| {
            *value = Arc::new(n);
            false
        });
        assert_eq!(**receiver.borrow(), n);
        assert_eq!(Arc::strong_count(&*receiver.borrow_and_update()), 1, "no other copy is kept");
        assert!(!receiver.has_changed().unwrap());
    }
}
