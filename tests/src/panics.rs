//! P1: a panic in code of the user's leaves the value and every watcher usable, and takes no one's wake-up along.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::Poll;
use std::sync::Mutex;

use event_core::{MemoryValue, MemoryWatcher};

use crate::by_hand::{Act, Task, panics};
use crate::census::{Census, Citizen};
use crate::runtime::Runtime;

/// Where data can be told to panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Clone,
    Drop,
    Eq,
}

/// Data that panics once, when told to.
struct Touchy {
    citizen: Citizen,
    told: Arc<Mutex<Option<In>>>,
}

impl Touchy {
    fn panic_if_told(&self, place: In) {
        let told = self.told.lock().expect("nothing panics while it is locked").take_if(|told| *told == place);
        assert!(told.is_none(), "data was told to panic");
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        self.panic_if_told(In::Clone);
        Self { citizen: self.citizen.clone(), told: Arc::clone(&self.told) }
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.panic_if_told(In::Eq);
        self.citizen == other.citizen
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        self.panic_if_told(In::Drop);
    }
}

/// A value that holds 0, and watchers that have seen it and wait.
struct Scene {
    census: Census,
    told: Arc<Mutex<Option<In>>>,
    value: MemoryValue<Touchy>,
    watchers: Vec<MemoryWatcher<Touchy>>,
    tasks: Vec<Task>,
}

impl Scene {
    fn new(watchers: usize) -> Self {
        let (census, told) = (Census::new(), Arc::default());
        let value = MemoryValue::with_value(Touchy { citizen: census.citizen(0), told: Arc::clone(&told) });
        let watchers: Vec<_> = (0..watchers).map(|_| value.watch_changes()).collect();
        let tasks = watchers.iter().map(|_| Task::new()).collect();
        let mut scene = Self { census, told, value, watchers, tasks };
        for number in 0..scene.watchers.len() {
            assert_eq!(scene.poll(number), None);
        }
        scene
    }

    fn data(&self, data: u64) -> Touchy {
        Touchy { citizen: self.census.citizen(data), told: Arc::clone(&self.told) }
    }

    fn tell(&self, place: In) {
        *self.told.lock().unwrap() = Some(place);
    }

    /// What a get of this watcher gives, if it does not wait.
    fn poll(&mut self, number: usize) -> Option<u64> {
        match self.tasks[number].poll(self.watchers[number].get()) {
            Poll::Ready(result) => Some(result.unwrap().citizen.data()),
            Poll::Pending => None,
        }
    }

    /// Nobody who waited lost the wake-up that this news was worth.
    fn assert_everyone_was_woken(&self) {
        assert!(self.tasks.iter().all(|task| task.wakes() > 0), "{:?}", self.tasks);
    }

    /// All do what they are for, and when they go, everything does.
    fn assert_all_is_well(mut self) {
        self.told.lock().unwrap().take();
        // Whatever was left to get, or to arm.
        for number in 0..self.watchers.len() {
            while self.poll(number).is_some() {}
        }
        let wakes: Vec<_> = self.tasks.iter().map(Task::wakes).collect();
        self.value.set(self.data(99));
        assert_eq!(self.value.load().map(|data| data.citizen.data()), Some(99));
        for (number, before) in wakes.into_iter().enumerate() {
            assert!(self.tasks[number].wakes() > before, "watcher {number} was not woken");
            assert_eq!(self.poll(number), Some(99), "watcher {number}");
        }
        assert_eq!(self.census.alive(), 1, "nothing but the present data is left");
        assert_eq!(self.value.watcher_count(), self.watchers.len());
        let Self { census, value, watchers, tasks, .. } = self;
        drop(watchers);
        assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left: {tasks:?}");
        drop(value);
        census.assert_each_was_dropped_once();
    }
}

/// A get that could not clone has consumed nothing.
pub fn p1_a_panic_in_clone_during_a_get_consumes_nothing() {
    type Get = fn(&mut MemoryWatcher<Touchy>, &Task);
    let gets: [Get; 4] = [
        |watcher, task| drop(task.poll(watcher.get())),
        |watcher, task| drop(task.poll(watcher.get().filter(|_| true))),
        |watcher, task| drop(task.poll(watcher.get().backlog_only())),
        |watcher, _| drop(watcher.try_get()),
    ];
    for get in gets {
        let mut scene = Scene::new(3);
        scene.value.set(scene.data(1));
        scene.assert_everyone_was_woken();
        scene.tell(In::Clone);
        assert!(panics(|| get(&mut scene.watchers[1], &scene.tasks[1])));
        assert_eq!((scene.poll(0), scene.poll(1), scene.poll(2)), (Some(1), Some(1), Some(1)));
        scene.assert_all_is_well();
    }
}

/// With the new data in force or not, but never in between.
pub fn p1_a_panic_in_clone_elsewhere_harms_nothing() {
    let scene = Scene::new(3);
    scene.tell(In::Clone);
    assert!(panics(|| scene.value.load()));
    scene.tell(In::Clone);
    assert!(panics(|| scene.value.update(|_| ())));
    scene.tell(In::Clone);
    assert!(panics(|| scene.watchers[0].load()));
    assert!(scene.tasks.iter().all(|task| task.wakes() == 0), "nothing was set");

    let snapshot = scene.value.borrow().unwrap().detach();
    scene.tell(In::Clone);
    assert!(panics(|| scene.value.replace(scene.data(1))), "the old data is read, so it has to be cloned");
    assert_eq!((snapshot.citizen.data(), scene.value.load().unwrap().citizen.data()), (0, 1));
    drop(snapshot);
    scene.assert_everyone_was_woken();
    scene.assert_all_is_well();
}

/// Whoever drops the old data sees the panic; the new data is in force, and its watchers know.
pub fn p1_a_panic_in_drop_leaves_the_new_data_in_force() {
    let sets: [fn(&Scene); 8] = [
        |scene| _ = scene.value.transition(|_| (Some(scene.data(1)), ())),
        |scene| _ = scene.value.update_or(|| unreachable!(), |data| data.citizen = scene.census.citizen(1)),
        |scene| drop(scene.value.swap(scene.data(1))),
        |scene| _ = scene.value.set(scene.data(1)),
        |scene| drop(scene.value.try_set(scene.data(1))),
        |scene| drop(scene.value.replace(scene.data(1))),
        |scene| assert!(scene.value.compare_and_set(scene.value.version(), scene.data(1)).is_ok()),
        |scene| assert!(scene.value.set_if_not_eq(scene.data(1))),
    ];
    for set in sets {
        let scene = Scene::new(5);
        scene.tell(In::Drop);
        assert!(panics(|| set(&scene)));
        assert_eq!(scene.value.borrow().map(|data| data.citizen.data()), Some(1));
        scene.assert_everyone_was_woken();
        scene.assert_all_is_well();
    }
    let scene = Scene::new(5);
    scene.tell(In::Drop);
    assert!(panics(|| scene.value.clear()));
    assert_eq!((scene.value.is_set(), scene.census.alive()), (false, 0));
    scene.assert_all_is_well();
}

/// The last reader, or the last of all handles.
pub fn p1_a_panic_in_drop_when_a_reader_lets_go_harms_nothing() {
    let scene = Scene::new(3);
    let snapshot = scene.value.borrow().unwrap().detach();
    let borrowed = scene.value.borrow().unwrap();
    scene.value.set(scene.data(1));
    let (second, copy) = (scene.value.borrow().unwrap(), scene.value.clone());
    scene.value.set(scene.data(2));
    drop(borrowed);
    scene.tell(In::Drop);
    assert!(panics(|| drop(snapshot)));
    scene.tell(In::Drop);
    assert!(panics(|| drop(second)));
    assert_eq!(scene.census.alive(), 1);
    drop(copy);
    scene.assert_all_is_well();

    let Scene { census, told, value, watchers, .. } = Scene::new(1);
    drop(watchers);
    *told.lock().unwrap() = Some(In::Drop);
    assert!(panics(|| drop(value)));
    census.assert_each_was_dropped_once();
}

/// The version it was asked about is not consumed, and not kept.
pub fn p1_a_panic_in_a_predicate_consumes_nothing() {
    type Get = fn(&mut MemoryWatcher<Touchy>, &Task);
    let gets: [Get; 4] = [
        |watcher, task| drop(task.poll(watcher.get().filter(|_| panic!("on purpose")))),
        |watcher, task| drop(task.poll(watcher.get().filter(|_| panic!("on purpose")).backlog_only())),
        |watcher, task| drop(task.poll(watcher.wait_for(|_| panic!("on purpose")))),
        |watcher, task| drop(task.poll(watcher.get().until(poll_fn::<(), _>(|_| panic!("on purpose"))))),
    ];
    for get in gets {
        let mut scene = Scene::new(3);
        scene.value.set(scene.data(1));
        assert!(panics(|| get(&mut scene.watchers[1], &scene.tasks[1])));
        assert_eq!((scene.poll(0), scene.poll(1), scene.poll(2)), (Some(1), Some(1), Some(1)));
        scene.assert_all_is_well();
    }
}

/// Nothing is set.
pub fn p1_a_panic_in_an_update_or_a_comparison_sets_nothing() {
    let attempts: [fn(&Scene); 7] = [
        |scene| _ = scene.value.update(|_| panic!("on purpose")),
        |scene| _ = scene.value.update_if(|_| panic!("on purpose")),
        |scene| {
            // The second run, on what the first one left over.
            let mut runs = 0;
            scene.value.update(|_| {
                runs += 1;
                assert_eq!(runs, 1, "on purpose");
                scene.value.set(scene.data(0));
            });
        },
        |scene| {
            scene.tell(In::Eq);
            scene.value.set_if_not_eq(scene.data(1));
        },
        |scene| scene.value.transition(|_| panic!("on purpose")).0,
        |scene| _ = scene.value.update_or(|| unreachable!(), |_| panic!("on purpose")),
        |scene| {
            scene.tell(In::Clone);
            scene.value.update_or(|| unreachable!(), |_| ());
        },
    ];
    for (number, attempt) in attempts.into_iter().enumerate() {
        let scene = Scene::new(3);
        let version = scene.value.version();
        assert!(panics(|| attempt(&scene)));
        assert_eq!(scene.value.borrow().map(|data| data.citizen.data()), Some(0));
        assert_eq!(scene.census.alive(), 1, "what was not set is gone");
        assert!(number == 2 || scene.value.version() == version);
        scene.assert_all_is_well();
    }
}

/// Everything that wakes, with one waker that panics, in every place among few and many.
pub fn p1_a_waker_that_panics_keeps_nobody_from_being_woken() {
    let sets: [fn(&Scene); 11] = [
        |scene| _ = scene.value.transition(|_| (Some(scene.data(1)), ())),
        |scene| _ = scene.value.update_or(|| unreachable!(), |_| ()),
        |scene| drop(scene.value.swap(scene.data(1))),
        |scene| _ = scene.value.set(scene.data(1)),
        |scene| drop(scene.value.try_set(scene.data(1))),
        |scene| drop(scene.value.replace(scene.data(1))),
        |scene| drop(scene.value.compare_and_set(scene.value.version(), scene.data(1))),
        |scene| _ = scene.value.set_if_not_eq(scene.data(1)),
        |scene| _ = scene.value.update(|data| *data = scene.data(1)),
        |scene| _ = scene.value.update_if(|_| true),
        |scene| scene.value.clear(),
    ];
    for set in sets {
        for (watchers, bad) in [(1, 0), (4, 1), (5, 4), (6, 0), (200, 0), (200, 3), (200, 100), (200, 199)] {
            let scene = Scene::new(watchers);
            let version = scene.value.version();
            scene.tasks[bad].panic_in(Act::Wake);
            assert!(panics(|| set(&scene)));
            assert!(scene.value.version() > version);
            scene.assert_everyone_was_woken();
            scene.assert_all_is_well();
        }
    }
}

/// By `close`, and by the last handle.
pub fn p1_a_waker_that_panics_does_not_keep_a_value_open() {
    let ends: [fn(MemoryValue<Touchy>); 2] = [drop, |value| value.close()];
    for end in ends {
        let Scene { census, value, mut watchers, tasks, .. } = Scene::new(10);
        tasks[3].panic_in(Act::Wake);
        tasks[7].panic_in(Act::Wake);
        assert!(panics(|| end(value)));
        for (watcher, task) in watchers.iter_mut().zip(&tasks) {
            assert!(task.wakes() > 0);
            assert!(watcher.try_get().is_err_and(|error| error.is_closed()));
        }
        drop(watchers);
        census.assert_each_was_dropped_once();
        assert!(tasks.iter().all(|task| task.stored_wakers() == 0));
    }
}

/// That does not end the process. (It needs the feature `std`.)
pub fn p1_several_wakers_may_panic_in_one_set() {
    for bad in [&[0, 1][..], &[3, 4], &[0, 50, 99], &[97, 98, 99]] {
        let scene = Scene::new(100);
        bad.iter().for_each(|number| scene.tasks[*number].panic_in(Act::Wake));
        assert!(panics(|| scene.value.set(scene.data(1))));
        scene.assert_everyone_was_woken();
        scene.assert_all_is_well();
    }
    let scene = Scene::new(100);
    scene.tasks.iter().for_each(|task| task.panic_in(Act::Wake));
    assert!(panics(|| scene.value.set(scene.data(1))));
    scene.assert_everyone_was_woken();
    scene.assert_all_is_well();
}

/// While it is stored, and while it is replaced.
pub fn p1_a_panic_in_a_wakers_clone_or_drop_leaves_the_watcher_usable() {
    for act in [Act::Clone, Act::Drop] {
        let mut scene = Scene::new(3);
        let other = Task::new();
        if act == Act::Clone {
            other.panic_in(act)
        } else {
            scene.tasks[1].panic_in(act)
        }
        assert!(panics(|| drop(other.poll(scene.watchers[1].get()))));
        scene.value.set(scene.data(1));
        assert_eq!((scene.poll(0), scene.poll(1), scene.poll(2)), (Some(1), Some(1), Some(1)));
        scene.assert_all_is_well();
        assert_eq!(other.stored_wakers(), 0);
    }
}

/// The place is free all the same.
pub fn p1_a_panic_in_a_wakers_drop_does_not_keep_a_watcher_alive() {
    let mut scene = Scene::new(10);
    for left in (5..10).rev() {
        let (watcher, task) = (scene.watchers.remove(left / 2), scene.tasks.remove(left / 2));
        task.panic_in(Act::Drop);
        assert!(panics(|| drop(watcher)));
        assert_eq!((scene.value.watcher_count(), task.stored_wakers()), (left, 0));
    }
    scene.assert_all_is_well();
}

/// A task that dies in its predicate, among others that live.
pub async fn p1_a_task_that_panics_leaves_the_others_alone<R: Runtime>() {
    let value = MemoryValue::with_value(0);
    let dying = value.watch();
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let mut watcher = value.watch();
        tasks.push(R::spawn(async move {
            let mut last = 0;
            while let Ok(item) = watcher.get().await {
                last = item;
            }
            last
        }));
    }
    let dies = R::spawn(async move {
        let mut watcher = dying;
        let mut get = core::pin::pin!(watcher.get().filter(|n| {
            assert!(*n < 5, "on purpose");
            false
        }));
        // The task itself lives on, so that no runtime has to be relied on to report the panic in the same way.
        poll_fn(|cx| {
            let mut polled = Poll::Ready(None);
            let panicked = panics(|| polled = get.as_mut().poll(cx).map(Some));
            if panicked { Poll::Ready(true) } else { polled.map(|_| false) }
        })
        .await
    });
    for n in 1..=10 {
        value.set(n);
        R::yield_now().await;
    }
    assert!(dies.await);
    drop(value);
    for task in tasks {
        assert_eq!(task.await, 10);
    }
}
