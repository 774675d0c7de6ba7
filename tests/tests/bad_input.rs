//! What nobody should do, and what is too much: it has to be a clear error, or just work.

extern crate alloc;

use alloc::sync::Arc;
use core::mem;
use core::task::Poll;
use core::time::Duration;
use std::sync::Mutex;

use event_core::{CasError, GetError, MemoryValue, MemoryWatcher, Snapshot};
use event_tests::by_hand::{Act, Task, panics};
use event_tests::census::{Census, Citizen};
use event_tests::watchdog::Watchdog;

fn watched(name: &'static str) -> Watchdog {
    Watchdog::start(name, Duration::from_secs(180))
}

#[test]
fn a_set_after_close_is_an_error_that_says_so_and_has_the_data() {
    let value = MemoryValue::with_value(String::from("before"));
    let version = value.version();
    value.close();
    let error = value.try_set(String::from("after")).unwrap_err();
    assert_eq!(error.to_string(), "the value is closed");
    assert_eq!(error.into_inner(), "after");
    let error = value.compare_and_set(version, String::from("after")).unwrap_err();
    assert_eq!(error.to_string(), "the value is closed");
    assert_eq!(error.into_inner(), "after");
    assert_eq!(value.load().as_deref(), Some("before"));
}

#[test]
fn comparing_with_an_old_version_is_an_error_that_says_so_and_has_the_data() {
    let value = MemoryValue::new();
    let initial = value.version();
    value.set(1);
    value.clear();
    // Cleared is not the same as never set.
    for wrong in [initial, MemoryValue::with_value(0).version()] {
        let error = value.compare_and_set(wrong, 2).unwrap_err();
        assert_eq!(error.to_string(), "the value was set since that version was seen");
        assert!(matches!(error, CasError::Conflict(2)));
    }
    assert!(!value.is_set());
}

#[test]
fn a_value_that_is_never_set_and_then_closed_is_an_error_that_says_so() {
    let _watchdog = watched("a value that is never set");
    let value = MemoryValue::<u64>::new();
    let (mut watcher, task) = (value.watch(), Task::new());
    assert!(task.poll(watcher.get()).is_pending());
    drop(value);
    let Poll::Ready(Err(error)) = task.poll(watcher.get()) else { panic!("it is closed") };
    assert_eq!(error.to_string(), "the value is closed");
    assert!(matches!(error, GetError::Closed));
}

#[test]
fn a_hundred_thousand_watchers_wait_for_one_set() {
    const WATCHERS: usize = 100_000;
    let _watchdog = watched("a hundred thousand watchers");
    let value = MemoryValue::new();
    let task = Task::new();
    let mut watchers: Vec<_> = (0..WATCHERS).map(|_| value.watch()).collect();
    for round in 1..=2 {
        for watcher in &mut watchers {
            assert!(task.poll(watcher.get()).is_pending());
        }
        let before = task.wakes();
        value.set(round);
        assert_eq!(task.wakes() - before, WATCHERS);
        for watcher in &mut watchers {
            assert!(matches!(watcher.try_get(), Ok(item) if item == round));
        }
        value.set(0);
        assert_eq!(task.wakes() - before, WATCHERS, "nobody waited");
        watchers.iter_mut().for_each(MemoryWatcher::mark_seen);
    }
    assert_eq!((value.watcher_count(), task.stored_wakers()), (WATCHERS, WATCHERS));
    // The first half in order, the rest as it comes.
    drop(watchers.drain(..WATCHERS / 2));
    assert_eq!((value.watcher_count(), task.stored_wakers()), (WATCHERS / 2, WATCHERS / 2));
    drop(watchers);
    assert_eq!((value.watcher_count(), task.stored_wakers()), (0, 0));
}

#[test]
fn three_hundred_versions_can_be_borrowed_at_once() {
    let census = Census::new();
    let value = MemoryValue::new();
    let mut borrowed = Vec::new();
    for n in 0..300 {
        value.set(census.citizen(n));
        borrowed.push(value.borrow().expect("it was just set"));
    }
    value.set(census.citizen(300));
    assert_eq!(census.alive(), 301);
    assert!(borrowed.iter().zip(0..).all(|(citizen, n)| citizen.data() == n));
    assert!(borrowed.is_sorted_by(|earlier, later| earlier.version() < later.version()));
    // Every third one, then the others.
    let mut kept = 0;
    borrowed.retain(|_| {
        kept += 1;
        kept % 3 != 0
    });
    assert_eq!(census.alive(), 201);
    assert!(borrowed.iter().all(|citizen| citizen.data() % 3 != 2));
    drop(borrowed);
    assert_eq!(census.alive(), 1);
    drop(value);
    census.assert_each_was_dropped_once();
}

#[test]
fn ten_thousand_snapshots_can_be_held_at_once() {
    let _watchdog = watched("ten thousand snapshots");
    let census = Census::new();
    let value = MemoryValue::new();
    let mut snapshots: Vec<Snapshot<Citizen>> = Vec::new();
    for n in 0..10_000 {
        value.set(census.citizen(n));
        snapshots.push(value.borrow().expect("it was just set").detach());
    }
    drop(value);
    assert!(snapshots.iter().zip(0..).all(|(snapshot, n)| snapshot.data() == n));
    // The newest is kept by whoever can still reach it: all of them.
    let last = snapshots.swap_remove(17);
    assert_eq!(census.alive(), 10_000);
    drop(snapshots);
    assert_eq!((census.alive(), last.data()), (2, 17));
    drop(last);
    census.assert_each_was_dropped_once();
}

#[test]
fn one_version_can_be_borrowed_ten_thousand_times_at_once() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let borrowed: Vec<_> = (0..10_000).map(|_| value.borrow()).collect();
    value.set(census.citizen(2));
    assert_eq!(census.alive(), 2);
    drop(borrowed);
    assert_eq!(census.alive(), 1);
}

#[test]
fn reserving_more_than_there_can_be_is_a_panic_that_says_so() {
    let value = MemoryValue::<u64>::new();
    assert!(panics(|| value.reserve(0, usize::MAX)));
    value.set(1);
    assert_eq!(value.load(), Some(1), "the value can be used");
}

/// What a waker does to the value that has just woken it. Each of these ends.
#[test]
fn a_waker_may_do_anything_to_the_value_that_wakes_it() {
    let _watchdog = watched("a waker that does anything");
    type Deed = fn(&MemoryValue<u64>, &Mutex<Vec<MemoryWatcher<u64>>>);
    let deeds: [Deed; 9] = [
        |value, _| {
            if value.version().as_u64() < 100 {
                value.set(7);
            }
        },
        |value, _| drop((value.watch(), value.watch_changes(), value.clone(), value.reader())),
        |value, watchers| watchers.lock().unwrap().push(value.watch()),
        |_, watchers| drop(mem::take(&mut *watchers.lock().unwrap())),
        |_, watchers| {
            let one = watchers.lock().unwrap().pop();
            drop(one);
        },
        |_, watchers| {
            let mut watchers = watchers.lock().unwrap();
            watchers.iter_mut().for_each(|watcher| while Task::new().poll(watcher.get()).is_ready() {});
        },
        |value, watchers| {
            let copies: Vec<_> = watchers.lock().unwrap().iter().map(MemoryWatcher::clone).collect();
            value.set_if_not_eq(9);
            drop(copies);
        },
        |value, _| value.clear(),
        |value, _| value.close(),
    ];
    for deed in deeds {
        for count in [1, 4, 5, 100] {
            for innocent_first in [true, false] {
                let value = MemoryValue::new();
                let mut innocent = value.watch();
                let mut watchers: Vec<_> = (0..count).map(|_| value.watch()).collect();
                let (task, innocent_task) = (Task::new(), Task::new());
                if innocent_first {
                    assert!(innocent_task.poll(innocent.get()).is_pending());
                }
                for watcher in &mut watchers {
                    assert!(task.poll(watcher.get()).is_pending());
                }
                if !innocent_first {
                    assert!(innocent_task.poll(innocent.get()).is_pending());
                }
                let watchers = Arc::new(Mutex::new(watchers));
                let (same, all) = (value.clone(), Arc::clone(&watchers));
                task.on(Act::Wake, move || deed(&same, &all));
                value.set(1);
                task.remove_hooks();

                assert!(innocent_task.wakes() > 0, "someone else's doing took a wake-up along");
                let polled = innocent_task.poll(innocent.get());
                assert!(polled.is_ready() || !value.is_set());
                let left = mem::take(&mut *watchers.lock().unwrap());
                assert_eq!(value.watcher_count(), left.len() + 1);
                drop((left, innocent));
                assert_eq!((value.watcher_count(), task.stored_wakers(), innocent_task.stored_wakers()), (0, 0, 0));
            }
        }
    }
}

/// Data with a handle of the value that holds it, which it uses when it goes.
struct Vengeful {
    citizen: Citizen,
    value: Option<MemoryValue<Vengeful>>,
}

impl Drop for Vengeful {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            let citizen = self.citizen.clone();
            value.set(Self { citizen, value: None });
            drop((value.borrow(), value.watch(), value.version()));
        }
    }
}

#[test]
fn data_may_set_the_value_when_it_is_dropped() {
    let _watchdog = watched("data that sets the value");
    let census = Census::new();
    let value = MemoryValue::new();
    let (mut watcher, task) = (value.watch_changes(), Task::new());
    for n in 1..=10 {
        value.set(Vengeful { citizen: census.citizen(n), value: Some(value.clone()) });
        value.set(Vengeful { citizen: census.citizen(100 + n), value: None });
        // The first one, replaced by the second one, has set itself again.
        let present = value.borrow().expect("it was set");
        assert_eq!(present.citizen.data(), n);
        drop(present);
        assert!(matches!(task.poll(watcher.get_ref()), Poll::Ready(Ok(seen)) if seen.citizen.data() == n));
    }
    assert_eq!(census.alive(), 1);
    // Through its last reader, while newer data is in force.
    value.set(Vengeful { citizen: census.citizen(50), value: Some(value.clone()) });
    let snapshot = value.borrow().expect("it was set").detach();
    value.set(Vengeful { citizen: census.citizen(51), value: None });
    drop(snapshot);
    assert_eq!(value.borrow().expect("it was set").citizen.data(), 50);
    drop((value, watcher));
    census.assert_each_was_dropped_once();
}

/// Data with a handle of the value that holds it, which it uses when it is cloned and compared.
struct Meddling {
    data: u64,
    value: MemoryValue<Meddling>,
}

impl Meddling {
    fn meddle(&self) {
        if self.value.version().as_u64() < 50 {
            self.value.set(Self { data: self.data + 1, value: self.value.clone() });
        }
    }
}

impl Clone for Meddling {
    fn clone(&self) -> Self {
        self.meddle();
        Self { data: self.data, value: self.value.clone() }
    }
}

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        self.meddle();
        self.data == other.data
    }
}

#[test]
fn data_may_set_the_value_while_it_is_cloned_or_compared() {
    let _watchdog = watched("data that meddles");
    let value = MemoryValue::new();
    let meddling = |data| Meddling { data, value: value.clone() };
    value.set(meddling(0));
    let mut watcher = value.watch();
    let (mut got, task) = (Vec::new(), Task::new());
    while let Poll::Ready(Ok(item)) = task.poll(watcher.get()) {
        got.push(item.data);
        if got.len() == 20 {
            break;
        }
    }
    assert_eq!(
        got,
        (0..20).collect::<Vec<_>>(),
        "each clone is of what was present, and newer data has come meanwhile"
    );
    assert!(value.update(|item| item.data = 1000));
    assert!(value.set_if_not_eq(meddling(2000)));
    assert!(value.load().is_some());
    // It holds handles of the value that holds it: nothing but this ends the circle.
    value.clear();
}

/// Data that sets the value when it is cloned, and whose drop panics.
struct Touchy {
    citizen: Citizen,
    then: Mutex<Option<(MemoryValue<Touchy>, Citizen)>>,
    panics: bool,
}

impl Touchy {
    fn calm(citizen: Citizen) -> Self {
        Self { citizen, then: Mutex::new(None), panics: false }
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        let clone = self.citizen.clone();
        if let Some((value, next)) = self.then.lock().expect("nobody panics here").take() {
            value.set(Self::calm(next));
        }
        Self::calm(clone)
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(!self.panics, "the drop that was to panic");
    }
}

#[test]
fn a_drop_that_panics_in_a_get_because_the_data_was_replaced_meanwhile_loses_nothing_else() {
    let census = Census::new();
    let value = MemoryValue::new();
    let (mut watcher, mut other, task) = (value.watch(), value.watch(), Task::new());
    let then = Mutex::new(Some((value.clone(), census.citizen(2))));
    value.set(Touchy { citizen: census.citizen(1), then, panics: true });
    assert!(panics(|| _ = task.poll(watcher.get())), "this get was the last to have the replaced data");
    let got = |watcher: &mut MemoryWatcher<Touchy>| match task.poll(watcher.get()) {
        Poll::Ready(Ok(data)) => Some(data.citizen.data()),
        _ => None,
    };
    assert_eq!(got(&mut watcher), Some(2), "what came meanwhile");
    assert_eq!(got(&mut other), Some(2), "what came meanwhile");
    assert_eq!(got(&mut watcher), None);
    value.set(Touchy::calm(census.citizen(3)));
    assert_eq!(task.wakes(), 1);
    assert_eq!(got(&mut watcher), Some(3));
    drop((watcher, other, value));
    census.assert_each_was_dropped_once();
}

/// What is leaked is never given back, and harms nobody else.
#[test]
fn leaked_references_futures_and_watchers_leave_everything_else_working() {
    let _watchdog = watched("leaks");
    let value = MemoryValue::with_value(1);
    let (mut watcher, mut other) = (value.watch(), value.watch());
    let (task, other_task) = (Task::new(), Task::new());
    for n in 2..=50 {
        mem::forget(value.borrow());
        mem::forget(value.borrow().map(|data| data.detach()));
        let mut waiting = value.watch_changes();
        assert!(task.poll(waiting.get()).is_pending());
        mem::forget(waiting);
        while watcher.try_get().is_ok() {}
        // On the heap, so that not even the pin's end is the future's.
        let mut get = Box::pin(watcher.get());
        assert!(task.poll(get.as_mut()).is_pending());
        mem::forget(get);
        let mut get_ref = Box::pin(watcher.get_ref());
        assert!(task.poll(get_ref.as_mut()).is_pending());
        mem::forget(get_ref);
        while other.try_get().is_ok() {}
        assert!(other_task.poll(other.get()).is_pending());
        let wakes = (task.wakes(), other_task.wakes());
        value.set(n);
        assert!(task.wakes() > wakes.0 && other_task.wakes() > wakes.1);
        assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(item)) if item == n));
        assert!(matches!(other_task.poll(other.get()), Poll::Ready(Ok(item)) if item == n));
    }
    assert_eq!(value.watcher_count(), 2 + 49);
    drop(value);
    assert!(matches!(watcher.try_get(), Err(GetError::Closed)));
}

#[test]
fn a_leaked_handle_keeps_the_value_open_and_close_ends_it_all_the_same() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch_changes();
    mem::forget(value.clone());
    let weak = value.downgrade();
    drop(value);
    assert!(matches!(watcher.try_get(), Err(GetError::BacklogDone)));
    weak.upgrade().expect("the leaked handle counts").close();
    assert!(matches!(watcher.try_get(), Err(GetError::Closed)));
}

/// "A million" as documented: 2^20 - 1, the one being set included. On 32-bit targets 511.
#[test]
fn a_million_versions_borrowed_at_once_is_a_panic_that_says_so() {
    const MOST: usize = if usize::BITS >= 64 { (1 << 20) - 1 } else { (1 << 9) - 1 };
    let _watchdog = watched("a million versions");
    let value = MemoryValue::new();
    value.reserve(0, MOST - 9);
    let mut watcher = value.watch();
    let mut borrowed: Vec<_> = (0..MOST)
        .map(|n| {
            value.set(n);
            value.borrow().expect("it was just set")
        })
        .collect();
    let panic = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| value.set(MOST))).unwrap_err();
    let text = panic.downcast_ref::<String>().expect("it is a formatted text");
    assert!(text.contains(&MOST.to_string()) && text.contains("borrowed"), "{text}");

    assert_eq!((value.load(), watcher.try_get().unwrap()), (Some(MOST - 1), MOST - 1), "reading goes on");
    borrowed.swap_remove(7);
    value.set(MOST);
    assert_eq!(watcher.try_get().unwrap(), MOST, "so does setting, when one is given back");
    assert!(borrowed.iter().enumerate().all(|(n, data)| **data == n || n == 7));
}
