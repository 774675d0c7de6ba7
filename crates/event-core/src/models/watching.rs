//! Models of watching a memory value: the waker list whose root is in the cell's word, and the paths that try each step once.

use core::future::Future;
use core::pin::pin;
use core::task::Poll;

use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::sync::Arc;
use crate::traits::Watcher;
use crate::wakers::{FIRST_BELOW, FIRST_NODES};

type Value<D> = Arc<MemoryValue<D>>;

/// Data that is known by its number.
trait Data: From<usize> + Clone + Send + Sync + 'static {
    fn number(&self) -> usize;
}

impl Data for usize {
    fn number(&self) -> usize {
        *self
    }
}

/// Data with a `Drop`. A setter of it wakes before it does anything else; with other data it looks at the readers first, and loom's
/// fence there hides what is wrong with the waking.
#[derive(Clone)]
struct Dropped(usize);

impl Data for Dropped {
    fn number(&self) -> usize {
        self.0
    }
}

impl From<usize> for Dropped {
    fn from(number: usize) -> Self {
        Self(number)
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0 = usize::MAX;
    }
}

fn value<D: Data>() -> Value<D> {
    Arc::new(MemoryValue::with_value(D::from(0)))
}

fn set<D: Data>(value: &Value<D>, data: usize) -> thread::JoinHandle<()> {
    let value = Arc::clone(value);
    thread::spawn(move || _ = value.set(D::from(data)))
}

/// A watcher, and what its task knows.
struct Task<D> {
    watcher: MemoryWatcher<D>,
    bell: alloc::sync::Arc<Bell>,
    got: usize,
    /// The last poll was pending, and whether the bell was rung since has not been asked.
    waits: bool,
}

impl<D: Data> Task<D> {
    fn new(value: &Value<D>) -> Self {
        Self { watcher: value.watch_changes(), bell: Bell::new(), got: 0, waits: false }
    }

    fn poll(&mut self) {
        // What rang before this poll led to it, and does not count any more.
        self.bell.answer();
        match self.bell.poll(|cx| self.watcher.poll_get(cx)) {
            Poll::Ready(Ok(data)) => {
                let data = data.number();
                assert_ne!(self.got, data, "the same data twice");
                self.got = data;
                self.waits = false;
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => self.waits = true,
        }
    }

    /// One whose waker is stored already, so that it arms at once.
    fn warm(value: &Value<D>) -> Self {
        let mut task = Self::new(value);
        task.poll();
        assert!(task.waits);
        value.set(D::from(value.load().unwrap().number() + 10));
        task.poll();
        assert!(!task.waits);
        task
    }

    /// When all setters are through: either it has the newest data, or it knows that there is something to get.
    fn end(mut self, value: &Value<D>) {
        let newest = value.load().unwrap().number();
        if self.got != newest {
            assert!(!self.waits || self.bell.answer(), "got {} of {newest} and was not woken", self.got);
            self.poll();
            assert_eq!(self.got, newest, "not the newest");
        }
        drop(self.watcher);
        assert_eq!(self.bell.wakers(), 0, "a waker was leaked");
    }
}

fn one_setter<D: Data>(new_task: fn(&Value<D>) -> Task<D>) {
    let value = value();
    let mut task = new_task(&value);
    let setter = set(&value, 1);
    task.poll();
    setter.join().unwrap();
    task.end(&value);
}

#[test]
fn one_setter_and_a_watcher() {
    explore(Effort { preemptions: 8, at_least: 21 }, || one_setter::<usize>(Task::warm));
}

#[test]
fn one_setter_and_a_new_watcher() {
    explore(Effort { preemptions: 6, at_least: 190 }, || one_setter::<usize>(Task::new));
}

fn two_setters<D: Data>() {
    let value = value::<D>();
    let mut task = Task::warm(&value);
    let setters = [1, 2].map(|data| set(&value, data));
    task.poll();
    task.poll();
    setters.into_iter().for_each(|setter| setter.join().unwrap());
    task.end(&value);
}

#[test]
fn two_setters_and_a_watcher_that_polls_twice() {
    explore(Effort { preemptions: 3, at_least: 50_000 }, two_setters::<usize>);
}

/// They set their bits in one word, which the setter changes as well.
fn two_watchers<D: Data>() {
    let value = value::<D>();
    let mut other = Task::warm(&value);
    let mut task = Task::warm(&value);
    other.poll();
    let setter = set(&value, 1);
    let other = thread::spawn(move || {
        other.poll();
        other
    });
    task.poll();
    setter.join().unwrap();
    let other = other.join().unwrap();
    task.end(&value);
    other.end(&value);
}

#[test]
fn a_setter_and_two_watchers() {
    explore(Effort { preemptions: 5, at_least: 1_000 }, two_watchers::<usize>);
}

fn changing_wakers<D: Data>() {
    let value = value::<D>();
    let mut task = Task::new(&value);
    task.poll();
    let setter = set(&value, 1);
    let old = core::mem::replace(&mut task.bell, Bell::new());
    task.poll();
    setter.join().unwrap();
    if task.waits {
        assert_eq!(old.wakers(), 0, "the old waker is still stored");
    }
    task.end(&value);
    assert_eq!(old.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_watcher_that_changes_its_waker_while_a_setter_wakes() {
    explore(Effort { preemptions: 6, at_least: 500 }, changing_wakers::<usize>);
}

/// A watcher is polled with another waker between a setter's look at the word and its exchange, and the word is the same again.
/// The data has a `Drop`, so that the setter wakes before it does anything else, which would tell it of the new waker.
fn another_waker() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let mut watcher = value.watch_changes();
    let (old, new) = (Bell::new(), Bell::new());
    assert!(old.poll(|cx| watcher.poll_get(cx)).is_pending());
    let setter = thread::spawn({
        let (value, citizen) = (Arc::clone(&value), census.citizen(2));
        move || _ = value.set(citizen)
    });
    let waits = new.poll(|cx| watcher.poll_get(cx)).is_pending();
    setter.join().unwrap();
    assert!(!waits || new.rung() > 0, "neither data nor a wake-up");
    drop((watcher, value));
    assert_eq!((census.alive(), old.wakers(), new.wakers()), (0, 0, 0));
}

#[test]
fn a_watcher_that_changes_its_waker_while_data_with_a_drop_is_set() {
    explore(Effort { preemptions: 5, at_least: 400 }, another_waker);
}

fn drop_while_a_setter_wakes<D: Data>() {
    let value = value::<D>();
    let mut gone = Task::new(&value);
    gone.poll();
    let setter = set(&value, 1);
    drop(gone.watcher);
    // Perhaps in the same place, perhaps in another one.
    let mut task = Task { watcher: value.watch(), bell: Bell::new(), got: usize::MAX, waits: false };
    task.poll();
    task.poll();
    setter.join().unwrap();
    assert_eq!(gone.bell.wakers(), 0, "the waker of a watcher that has gone is still stored");
    task.end(&value);
}

#[test]
fn a_watcher_that_goes_while_a_setter_wakes() {
    explore(Effort { preemptions: 3, at_least: 2_000 }, drop_while_a_setter_wakes::<usize>);
}

fn watcher_below<D: Data>(setters: usize) {
    let value = value::<D>();
    let first = [(); FIRST_NODES].map(|()| value.watch());
    let mut task = Task::warm(&value);
    let setters: alloc::vec::Vec<_> = (1..=setters).map(|data| set(&value, data)).collect();
    task.poll();
    setters.into_iter().for_each(|setter| setter.join().unwrap());
    task.end(&value);
    drop(first);
}

#[test]
fn a_setter_and_a_watcher_below_a_directory() {
    explore(Effort { preemptions: 8, at_least: 36 }, || watcher_below::<usize>(1));
}

#[test]
fn two_setters_and_a_watcher_below_a_directory() {
    explore(Effort { preemptions: 3, at_least: 25_000 }, || watcher_below::<usize>(2));
}

/// Both have their bits above set by one of them, and the setter takes them half-way.
fn neighbours_below<D: Data>() {
    let value = value::<D>();
    let first = [(); FIRST_NODES].map(|()| value.watch());
    let mut task = Task::warm(&value);
    let mut neighbour = Task::warm(&value);
    task.poll();
    if !task.waits {
        task.poll();
    }
    let setter = set(&value, 1);
    neighbour.poll();
    setter.join().unwrap();
    task.end(&value);
    neighbour.end(&value);
    drop(first);
}

#[test]
fn two_watchers_below_a_directory() {
    explore(Effort { preemptions: 8, at_least: 200 }, neighbours_below::<usize>);
}

/// A watcher waits again with the same waker, while the bit that it shares is set for its neighbour and is taken by a setter. By
/// reference, since a get of a clone is tried in one step first.
fn neighbours_below_by_reference() {
    let value = value::<usize>();
    let first = [(); FIRST_NODES].map(|()| value.watch());
    let (mut watcher, bell) = (value.watch_changes(), Bell::new());
    let poll = |watcher: &mut MemoryWatcher<usize>, bell: &alloc::sync::Arc<Bell>| {
        bell.answer();
        bell.poll(|cx| pin!(watcher.changed()).poll(cx)).is_pending()
    };
    assert!(poll(&mut watcher, &bell));
    value.set(10);
    assert!(!poll(&mut watcher, &bell), "it has the waker, and waits no longer");
    let (mut neighbour, neighbours_bell) = (value.watch_changes(), Bell::new());
    assert!(poll(&mut neighbour, &neighbours_bell));
    let setter = set(&value, 1);
    let waits = poll(&mut watcher, &bell);
    setter.join().unwrap();
    assert!(neighbours_bell.rung() > 0, "it was armed before the set");
    assert!(!waits || bell.rung() > 0, "the newest is not seen, and it was not woken");
    drop(first);
}

#[test]
fn a_watcher_that_waits_again_by_reference_below_a_directory() {
    explore(Effort { preemptions: 5, at_least: 10 }, neighbours_below_by_reference);
}

/// The new watcher's slot is in a directory of its own, which is linked while a setter walks along the directories. The setter
/// has found the root's bit set by the old one.
fn new_directory() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let first = [(); FIRST_NODES + FIRST_BELOW - 1].map(|()| value.watch());
    let poll = |watcher: &mut MemoryWatcher<Citizen>, bell: &alloc::sync::Arc<Bell>| {
        bell.poll(|cx| watcher.poll_get(cx)).is_pending()
    };
    let (mut old, old_bell) = (value.watch_changes(), Bell::new());
    assert!(poll(&mut old, &old_bell));
    let setter = thread::spawn({
        let (value, citizen) = (Arc::clone(&value), census.citizen(2));
        move || _ = value.set(citizen)
    });
    // A clone, which looks at nothing. And the data has a `Drop`, so that the setter wakes before it looks at the readers, which
    // would have told it of the directory.
    let (mut new, bell) = (old.clone(), Bell::new());
    let waits = poll(&mut new, &bell);
    setter.join().unwrap();
    assert!(old_bell.rung() > 0, "it was armed before the set");
    assert!(!waits || bell.rung() > 0, "in a new directory, and not woken");
    drop((first, old, new, value));
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_watcher_in_a_directory_of_its_own() {
    explore(Effort { preemptions: 5, at_least: 100 }, new_directory);
}

/// The same with data that has a `Drop`. What it needs, the mutations of its orderings say: `ci/orderings.sh`.
mod with_a_drop {
    use super::*;

    #[test]
    fn one_setter_and_a_watcher() {
        explore(Effort { preemptions: 8, at_least: 21 }, || one_setter::<Dropped>(Task::warm));
    }

    #[test]
    fn one_setter_and_a_new_watcher() {
        explore(Effort { preemptions: 6, at_least: 150 }, || one_setter::<Dropped>(Task::new));
    }

    #[test]
    fn a_setter_and_two_watchers() {
        explore(Effort { preemptions: 4, at_least: 500 }, two_watchers::<Dropped>);
    }

    #[test]
    fn a_watcher_that_changes_its_waker_while_a_setter_wakes() {
        explore(Effort { preemptions: 5, at_least: 200 }, changing_wakers::<Dropped>);
    }

    #[test]
    fn a_watcher_that_goes_while_a_setter_wakes() {
        explore(Effort { preemptions: 2, at_least: 300 }, drop_while_a_setter_wakes::<Dropped>);
    }

    #[test]
    fn a_setter_and_a_watcher_below_a_directory() {
        explore(Effort { preemptions: 8, at_least: 30 }, || watcher_below::<Dropped>(1));
    }

    #[test]
    fn two_watchers_below_a_directory() {
        explore(Effort { preemptions: 8, at_least: 150 }, neighbours_below::<Dropped>);
    }
}

/// A watcher that is armed changes the word, but not what it says of the data.
fn arming_against_edits() {
    let value = value::<usize>();
    let mut task = Task::warm(&value);
    let seen = value.version();
    let watcher = thread::spawn(move || {
        task.poll();
        task
    });
    assert!(value.compare_and_set(seen, 1).is_ok(), "nobody else has set anything");
    let mut runs = 0;
    assert!(value.update(|data| {
        runs += 1;
        *data += 1;
    }));
    assert_eq!(runs, 1, "nobody else has set anything");
    assert_eq!(value.replace(3), Some(2), "the two edits before");
    watcher.join().unwrap().end(&value);
}

#[test]
fn a_watcher_that_is_armed_while_the_value_is_edited() {
    explore(Effort { preemptions: 5, at_least: 7_000 }, arming_against_edits);
}

/// What is replaced while it is cloned is dropped by whoever is the last with it, once.
fn set_and_get() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let mut watcher = value.watch();
    let getter = thread::spawn(move || {
        let bell = Bell::new();
        let mut last = 0;
        for _ in 0..2 {
            let polled: Poll<Result<Citizen, _>> = bell.poll(|cx| watcher.poll_get(cx));
            if let Poll::Ready(Ok(citizen)) = polled {
                assert!(citizen.number > last, "{} after {last}", citizen.number);
                last = citizen.number;
            }
        }
        assert_ne!(last, 0, "there was data from the start");
    });
    value.set(census.citizen(2));
    value.set(census.citizen(3));
    getter.join().unwrap();
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn two_sets_against_two_gets() {
    explore(Effort { preemptions: 5, at_least: 4_500 }, set_and_get);
}

/// The third set needs the slot that one of the others has emptied.
fn two_setters_of_data() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || _ = value.set(census.citizen(2))
    });
    value.set(census.citizen(3));
    value.set(census.citizen(4));
    setter.join().unwrap();
    assert_eq!(value.version().raw(), 4, "every set has its own version");
    assert_eq!(census.alive(), 1, "only the data in force is alive");
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn two_setters_with_three_sets() {
    explore(Effort { preemptions: 4, at_least: 100_000 }, two_setters_of_data);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail_without;
    use super::*;
    use crate::sync::Handshake;

    #[test]
    fn arm_in_the_word_that_was_looked_at() {
        must_fail_without(Handshake::ArmInWord, 3, || one_setter::<usize>(Task::warm));
    }

    #[test]
    fn lead_to_the_root_then_look() {
        must_fail_without(Handshake::LeadThenLook, 3, neighbours_below::<usize>);
    }

    #[test]
    fn link_a_directory_then_look() {
        must_fail_without(Handshake::PlaceThenLook, 3, new_directory);
        must_fail_without(Handshake::PublishThenFollow, 3, new_directory);
    }
}
