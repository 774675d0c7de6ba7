//! Real threads that park, for seconds or as long as the environment says.
//!
//! - `EVENT_STRESS_SECONDS` (5): how long setters and watchers run;
//! - `EVENT_PING_PONG_SECONDS` (3): how long two threads hand over to each other;
//! - `EVENT_SEED`: repeats the random choices of a run, though not what the scheduler made of them.
//!
//! The setters of the first test pause until the newest data has arrived everywhere: a wake-up that is lost is not made up
//! for by the next set but hangs, and a watchdog tells.

extern crate alloc;

mod arena;
mod ways;

use alloc::collections::VecDeque;
use core::fmt::Display;
use core::str::FromStr;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use event_core::{MemoryValue, Ref, Version};
use event_tests::census::{Census, Citizen};
use event_tests::seed::{Random, seed};
use event_tests::threads::block_on_patiently;
use event_tests::watchdog::{Watchdog, or_abort};

use arena::{Arena, SETTERS, WATCHERS, data};
use ways::{Account, WAYS};

/// How long there may be no progress. It is there for what hangs; a busy machine has time.
const PATIENCE: Duration = Duration::from_secs(180);

fn from_environment<T: FromStr<Err: Display>>(variable: &str, otherwise: T) -> T {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
        Err(_) => otherwise,
    }
}

#[test]
fn setters_and_watchers_on_threads_lose_nothing_and_leak_nothing() {
    let seconds = from_environment("EVENT_STRESS_SECONDS", 5.0);
    let seed = seed("stress");
    let (name, random) = (&format!("stress, EVENT_SEED={seed}"), Random::new(seed));
    let watchdog = Watchdog::start(name, PATIENCE);
    let census = Census::new();
    let arena = Arena::new(census.clone());
    thread::scope(|scope| {
        let arena = &arena;
        for watcher in 0..WATCHERS {
            let account = Account::new(arena, watcher);
            let (watching, random) = (arena.value.watch(), random.stream(watcher as u64));
            scope.spawn(move || {
                or_abort(name, || {
                    let error = WAYS[watcher % WAYS.len()](watching, account, random);
                    assert!(error.is_closed(), "watcher {watcher}: {error}");
                });
            });
        }
        for setter in 0..SETTERS {
            let random = random.stream((WATCHERS + setter) as u64);
            scope.spawn(move || or_abort(name, || arena.set_in_rounds(setter, random)));
        }
        arena.coordinate(Duration::from_secs_f64(seconds), &watchdog);
        // The last data and the end at once: all must still get the one before they see the other.
        arena.value.set(census.citizen(data(SETTERS, u32::MAX.into())));
        arena.value.close();
    });
    let last = arena.value.borrow().map(|citizen| citizen.data());
    assert!(arena.seen.iter().all(|seen| Some(seen.load(Ordering::SeqCst)) == last), "the last data came everywhere");
    assert_eq!((census.alive(), arena.value.watcher_count()), (1, 0));
    drop(arena);
    census.assert_each_was_dropped_once();
    println!("{} made and dropped", census.made());
}

/// Borrowed data is alive, whatever the setters do, and however short or long it is borrowed.
#[test]
fn readers_on_threads_never_see_data_that_was_dropped() {
    let random = Random::new(seed("readers"));
    let _watchdog = Watchdog::start("readers", PATIENCE);
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    thread::scope(|scope| {
        for setter in 0..2 {
            let (value, census, mut random) = (&value, &census, random.stream(setter));
            scope.spawn(move || {
                let mut held: Option<Ref<'_, Citizen>> = None;
                for n in 0..50_000 {
                    value.set(census.citizen(n));
                    if random.one_in(8) {
                        held = value.borrow();
                    }
                    assert!(held.as_ref().is_none_or(|citizen| citizen.data() < 50_000));
                }
            });
        }
        for reader in 2..4 {
            let (value, mut random) = (&value, random.stream(reader));
            scope.spawn(move || {
                let mut held = VecDeque::new();
                let mut newest = Version::INITIAL;
                for _ in 0..50_000 {
                    let borrowed = value.borrow().expect("it is always set");
                    assert!(newest <= borrowed.version(), "{newest} was present before {}", borrowed.version());
                    newest = borrowed.version();
                    held.push_back(borrowed);
                    while held.len() as u64 > random.below(6) {
                        assert!(held.pop_front().is_some_and(|citizen| citizen.data() < 50_000));
                    }
                }
            });
        }
    });
    assert_eq!(census.alive(), 1);
    drop(value);
    census.assert_each_was_dropped_once();
}

/// Each thread waits until the other has set: a wake-up that is lost stops both. One wait in eight parks immediately, the
/// others after a while of any length.
///
/// It goes on for a time and not for a number of rounds, which a busy scheduler could make as long as it likes.
#[test]
fn two_threads_hand_over_to_each_other() {
    const END: u64 = u64::MAX;
    let seconds = from_environment("EVENT_PING_PONG_SECONDS", 3.0);
    let seed = seed("ping-pong");
    let (name, random) = (&format!("ping-pong, EVENT_SEED={seed}"), Random::new(seed));
    let watchdog = Watchdog::start(name, PATIENCE);
    let patience = |player| {
        let mut random = random.stream(player);
        move || if random.one_in(8) { 0 } else { random.below(4000) }
    };
    let (ping, pong) = (MemoryValue::new(), MemoryValue::new());
    let (mut pings, mut pongs) = (ping.watch(), pong.watch());
    thread::scope(|scope| {
        scope.spawn(|| {
            let play = async {
                for round in 0.. {
                    let ping = pings.get().await.unwrap();
                    if ping == END {
                        break;
                    }
                    assert_eq!(ping, round);
                    pong.set(round);
                }
            };
            or_abort(name, || block_on_patiently(play, patience(1)));
        });
        let play = async {
            let (begin, time) = (Instant::now(), Duration::from_secs_f64(seconds));
            let mut rounds = 0;
            while rounds % 64 != 0 || begin.elapsed() < time {
                ping.set(rounds);
                assert_eq!(pongs.get().await.unwrap(), rounds);
                rounds += 1;
                watchdog.progress();
            }
            ping.set(END);
            println!("{rounds} rounds");
        };
        or_abort(name, || block_on_patiently(play, patience(2)));
    });
}
