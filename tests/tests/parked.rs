//! A thread that parks for ever in code of the user's, wherever that is called: everybody else goes on.

extern crate alloc;

use alloc::sync::Arc;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use event_core::{MemoryValue, MemoryWatcher, Version};
use event_tests::by_hand::{Act, Task};
use event_tests::census::{Census, Citizen};
use event_tests::watchdog::{Watchdog, or_abort};

/// Where a thread parks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Clone,
    Drop,
    Eq,
    Closure,
    Wake,
    WakerClone,
    WakerDrop,
}

/// Parks one thread, in the place that it is closed for.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    ClosedIn(In),
    Parks,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is locked")
    }

    fn close(&self, place: In) {
        *self.state() = State::ClosedIn(place);
    }

    /// Called by all code of the user's.
    fn pass(&self, place: In) {
        let mut state = self.state();
        if *state == State::ClosedIn(place) {
            *state = State::Parks;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |state| *state == State::Parks));
        }
    }

    fn await_parked(&self) {
        drop(self.changed.wait_while(self.state(), |state| *state != State::Parks));
    }
}

/// Lets the thread go at the end, or if something failed, so that it can be joined.
struct Open<'a>(&'a Gate);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        *self.0.state() = State::Open;
        self.0.changed.notify_all();
    }
}

/// Data whose `Clone`, `Drop` and `PartialEq` pass the gate.
struct Data {
    citizen: Citizen,
    gate: Arc<Gate>,
}

impl Data {
    fn number(&self) -> u64 {
        self.citizen.data()
    }
}

impl Clone for Data {
    fn clone(&self) -> Self {
        self.gate.pass(In::Clone);
        Self { citizen: self.citizen.clone(), gate: Arc::clone(&self.gate) }
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.gate.pass(In::Eq);
        self.citizen == other.citizen
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        self.gate.pass(In::Drop);
    }
}

struct Scene {
    value: MemoryValue<Data>,
    census: Census,
    gate: Arc<Gate>,
    /// The tasks of the thread that parks.
    tasks: [Task; 2],
}

/// What the thread does that parks.
type Victim = fn(&Scene);

impl Scene {
    fn new() -> Self {
        let (census, gate, tasks) = (Census::new(), Arc::default(), [Task::new(), Task::new()]);
        for task in &tasks {
            for (act, place) in [(Act::Wake, In::Wake), (Act::Clone, In::WakerClone), (Act::Drop, In::WakerDrop)] {
                let gate = Arc::clone(&gate);
                task.on(act, move || Gate::pass(&gate, place));
            }
        }
        let scene = Self { value: MemoryValue::new(), census, gate, tasks };
        scene.value.set(scene.data(0));
        scene
    }

    fn data(&self, number: u64) -> Data {
        Data { citizen: self.census.citizen(number), gate: Arc::clone(&self.gate) }
    }

    /// From here on the next one who comes to `place` parks there.
    fn park(&self, place: In) {
        self.gate.close(place);
    }

    /// A watcher that waits with the first of the tasks.
    fn waiting(&self) -> MemoryWatcher<Data> {
        let mut watcher = self.value.watch_changes();
        assert!(self.tasks[0].poll(watcher.get()).is_pending());
        watcher
    }
}

/// All changes there are. Each sets data of this number, with whatever was current before.
const CHANGES: [fn(&Scene, u64); 9] = [
    |scene, n| _ = scene.value.set(scene.data(n)),
    |scene, n| assert!(scene.value.try_set(scene.data(n)).is_ok()),
    |scene, n| assert!(scene.value.update(|data| data.citizen = scene.census.citizen(n))),
    |scene, n| _ = scene.value.update_or(|| scene.data(n), |data| data.citizen = scene.census.citizen(n)),
    |scene, n| assert!(scene.value.transition(|_| (Some(scene.data(n)), ())).1.is_some()),
    |scene, n| assert!(scene.value.swap(scene.data(n)).is_some()),
    |scene, n| assert!(scene.value.replace(scene.data(n)).is_some()),
    |scene, n| assert!(scene.value.compare_and_set(scene.value.version(), scene.data(n)).is_ok()),
    |scene, n| {
        scene.value.clear();
        assert!(scene.value.set_if_not_eq(scene.data(n)));
    },
];

/// Everybody else: changes, reads, watches, comes and goes. `bystanders` waited before the other one parked.
fn go_on(scene: &Scene, bystanders: &mut [(MemoryWatcher<Data>, Task)]) {
    let value = &scene.value;
    let watchers_before = value.watcher_count();
    let mut newest = Version::INITIAL;
    // In between everyone waits again.
    for (watcher, task) in &mut *bystanders {
        while task.poll(watcher.get()).is_ready() {}
    }
    for (number, change) in (1..).zip(CHANGES.iter().cycle().take(5 * CHANGES.len())) {
        let wakes: Vec<_> = bystanders.iter().map(|(_, task)| task.wakes()).collect();
        change(scene, number);
        assert!(value.version() > newest);
        newest = value.version();
        assert_eq!(value.borrow().map(|data| data.number()), Some(number));
        assert_eq!(value.load().map(|data| data.number()), Some(number));
        for ((watcher, task), before) in bystanders.iter_mut().zip(wakes) {
            assert!(task.wakes() > before, "nobody was to be forgotten by change {number}");
            let polled = task.poll(watcher.get().filter(|_| true));
            assert!(matches!(polled, Poll::Ready(Ok(data)) if data.number() == number));
            assert!(watcher.try_get().is_err_and(|error| error.is_backlog_done()));
            assert!(task.poll(watcher.get()).is_pending());
        }
        // Newcomers, who go again.
        let (mut watcher, handle, reader) = (value.watch(), value.clone(), value.reader());
        let snapshot = handle.borrow().map(|data| data.detach());
        assert!(watcher.try_get().is_ok_and(|data| data.number() == number));
        let mut copy = watcher.clone();
        assert!(Task::new().poll(copy.get()).is_pending());
        assert!(reader.watch().try_get_ref().is_ok() && value.downgrade().upgrade().is_some());
        assert_eq!(snapshot.map(|data| data.number()), Some(number));
    }
    assert_eq!(value.watcher_count(), watchers_before);
    // What was replaced is gone, but for what the other one may hold: data that it reads, and data that it was about to set.
    assert!(scene.census.alive() <= 4, "{} are alive", scene.census.alive());
    // Sync mode has a lock, in which nobody may park. One who has its turn and parks holds up the others, as it says.
    let mut set = pin!(value.set_sync(scene.data(0)));
    assert!(Task::new().poll(set.as_mut()).is_pending());
}

/// Lets a thread park in `place`, while it does `victim`, and looks whether everybody else goes on.
fn everybody_goes_on(place: In, victim: Victim) {
    let scene = Scene::new();
    let mut bystanders: Vec<_> = (0..7).map(|_| (scene.value.watch_changes(), Task::new())).collect();
    for (watcher, task) in &mut bystanders {
        assert!(task.poll(watcher.get()).is_pending());
    }
    thread::scope(|scope| {
        scope.spawn(|| or_abort("the thread that parks", || victim(&scene)));
        let open = Open(&scene.gate);
        scene.gate.await_parked();
        go_on(&scene, &mut bystanders);
        // The end arrives as well.
        scene.value.close();
        for (watcher, task) in &mut bystanders {
            while let Poll::Ready(Ok(_)) = task.poll(watcher.get()) {}
            assert!(watcher.try_get().is_err_and(|error| error.is_closed()));
        }
        drop(open);
    });
    // Nothing is left behind once it has come back after all.
    let Scene { value, census, tasks, .. } = scene;
    drop((value, bystanders.drain(..).map(|(watcher, _)| watcher).collect::<Vec<_>>()));
    census.assert_each_was_dropped_once();
    for task in tasks {
        task.remove_hooks();
        assert_eq!(task.stored_wakers(), 0, "in {place:?}");
    }
}

fn each_goes_on(name: &str, place: In, victims: &[Victim]) {
    let watchdog = Watchdog::start(name, Duration::from_secs(180));
    for victim in victims {
        everybody_goes_on(place, *victim);
        watchdog.progress();
    }
}

#[test]
fn everybody_goes_on_while_one_parks_in_clone() {
    let victims: [Victim; 8] = [
        |scene| drop((scene.park(In::Clone), scene.value.load())),
        |scene| drop((scene.park(In::Clone), scene.value.watch().try_get())),
        |scene| drop((scene.park(In::Clone), scene.tasks[0].poll(scene.value.watch().get()))),
        |scene| drop((scene.park(In::Clone), scene.tasks[0].poll(scene.value.watch().get().filter(|_| true)))),
        |scene| drop((scene.park(In::Clone), scene.value.watch().load())),
        |scene| _ = (scene.park(In::Clone), scene.value.update(|_| ())),
        |scene| _ = (scene.park(In::Clone), scene.value.update_or(|| unreachable!(), |_| ())),
        |scene| {
            // What is borrowed has to be cloned.
            let _held = scene.value.borrow();
            scene.park(In::Clone);
            drop(scene.value.replace(scene.data(100)));
        },
    ];
    each_goes_on("parks in Clone", In::Clone, &victims);
}

#[test]
fn everybody_goes_on_while_one_parks_in_drop() {
    let victims: [Victim; 10] = [
        |scene| _ = (scene.park(In::Drop), scene.value.set(scene.data(100))),
        |scene| drop((scene.park(In::Drop), scene.value.try_set(scene.data(100)))),
        |scene| _ = (scene.park(In::Drop), scene.value.set_if_not_eq(scene.data(100))),
        |scene| _ = (scene.park(In::Drop), scene.value.update(|_| ())),
        |scene| _ = (scene.park(In::Drop), scene.value.transition(|_| (Some(scene.data(100)), ()))),
        |scene| drop((scene.park(In::Drop), scene.value.swap(scene.data(100)))),
        |scene| drop((scene.park(In::Drop), scene.value.replace(scene.data(100)))),
        |scene| _ = (scene.park(In::Drop), scene.value.clear()),
        |scene| {
            // The last reader.
            let held = scene.value.borrow();
            scene.value.set(scene.data(100));
            scene.park(In::Drop);
            drop(held);
        },
        |scene| {
            let snapshot = scene.value.swap(scene.data(100));
            scene.park(In::Drop);
            drop(snapshot);
        },
    ];
    each_goes_on("parks in Drop", In::Drop, &victims);
}

#[test]
fn everybody_goes_on_while_one_parks_in_a_closure() {
    fn park(scene: &Scene) {
        scene.park(In::Closure);
        scene.gate.pass(In::Closure);
    }
    let victims: [Victim; 9] = [
        |scene| {
            let mut parked = false;
            scene.value.update(|_| {
                // It runs again, since others set meanwhile.
                if !core::mem::replace(&mut parked, true) {
                    park(scene);
                }
            });
        },
        |scene| {
            scene.value.update_if(|_| {
                park(scene);
                false
            });
        },
        |scene| {
            scene.value.transition(|_| {
                park(scene);
                (None, ())
            });
        },
        |scene| {
            let mut parked = false;
            scene.value.transition(|_| {
                if !core::mem::replace(&mut parked, true) {
                    park(scene);
                }
                (Some(scene.data(100)), ())
            });
        },
        |scene| {
            let mut parked = false;
            scene.value.update_or(
                || unreachable!(),
                |_| {
                    if !core::mem::replace(&mut parked, true) {
                        park(scene);
                    }
                },
            );
        },
        |scene| {
            scene.value.clear();
            scene.value.update_or(
                || {
                    park(scene);
                    scene.data(100)
                },
                |_| (),
            );
        },
        |scene| drop(scene.tasks[0].poll(scene.value.watch().get().filter(|_| park_once(scene)))),
        |scene| drop(scene.tasks[0].poll(scene.value.watch().get().backlog_only().filter(|_| park_once(scene)))),
        |scene| drop(scene.tasks[0].poll(scene.value.watch().wait_for(|_| park_once(scene)))),
    ];
    fn park_once(scene: &Scene) -> bool {
        park(scene);
        true
    }
    each_goes_on("parks in a closure", In::Closure, &victims);

    let comparing: Victim = |scene| _ = (scene.park(In::Eq), scene.value.set_if_not_eq(scene.data(0)));
    each_goes_on("parks in PartialEq", In::Eq, &[comparing]);
}

#[test]
fn everybody_goes_on_while_one_parks_in_a_wakers_clone() {
    let victims: [Victim; 4] = [
        |scene| {
            let mut watcher = scene.value.watch_changes();
            scene.park(In::WakerClone);
            drop(scene.tasks[0].poll(watcher.get()));
        },
        |scene| {
            let mut watcher = scene.waiting();
            scene.park(In::WakerClone);
            drop(scene.tasks[1].poll(watcher.get()));
        },
        |scene| {
            scene.park(In::WakerClone);
            _ = scene.tasks[0].poll(scene.value.unwatched());
        },
        |scene| {
            // Not the watchers' list, and behind the lock of sync mode.
            let _never_polled = scene.value.watch();
            let mut set = pin!(scene.value.set_sync(scene.data(100)));
            scene.park(In::WakerClone);
            drop(scene.tasks[0].poll(set.as_mut()));
        },
    ];
    each_goes_on("parks in a waker's clone", In::WakerClone, &victims);
}

#[test]
fn everybody_goes_on_while_one_parks_in_a_wakers_drop() {
    let victims: [Victim; 4] = [
        |scene| {
            let watcher = scene.waiting();
            scene.park(In::WakerDrop);
            drop(watcher);
        },
        |scene| {
            let (mut watcher, other) = (scene.waiting(), Task::new());
            scene.park(In::WakerDrop);
            drop(other.poll(watcher.get()));
        },
        |scene| {
            let mut unwatched = pin!(scene.value.unwatched());
            assert!(scene.tasks[0].poll(unwatched.as_mut()).is_pending());
            scene.park(In::WakerDrop);
            _ = Task::new().poll(unwatched.as_mut());
        },
        |scene| {
            let _never_polled = scene.value.watch();
            let mut set = Box::pin(scene.value.set_sync(scene.data(100)));
            assert!(scene.tasks[0].poll(set.as_mut()).is_pending());
            scene.park(In::WakerDrop);
            drop(set);
        },
    ];
    each_goes_on("parks in a waker's drop", In::WakerDrop, &victims);
}

#[test]
fn everybody_goes_on_while_one_parks_in_a_waker() {
    let victims: [Victim; 6] = [
        |scene| {
            let _watcher = scene.waiting();
            scene.park(In::Wake);
            scene.value.set(scene.data(100));
        },
        |scene| {
            let _watcher = scene.waiting();
            scene.park(In::Wake);
            scene.value.update(|_| ());
        },
        |scene| {
            let _watcher = scene.waiting();
            scene.park(In::Wake);
            scene.value.transition(|_| (Some(scene.data(100)), ()));
        },
        |scene| {
            let _watcher = scene.waiting();
            scene.park(In::Wake);
            scene.value.clear();
            scene.value.set(scene.data(100));
        },
        |scene| {
            // Of the list of those who wait for others to go.
            let reader = scene.value.reader();
            let mut unread = pin!(scene.value.unread());
            assert!(scene.tasks[0].poll(unread.as_mut()).is_pending());
            scene.park(In::Wake);
            drop(reader);
        },
        |scene| {
            // Of the line of those who want to set and wait.
            let mut first = Box::pin(scene.value.set_sync(scene.data(100)));
            assert!(Task::new().poll(first.as_mut()).is_pending());
            let mut second = pin!(scene.value.set_sync(scene.data(100)));
            assert!(scene.tasks[0].poll(second.as_mut()).is_pending());
            scene.park(In::Wake);
            drop(first);
        },
    ];
    each_goes_on("parks in a waker", In::Wake, &victims);
}

/// As the page on limits says: a waker that does not return keeps those waiting whom the same set was to wake after it, since
/// that set has their wake-ups. Nobody else; and they wait for the next set like everyone as soon as they are polled again.
#[test]
fn a_waker_that_parks_delays_only_those_whom_the_same_set_wakes_after_it() {
    const WATCHERS: usize = 100;
    let _watchdog = Watchdog::start("a waker that parks delays", Duration::from_secs(180));
    let scene = Scene::new();
    let mut all: Vec<_> = (0..WATCHERS).map(|_| (scene.value.watch_changes(), Task::new())).collect();
    all[WATCHERS / 2].1 = scene.tasks[0].clone();
    for (watcher, task) in &mut all {
        assert!(task.poll(watcher.get()).is_pending());
    }
    scene.park(In::Wake);
    thread::scope(|scope| {
        scope.spawn(|| scene.value.set(scene.data(1)));
        let open = Open(&scene.gate);
        scene.gate.await_parked();
        let woken = all.iter().filter(|(_, task)| task.wakes() > 0).count();
        assert!(0 < woken && woken < WATCHERS, "it parks in the midst of waking");
        // A watcher that comes after it is not kept.
        let (mut late, task) = (scene.value.watch_changes(), Task::new());
        assert!(task.poll(late.get()).is_pending());
        scene.value.set(scene.data(2));
        assert_eq!(task.wakes(), 1);
        // Nor is any that is polled again, for whatever reason.
        let parked = scene.tasks[0].wakes();
        for (watcher, task) in &mut all {
            let task = if task.wakes() == parked { &Task::new() } else { &*task };
            assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(data)) if data.number() == 2));
            assert!(task.poll(watcher.get()).is_pending());
            let wakes = task.wakes();
            scene.value.set(scene.data(3));
            assert!(task.wakes() > wakes);
            assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(_))));
            scene.value.set(scene.data(2));
        }
        drop(open);
    });
    assert!(all.iter().all(|(_, task)| task.wakes() > 0), "the rest is woken when the waker has returned");
}
