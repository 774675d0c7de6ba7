//! Values that always hold data: every guarantee of a value, without an `Option`.

use core::task::Poll;

use event_core::{CasError, MemoryWatcher, StateValue, Value, Version, Watch};

use crate::by_hand::{Act, Task, panics};
use crate::census::{Census, Citizen};

/// From the start, after every change, and after the end.
pub fn v3_a_state_always_holds_data() {
    let state = StateValue::new(1);
    assert_eq!((*state.borrow(), state.load()), (1, 1));
    assert!(state.version() > Version::INITIAL);
    let (reader, second) = (state.reader(), state.clone());
    state.set(2);
    assert!(state.same_value(&second) && !state.same_value(&StateValue::new(2)));
    assert_eq!((second.load(), reader.load()), (2, Some(2)));
    assert_eq!((state.handle_count(), state.reader_count(), state.watcher_count()), (2, 1, 0));
    state.close();
    assert!(second.is_closed() && second.try_set(3).is_err());
    assert_eq!((*second.borrow(), reader.load()), (2, Some(2)));
    drop((state, second));
    assert_eq!(reader.load(), Some(2));
    assert_eq!((StateValue::<u8>::default().load(), StateValue::from("from").load()), (0, "from"));
}

/// Whatever changes it wakes, and each change has a version.
pub fn v2_every_change_of_a_state_is_news() {
    let changes: [fn(&StateValue<u64>); 9] = [
        |state| _ = state.set(0),
        |state| assert!(state.try_set(0).is_ok()),
        |state| assert!(state.set_if_not_eq(1)),
        |state| assert!(state.update(|n| *n += 1)),
        |state| assert!(state.update_if(|_| true)),
        |state| assert_eq!(state.transition(|n| (Some(n + 1), *n)), (0, Some(state.version()))),
        |state| assert_eq!(state.replace(2), 0),
        |state| assert_eq!(state.swap(2).unwrap().try_into_inner().unwrap(), 0),
        |state| assert!(state.compare_and_set(state.version(), 3).is_ok()),
    ];
    for change in changes {
        let (state, task) = (StateValue::new(0), Task::new());
        let (mut watcher, version) = (state.watch_changes(), state.version());
        assert!(task.poll(watcher.get()).is_pending());
        change(&state);
        assert!(task.wakes() == 1 && state.version() > version);
        assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(data)) if data == state.load()));
    }
}

/// What sets nothing tells nobody.
pub fn v2_a_state_that_stays_is_no_news() {
    let state = StateValue::new(0);
    let version = state.version();
    assert!(!state.set_if_not_eq(0) && !state.update_if(|_| false));
    assert_eq!(state.transition(|n| (None, *n)), (0, None));
    assert!(matches!(state.compare_and_set(Version::INITIAL, 1), Err(CasError::Conflict(1))));
    assert_eq!(state.version(), version);
}

/// A closed state keeps what it has, and says so.
pub fn c2_a_closed_state_cannot_be_changed() {
    let census = Census::new();
    let state = StateValue::new(census.citizen(1));
    let mut watcher = state.watch();
    state.close();
    assert_eq!(state.try_set(census.citizen(2)).unwrap_err().into_inner().data(), 2);
    assert_eq!(state.replace(census.citizen(3)).data(), 3, "it is handed back");
    assert!(state.swap(census.citizen(4)).is_none() && !state.update(|_| unreachable!()));
    assert_eq!(state.transition(|old| (Some(census.citizen(5)), old.data())), (1, None));
    state.set(census.citizen(6));
    assert_eq!((state.borrow().data(), census.alive()), (1, 1));
    assert_eq!(watcher.try_get_ref().unwrap().data(), 1);
    assert!(watcher.try_get_ref().unwrap_err().is_closed());
    drop((state, watcher));
    census.assert_each_was_dropped_once();
}

/// What it replaced comes out without a clone, unless it is read.
pub fn v6_a_state_that_is_replaced_comes_out() {
    let census = Census::new();
    let state = StateValue::new(census.citizen(1));
    assert_eq!((state.replace(census.citizen(2)).data(), census.made()), (1, 2));
    let borrowed = state.borrow();
    assert_eq!((state.replace(census.citizen(3)).data(), census.made()), (2, 4));
    assert_eq!((borrowed.data(), census.alive()), (2, 2));
    drop(borrowed);
    assert_eq!(census.alive(), 1);
}

/// Code that is written for any value takes it.
pub fn a_state_is_a_value_like_any_other() {
    fn follow<V: Value<Item = u64, Watcher = MemoryWatcher<u64>>>(value: &V) -> u64 {
        let mut watcher = Watch::watch(value);
        Value::set(value, 7);
        watcher.try_get().unwrap()
    }
    assert_eq!(follow(&StateValue::new(1)), 7);
}

/// With the new data or with the old, but usable, and nothing leaked.
pub fn p1_a_panic_leaves_a_state_usable() {
    type Attempt = fn(&StateValue<Citizen>, &Census);
    let attempts: [(Attempt, u64); 6] = [
        (|state, _| _ = state.update(|_| panic!("on purpose")), 1),
        (|state, _| _ = state.update_if(|_| panic!("on purpose")), 1),
        (|state, _| state.transition(|_| panic!("on purpose")).0, 1),
        // These panic in the waker.
        (|state, census| _ = state.set(census.citizen(2)), 2),
        (|state, census| drop(state.replace(census.citizen(2))), 2),
        (|state, census| drop(state.swap(census.citizen(2))), 2),
    ];
    for (attempt, left) in attempts {
        let (census, task) = (Census::new(), Task::new());
        let state = StateValue::new(census.citizen(1));
        let mut watcher = state.watch_changes();
        assert!(task.poll(watcher.changed()).is_pending());
        task.panic_in(Act::Wake);
        assert!(panics(|| attempt(&state, &census)));
        assert_eq!((state.borrow().data(), census.alive()), (left, 1));
        let wakes = task.wakes();
        if left == 1 {
            assert!(task.poll(watcher.changed()).is_pending());
            assert!(panics(|| state.set(census.citizen(3))), "the waker was told to");
            assert!(task.wakes() > wakes);
        }
        assert!(task.poll(watcher.changed()).is_ready());
        drop((state, watcher));
        census.assert_each_was_dropped_once();
    }
}

/// No change takes a state apart while somebody reads it.
pub fn v1_a_state_can_be_changed_and_read_by_any_thread() {
    let state = StateValue::new(0_u64);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..1_000).for_each(|_| assert!(state.update(|n| *n += 1))));
            scope.spawn(|| (0..1_000).for_each(|_| assert!(state.transition(|n| (Some(n + 1), ())).1.is_some())));
            scope.spawn(|| {
                let mut last = 0;
                for _ in 0..1_000 {
                    let now = *state.borrow();
                    assert!(now >= last && state.load() >= now);
                    last = now;
                }
            });
        }
    });
    assert_eq!(state.load(), 6_000);
}
