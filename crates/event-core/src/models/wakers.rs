//! Models of the waker list.

use super::lent::SomeNodes;
use super::{Bell, Effort, explore, thread};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::wakers::{FIRST_NODES, Place, WakerList};

/// A list with the version that its watchers watch.
struct Watched {
    version: AtomicUsize,
    list: WakerList,
    _lent: Option<SomeNodes>,
}

impl Watched {
    fn new() -> Arc<Self> {
        let (list, lent) = if super::is_on_lent_storage() {
            let (list, nodes) = SomeNodes::with_list();
            (list, Some(nodes))
        } else {
            (WakerList::new(false), None)
        };
        Arc::new(Self { version: AtomicUsize::new(0), list, _lent: lent })
    }

    fn set(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.list.wake_all();
    }

    /// Arms, then looks. Says which version it saw.
    fn poll(&self, place: &mut Place, bell: &alloc::sync::Arc<Bell>) -> usize {
        bell.poll(|cx| {
            // SAFETY: every test claims its places from its own list.
            unsafe { self.list.arm(place, cx.waker()) };
            self.version.load(Ordering::SeqCst)
        })
    }

    fn release(&self, place: Place) {
        // SAFETY: as in `poll`.
        unsafe { self.list.release(place) };
    }
}

/// A watcher that saw an old version must have been woken by the time that the setters are through.
fn assert_not_lost(seen: usize, last: usize, bell: &Bell) {
    assert!(seen == last || bell.rung() > 0, "saw version {seen} of {last} and was not woken");
}

pub(super) fn one_setter() {
    let watched = Watched::new();
    let bell = Bell::new();
    let mut place = watched.list.claim();
    let setter = thread::spawn({
        let watched = Arc::clone(&watched);
        move || watched.set()
    });
    let seen = watched.poll(&mut place, &bell);
    setter.join().unwrap();
    assert_not_lost(seen, 1, &bell);
    watched.release(place);
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn one_setter_and_a_watcher() {
    explore(Effort { preemptions: 6, at_least: 40 }, one_setter);
}

pub(super) fn two_setters() {
    let watched = Watched::new();
    let bell = Bell::new();
    let mut place = watched.list.claim();
    let setters = [(); 2].map(|()| {
        let watched = Arc::clone(&watched);
        thread::spawn(move || watched.set())
    });
    let first = watched.poll(&mut place, &bell);
    let rung_before = bell.rung();
    let seen = watched.poll(&mut place, &bell);
    assert!(seen >= first);
    for setter in setters {
        setter.join().unwrap();
    }
    // What rang before the second poll led to it, and does not count any more.
    assert!(seen == 2 || bell.rung() > rung_before, "saw version {seen} of 2 and was not woken since");
    watched.release(place);
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn two_setters_and_a_watcher_that_arms_twice() {
    explore(Effort { preemptions: 5, at_least: 100_000 }, two_setters);
}

pub(super) fn changing_wakers() {
    let watched = Watched::new();
    let (old, new) = (Bell::new(), Bell::new());
    let mut place = watched.list.claim();
    watched.poll(&mut place, &old);
    let setter = thread::spawn({
        let watched = Arc::clone(&watched);
        move || watched.set()
    });
    let seen = watched.poll(&mut place, &new);
    setter.join().unwrap();
    assert_not_lost(seen, 1, &new);
    assert_eq!(old.wakers(), 0, "the old waker is still stored");
    watched.release(place);
    assert_eq!(new.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_watcher_that_changes_its_waker_while_a_setter_wakes() {
    explore(Effort { preemptions: 6, at_least: 150 }, changing_wakers);
}

pub(super) fn drop_while_a_setter_wakes() {
    let watched = Watched::new();
    let (gone, next) = (Bell::new(), Bell::new());
    let mut place = watched.list.claim();
    let nodes = watched.list.len();
    watched.poll(&mut place, &gone);
    let setters = [(); 2].map(|()| {
        let watched = Arc::clone(&watched);
        thread::spawn(move || watched.set())
    });
    watched.release(place);
    // Perhaps the same node, perhaps another one.
    let mut place = watched.list.claim();
    let seen = watched.poll(&mut place, &next);
    for setter in setters {
        setter.join().unwrap();
    }
    assert_not_lost(seen, 2, &next);
    assert_eq!(gone.wakers(), 0, "the waker of a watcher that has gone is still stored");
    watched.release(place);
    assert_eq!(next.wakers(), 0, "a waker was leaked");
    // Nothing is in use: as many nodes as the first leaf has can be had without a second one.
    let places = [(); FIRST_NODES].map(|()| watched.list.claim());
    assert_eq!(watched.list.len(), nodes, "a node was lost");
    places.into_iter().for_each(|place| watched.release(place));
}

#[test]
fn a_watcher_that_goes_while_setters_wake() {
    explore(Effort { preemptions: 4, at_least: 18_000 }, drop_while_a_setter_wakes);
}

pub(super) fn watcher_in_a_directory() {
    let watched = Watched::new();
    let bell = Bell::new();
    let first = [(); FIRST_NODES].map(|()| watched.list.claim());
    let mut place = watched.list.claim();
    let setters = [(); 2].map(|()| {
        let watched = Arc::clone(&watched);
        thread::spawn(move || watched.set())
    });
    let seen = watched.poll(&mut place, &bell);
    for setter in setters {
        setter.join().unwrap();
    }
    assert_not_lost(seen, 2, &bell);
    watched.release(place);
    first.into_iter().for_each(|place| watched.release(place));
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_watcher_below_a_directory() {
    explore(Effort { preemptions: 5, at_least: 8_000 }, watcher_in_a_directory);
}

/// Both watchers have their bits above set by one of them, and a setter takes them half-way.
pub(super) fn neighbours_in_a_directory() {
    let watched = Watched::new();
    let first = [(); FIRST_NODES].map(|()| watched.list.claim());
    let (mut place, mut other) = (watched.list.claim(), watched.list.claim());
    let (bell, neighbour) = (Bell::new(), Bell::new());
    watched.poll(&mut place, &bell);
    let setter = thread::spawn({
        let watched = Arc::clone(&watched);
        move || watched.set()
    });
    let neighbour_seen = watched.poll(&mut other, &neighbour);
    setter.join().unwrap();
    assert!(bell.rung() > 0, "it was armed before the set");
    assert_not_lost(neighbour_seen, 1, &neighbour);
    for place in first.into_iter().chain([place, other]) {
        watched.release(place);
    }
}

#[test]
fn two_watchers_below_a_directory() {
    explore(Effort { preemptions: 6, at_least: 300 }, neighbours_in_a_directory);
}

fn growth() {
    let watched = Watched::new();
    let first = [(); FIRST_NODES].map(|()| watched.list.claim());
    let other = thread::spawn({
        let watched = Arc::clone(&watched);
        move || {
            let (bell, mut place) = (Bell::new(), watched.list.claim());
            let seen = watched.poll(&mut place, &bell);
            (seen, bell, place)
        }
    });
    let bell = Bell::new();
    let mut place = watched.list.claim();
    watched.poll(&mut place, &bell);
    watched.set();
    assert!(bell.rung() > 0, "it was armed before the set");
    let (seen, others_bell, others_place) = other.join().unwrap();
    assert_not_lost(seen, 1, &others_bell);
    for place in first.into_iter().chain([place, others_place]) {
        watched.release(place);
    }
}

#[test]
fn two_watchers_that_need_more_nodes() {
    explore(Effort { preemptions: 3, at_least: 25_000 }, growth);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail_without;
    use super::*;
    use crate::sync::Handshake;

    #[test]
    fn arm_then_look() {
        must_fail_without(Handshake::ArmThenLook, 3, one_setter);
    }

    #[test]
    fn publish_then_wake() {
        must_fail_without(Handshake::PublishThenWake, 3, one_setter);
    }
}
