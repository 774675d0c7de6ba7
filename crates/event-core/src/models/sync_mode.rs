//! Models of sync mode: what a setter waits for, while watchers come, look, move and go.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

#[cfg(event_core_loom)]
use super::must_fail_without;
use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryValue, MemoryWatcher};
#[cfg(event_core_loom)]
use crate::sync::Handshake;
use crate::traits::Watcher;

/// Gets until there is nothing more. Gives the numbers.
fn drain(watcher: &mut MemoryWatcher<Citizen>) -> alloc::vec::Vec<usize> {
    let bell = Bell::new();
    let mut got = alloc::vec::Vec::new();
    while let Poll::Ready(Ok(citizen)) = bell.poll(|cx| watcher.poll_get(cx)) {
        got.push(citizen.number);
    }
    got
}

/// Polls a `set_sync` of `data`, lets `meanwhile` come to its end, and asserts that the setter is told when it need not
/// wait any more.
fn set_sync<T, R>(value: &MemoryValue<T>, data: T, meanwhile: impl FnOnce() -> R) -> R {
    let bell = Bell::new();
    let mut set = pin!(value.set_sync(data));
    let first = bell.poll(|cx| set.as_mut().poll(cx));
    let result = meanwhile();
    if first.is_pending() {
        assert!(bell.rung() > 0, "seen by everyone, and the setter was not told");
        let last = bell.poll(|cx| set.as_mut().poll(cx));
        assert!(matches!(last, Poll::Ready(Ok(_))), "woken, but there is something to wait for");
    }
    result
}

fn a_watcher_goes() {
    let census = Census::new();
    let value = MemoryValue::new();
    let watcher = value.watch();
    let going = thread::spawn(move || drop(watcher));
    set_sync(&value, census.citizen(1), || going.join().unwrap());
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_against_a_watcher_that_goes() {
    explore(Effort { preemptions: 6, at_least: 500 }, a_watcher_goes);
}

#[cfg(event_core_loom)]
#[test]
fn a_watcher_that_goes_and_a_setter_both_need_the_count() {
    must_fail_without(Handshake::CountThenLook, 4, a_watcher_goes);
    must_fail_without(Handshake::SyncThenLook, 4, a_watcher_goes);
}

fn a_watcher_looks() {
    let census = Census::new();
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let looking = thread::spawn(move || {
        let early = drain(&mut watcher);
        (watcher, early)
    });
    let (watcher, got) = set_sync(&value, census.citizen(1), || {
        let (mut watcher, mut got) = looking.join().unwrap();
        got.extend(drain(&mut watcher));
        (watcher, got)
    });
    assert_eq!(got, [1]);
    drop((value, watcher));
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_against_a_watcher_that_looks() {
    explore(Effort { preemptions: 6, at_least: 300 }, a_watcher_looks);
}

/// The one that goes leaves its place to the one that comes, which is never polled.
fn a_watcher_comes() {
    let census = Census::new();
    let value = MemoryValue::new();
    let old = value.watch();
    let coming = thread::spawn({
        let value = value.clone();
        move || {
            drop(old);
            value.watch()
        }
    });
    let bell = Bell::new();
    {
        let mut set = pin!(value.set_sync(census.citizen(1)));
        let first = bell.poll(|cx| set.as_mut().poll(cx));
        let mut new = coming.join().unwrap();
        // Whether it came before or after, it has to see what was set; if before, the setter waits for that.
        if first.is_pending() {
            assert_eq!(drain(&mut new), [1]);
            assert!(bell.rung() > 0, "seen by everyone, and the setter was not told");
            assert!(bell.poll(|cx| set.as_mut().poll(cx)).is_ready());
        }
    }
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_against_a_watcher_that_takes_the_place_of_another() {
    explore(Effort { preemptions: 5, at_least: 500 }, a_watcher_comes);
}

/// A watcher that is being woken when it is polled by another task moves to another place.
fn a_watcher_moves() {
    let census = Census::new();
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let first_task = Bell::new();
    assert!(first_task.poll(|cx| watcher.poll_get(cx)).is_pending());
    let setting = thread::spawn({
        let (value, citizen) = (value.clone(), census.citizen(1));
        move || _ = value.set(citizen)
    });
    let looking = thread::spawn(move || {
        let second_task = Bell::new();
        let got = second_task.poll(|cx| watcher.poll_get(cx)).map_ok(|citizen| citizen.number);
        (watcher, matches!(got, Poll::Ready(Ok(_))), second_task)
    });
    set_sync(&value, census.citizen(2), || {
        setting.join().unwrap();
        let (mut watcher, _, _second_task): (_, bool, Arc<Bell>) = looking.join().unwrap();
        drain(&mut watcher);
        drop(watcher);
    });
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_against_a_watcher_that_moves() {
    explore(Effort { preemptions: 3, at_least: 50_000 }, a_watcher_moves);
}

/// Data that tells when it is cloned, which is before its watcher counts as one that has seen it.
struct Noted(usize, Arc<AtomicUsize>);

impl Clone for Noted {
    fn clone(&self) -> Self {
        // Ordering: Relaxed. What reads it comes after, by the lock of sync mode.
        self.1.store(self.0, Ordering::Relaxed);
        Self(self.0, Arc::clone(&self.1))
    }
}

/// A task that is woken polls its watcher in its waker, first for what is new, then as another task: it moves to another place, since
/// it is still being woken.
struct Mover(std::sync::Mutex<Option<MemoryWatcher<Noted>>>);

impl alloc::task::Wake for Mover {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(watcher) = self.0.lock().unwrap().as_mut() {
            for task in [Bell::new(), Bell::new()] {
                let _ = task.poll(|cx| watcher.poll_get(cx));
            }
        }
    }
}

/// A watcher that moves while a setter marks the places is waited for, at its old place or at its new one.
fn a_watcher_moves_meanwhile() {
    let (value, cloned) = (MemoryValue::new(), Arc::new(AtomicUsize::new(0)));
    let mover = Arc::new(Mover(std::sync::Mutex::new(Some(value.watch()))));
    let waker = Waker::from(Arc::clone(&mover));
    let first = mover.0.lock().unwrap().as_mut().unwrap().poll_get(&mut Context::from_waker(&waker));
    assert!(first.is_pending());
    let setting = thread::spawn({
        let (value, data) = (value.clone(), Noted(1, Arc::clone(&cloned)));
        move || value.set(data).raw()
    });
    let bell = Bell::new();
    {
        let mut set = pin!(value.set_sync(Noted(2, Arc::clone(&cloned))));
        let version = match bell.poll(|cx| set.as_mut().poll(cx)) {
            Poll::Ready(version) => Some(version.unwrap().raw()),
            Poll::Pending => None,
        };
        // Ordering: Relaxed, as above.
        let seen = cloned.load(Ordering::Relaxed);
        let other = setting.join().unwrap();
        if let Some(version) = version {
            assert!(seen == 2 || other > version, "everybody has seen 2, but the watcher has cloned {seen}");
        }
    }
    drop(mover.0.lock().unwrap().take());
}

#[test]
fn a_setter_waits_for_a_watcher_that_moves_meanwhile() {
    explore(Effort { preemptions: 4, at_least: 100 }, a_watcher_moves_meanwhile);
}

/// A watcher is dropped while another one moves, perhaps into its slot, and both are waited for.
fn one_goes_and_one_moves() {
    let value = MemoryValue::<usize>::new();
    let (mut mover, goer) = (value.watch(), value.watch());
    let poll = |watcher: &mut MemoryWatcher<usize>, bell: &Arc<Bell>| bell.poll(|cx| watcher.poll_get(cx));
    let first_task = Bell::new();
    assert!(poll(&mut mover, &first_task).is_pending());
    let going = thread::spawn(move || drop(goer));
    let moving = thread::spawn(move || {
        let second_task = Bell::new();
        if poll(&mut mover, &second_task).is_ready() {
            // Waits for more, and moves if the setter is about to wake it.
            assert!(poll(&mut mover, &second_task).is_pending());
        }
        (mover, second_task)
    });
    set_sync(&value, 1, || {
        going.join().unwrap();
        let (mut mover, second_task) = moving.join().unwrap();
        let _ = poll(&mut mover, &second_task);
        mover
    });
}

#[test]
fn a_setter_while_one_watcher_goes_and_one_moves() {
    explore(Effort { preemptions: 2, at_least: 5_000 }, one_goes_and_one_moves);
}

/// The value is closed while a setter waits, and the watcher has to find that out.
fn the_value_is_closed() {
    let census = Census::new();
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let closing = thread::spawn({
        let value = value.clone();
        move || value.close()
    });
    let looking = thread::spawn(move || {
        let bell = Bell::new();
        let first = bell.poll(|cx| watcher.poll_get(cx)).map_ok(|citizen: Citizen| citizen.number);
        (watcher, bell, first.is_pending())
    });
    let bell = Bell::new();
    {
        let mut set = pin!(value.set_sync(census.citizen(1)));
        let first = bell.poll(|cx| set.as_mut().poll(cx));
        closing.join().unwrap();
        let (mut watcher, watcher_bell, waits) = looking.join().unwrap();
        assert!(!waits || watcher_bell.rung() > 0, "closed or set, and not woken");
        drain(&mut watcher);
        if first.is_pending() {
            assert!(bell.rung() > 0, "seen by everyone, and the setter was not told");
            assert!(bell.poll(|cx| set.as_mut().poll(cx)).is_ready());
        }
    }
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_against_the_end_of_the_value() {
    explore(Effort { preemptions: 3, at_least: 900 }, the_value_is_closed);
}

/// The first in line gives up, at whatever point it is.
fn the_first_in_line_gives_up() {
    let census = Census::new();
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let impatient = thread::spawn({
        let (value, citizen) = (value.clone(), census.citizen(1));
        move || {
            let bell = Bell::new();
            let mut set = pin!(value.set_sync(citizen));
            bell.poll(|cx| set.as_mut().poll(cx)).is_ready()
        }
    });
    let bell = Bell::new();
    {
        let mut set = pin!(value.set_sync(census.citizen(2)));
        let mut polled = bell.poll(|cx| set.as_mut().poll(cx));
        assert!(!impatient.join().unwrap(), "the watcher has not been polled");
        if bell.rung() > 0 {
            polled = bell.poll(|cx| set.as_mut().poll(cx));
        }
        assert!(polled.is_pending());
        // It has published by now, whoever was the first; and waits for the watcher.
        let rung = bell.rung();
        assert_eq!(drain(&mut watcher).last(), Some(&2));
        assert!(bell.rung() > rung, "seen by everyone, and the setter was not told");
        assert!(bell.poll(|cx| set.as_mut().poll(cx)).is_ready());
    }
    drop((value, watcher));
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_setter_behind_one_that_gives_up() {
    explore(Effort { preemptions: 5, at_least: 500 }, the_first_in_line_gives_up);
}
