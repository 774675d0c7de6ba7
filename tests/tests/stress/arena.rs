//! Rounds of setting, until what was set last has arrived everywhere.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Barrier;
use std::thread::{self, Thread};
use std::time::Instant;

use event_core::MemoryValue;
use event_tests::census::{Census, Citizen};
use event_tests::seed::Random;
use event_tests::watchdog::Watchdog;

pub(crate) const SETTERS: usize = 4;
pub(crate) const WATCHERS: usize = 16;

/// Rounds: all setters set a few times, then all watchers must have looked at the newest data.
pub(crate) struct Arena {
    pub(crate) value: MemoryValue<Citizen>,
    pub(crate) census: Census,
    /// Passed by the setters and the coordinator before a round and after its sets.
    gate: Barrier,
    over: AtomicBool,
    /// What each watcher has looked at last.
    pub(crate) seen: [AtomicU64; WATCHERS],
    /// What was set last, once a round's sets are done.
    pub(crate) newest: AtomicU64,
    pub(crate) coordinator: Thread,
}

/// Data says who set it and as which of theirs. The coordinator counts as another setter.
pub(crate) fn data(setter: usize, number: u64) -> u64 {
    (setter as u64) << 56 | number
}

pub(crate) fn setter_and_number(data: u64) -> (usize, u64) {
    ((data >> 56) as usize, data & ((1 << 56) - 1))
}

impl Arena {
    /// This thread will coordinate.
    pub(crate) fn new(census: Census) -> Self {
        Self {
            value: MemoryValue::new(),
            census,
            gate: Barrier::new(SETTERS + 1),
            over: AtomicBool::new(false),
            seen: [const { AtomicU64::new(0) }; WATCHERS],
            newest: AtomicU64::new(0),
            coordinator: thread::current(),
        }
    }

    /// For the thread that made the arena.
    pub(crate) fn coordinate(&self, duration: Duration, watchdog: &Watchdog) {
        let start = Instant::now();
        let mut rounds = 0_u64;
        while start.elapsed() < duration {
            self.gate.wait();
            self.gate.wait();
            if !self.value.is_set() {
                self.value.set(self.census.citizen(data(SETTERS, rounds + 1)));
            }
            self.await_newest();
            watchdog.progress();
            rounds += 1;
        }
        self.over.store(true, Ordering::SeqCst);
        self.gate.wait();
        println!("{rounds} rounds, {} versions", self.value.version());
    }

    /// Waits until what is present has arrived everywhere.
    fn await_newest(&self) {
        let newest = self.value.borrow().expect("it was set").data();
        self.newest.store(newest, Ordering::SeqCst);
        while !self.seen.iter().all(|seen| seen.load(Ordering::SeqCst) == newest) {
            thread::park();
        }
    }

    pub(crate) fn set_in_rounds(&self, setter: usize, mut random: Random) {
        let mut number = 0;
        loop {
            self.gate.wait();
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            for _ in 0..random.below(40) {
                number += 1;
                self.set_somehow(data(setter, number), &mut random);
            }
            self.gate.wait();
        }
    }

    fn set_somehow(&self, data: u64, random: &mut Random) {
        let value = &self.value;
        let citizen = || self.census.citizen(data);
        match random.below(16) {
            0 => drop(value.replace(citizen())),
            1 => _ = value.update(|present| *present = citizen()),
            2 => drop(value.compare_and_set(value.version(), citizen())),
            3 => _ = value.set_if_not_eq(citizen()),
            4 => value.clear(),
            5 => {
                let held = value.borrow();
                value.set(citizen());
                drop(held);
            }
            _ => _ = value.set(citizen()),
        }
    }
}
