//! A driver that rests while nobody watches: random programs beside a reference, and by hand what they do not ask.

use core::task::Poll;
use core::time::Duration;

use event_core::prelude::*;
use event_core::{MemoryReader, MemoryValue, MemoryWatcher, Timer, WhileWatched};
use event_tests::by_hand::{Task, panics};
use event_tests::seed::seed;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::clock::Clock;
use crate::digits::Digits;
use crate::model::{self, Found};

#[derive(Clone, Copy, Debug)]
enum Step {
    Set {
        data: u64,
    },
    CloseSource,
    CloseShared,
    Watch,
    DropWatcher {
        number: usize,
    },
    Get {
        number: usize,
    },
    Read,
    DropReader,
    DropHandle,
    Advance {
        seconds: u64,
    },
    /// Polls the driver if it was woken.
    Run,
}

impl Step {
    fn cut_from(digits: &mut Digits) -> Self {
        let (kind, number) = (digits.below(64), digits.below(8));
        match kind {
            0..10 => Self::Set { data: number.into() },
            10 => Self::CloseSource,
            11 => Self::CloseShared,
            12..18 => Self::Watch,
            18..28 => Self::DropWatcher { number: number as usize },
            28..34 => Self::Get { number: number as usize },
            34 => Self::Read,
            35 | 36 => Self::DropReader,
            37 => Self::DropHandle,
            38..48 => Self::Advance { seconds: number.into() },
            _ => Self::Run,
        }
    }
}

/// The driver, its value and what uses it, as plainly as it can be.
struct Reference {
    source: model::Value,
    shared: model::Value,
    watcher: model::Watcher,
    linger: u64,
    is_resting: bool,
    rests_from: Option<u64>,
    has_ended: bool,
}

impl Reference {
    fn new(linger: u64) -> Self {
        let source = model::Value::default();
        let watcher = model::Watcher::new(&source);
        let shared = model::Value::default();
        Self { source, shared, watcher, linger, is_resting: true, rests_from: None, has_ended: false }
    }

    fn run(&mut self, now: u64, watchers: usize, others: usize) {
        if self.has_ended {
            return;
        }
        self.has_ended = self.shared.closed || watchers + others == 0;
        if watchers != 0 {
            (self.is_resting, self.rests_from) = (false, None);
        } else if !self.is_resting {
            let rests_from = *self.rests_from.get_or_insert(now + self.linger);
            self.is_resting = rests_from <= now;
            self.rests_from = Some(rests_from).filter(|_| !self.is_resting);
        }
        while !self.is_resting && !self.has_ended {
            match self.watcher.get(&self.source, |_| true) {
                Found::Data(data) => _ = self.shared.set(data),
                Found::Closed => self.has_ended = true,
                _ => break,
            }
        }
        if self.has_ended {
            self.shared.close();
        }
    }
}

type Shared = (MemoryWatcher<u64>, model::Watcher);

struct Program {
    reference: Reference,
    source: MemoryValue<u64>,
    driver: Option<WhileWatched<MemoryWatcher<u64>, Clock>>,
    task: Task,
    wakes: Option<usize>,
    clock: Clock,
    handle: Option<MemoryValue<u64>>,
    reader: Option<MemoryReader<u64>>,
    watchers: Vec<Shared>,
}

impl Program {
    fn new(linger: u64) -> Self {
        let (source, clock) = (MemoryValue::new(), Clock::default());
        let (shared, driver) = source.watch().share();
        Self {
            reference: Reference::new(linger),
            driver: Some(driver.while_watched(clock.clone(), Duration::from_secs(linger))),
            source,
            task: Task::new(),
            wakes: None,
            clock,
            handle: Some(shared),
            reader: None,
            watchers: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        let reference = &mut self.reference;
        let number = |number: usize| number.checked_rem(self.watchers.len());
        match step {
            Step::Set { data } => {
                self.source.set(data);
                reference.source.set(data);
            }
            Step::CloseSource => {
                self.source.close();
                reference.source.close();
            }
            Step::CloseShared => {
                if let Some(handle) = &self.handle {
                    handle.close();
                    reference.shared.close();
                }
            }
            Step::Watch => {
                let made = self.handle.as_ref().map(MemoryValue::watch);
                if let Some(watcher) = made.or_else(|| self.reader.as_ref().map(MemoryReader::watch)) {
                    self.watchers.push((watcher, model::Watcher::new(&reference.shared)));
                }
            }
            Step::DropWatcher { number: of } => _ = number(of).map(|number| self.watchers.swap_remove(number)),
            Step::Get { number: of } => {
                let Some(number) = number(of) else { return };
                let (watcher, model) = &mut self.watchers[number];
                let expected = model.get(&reference.shared, |_| true);
                match (watcher.try_get(), expected) {
                    (Ok(data), Found::Data(expected)) => assert_eq!(data, expected),
                    (Err(error), Found::Closed) if error.is_closed() => {}
                    (Err(error), Found::Nothing) if error.is_backlog_done() => {}
                    (got, _) => panic!("{got:?} instead of {expected:?}"),
                }
            }
            Step::Read => self.reader = self.handle.as_ref().map(MemoryValue::reader),
            Step::DropReader => self.reader = None,
            Step::DropHandle => self.handle = None,
            Step::Advance { seconds } => self.clock.advance(seconds),
            Step::Run => self.run(),
        }
    }

    /// The real one is polled only if it was woken. The reference looks in any case.
    fn run(&mut self) {
        let others = usize::from(self.handle.is_some()) + usize::from(self.reader.is_some());
        self.reference.run(self.clock.now(), self.watchers.len(), others);
        if let Some(driver) = self.driver.as_mut().filter(|_| self.wakes != Some(self.task.wakes())) {
            self.wakes = Some(self.task.wakes());
            if let Poll::Ready(ended) = self.task.poll(driver) {
                ended.expect("memory values do not fail");
                self.driver = None;
            }
        }
        assert_eq!(self.driver.is_none(), self.reference.has_ended, "it has ended");
        // By what is there already: another handle would wake the driver when it is dropped.
        let of_handle = self.handle.as_ref().map(|handle| (handle.load(), handle.is_closed()));
        let of_watchers = self.watchers.iter().map(|(watcher, _)| (watcher.load(), watcher.is_closed()));
        for looked_at in of_handle.into_iter().chain(of_watchers) {
            assert_eq!(looked_at, (self.reference.shared.data, self.reference.shared.closed));
        }
        let lingers = self.driver.is_some() && self.reference.rests_from.is_some();
        assert_eq!(self.clock.sleeping(), usize::from(lingers), "sleeps");
        assert_eq!(self.source.watcher_count(), usize::from(self.driver.is_some()));
    }
}

#[test]
fn while_watched_does_what_the_reference_does() {
    let cases = std::env::var("EVENT_CASES").map_or(1_000, |text| text.parse().expect("EVENT_CASES is a number"));
    let seed = seed("while_watched");
    for linger in 0..5 {
        let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
        let step = any::<u64>().prop_map(|number| Step::cut_from(&mut Digits(number)));
        let ran = TestRunner::new(config).run(&vec(step, 1..120), |steps| {
            let mut program = Program::new(linger);
            program.run();
            for step in steps {
                program.step(step);
            }
            program.run();
            let Program { task, driver, clock, watchers, .. } = program;
            drop((driver, watchers));
            assert_eq!((task.stored_wakers(), clock.sleeping()), (0, 0), "something is left");
            Ok(())
        });
        if let Err(error) = ran {
            panic!("linger {linger}: {error}");
        }
    }
}

#[test]
fn a_driver_that_rests_is_woken_at_most_once_by_what_is_set() {
    let (task, clock, value) = (Task::new(), Clock::default(), MemoryValue::new());
    let (shared, driver) = value.watch().share();
    let mut driver = driver.while_watched(clock.clone(), Duration::from_secs(3));
    assert!(task.poll(&mut driver).is_pending());
    value.set(1);
    assert_eq!(task.wakes(), 0, "it has not polled its watcher");
    let watcher = shared.watch();
    assert!(task.poll(&mut driver).is_pending());
    drop(watcher);
    assert!(task.poll(&mut driver).is_pending());
    clock.advance(3);
    assert!(task.poll(&mut driver).is_pending());
    let wakes = task.wakes();
    for n in 2..100 {
        value.set(n);
        assert!(task.wakes() <= wakes + 1);
        assert!(task.poll(&mut driver).is_pending());
    }
    assert_eq!(shared.load(), Some(1));
    let mut watcher = shared.watch();
    assert!(task.wakes() > wakes);
    assert!(task.poll(&mut driver).is_pending());
    assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(99))));
}

#[test]
fn a_driver_whose_watcher_always_has_something_rests_as_well() {
    let (task, clock) = (Task::new(), Clock::default());
    let (flood, asked) = crate::backends::endless();
    let (shared, driver) = flood.share();
    let mut driver = driver.while_watched(clock.clone(), Duration::from_secs(3));
    let watcher = shared.watch();
    assert!(task.poll(&mut driver).is_pending() && asked.get() > 0);
    drop(watcher);
    assert!(task.poll(&mut driver).is_pending());
    clock.advance(3);
    asked.set(0);
    assert!(task.poll(&mut driver).is_pending());
    assert_eq!(asked.get(), 0);
}

#[test]
fn a_panic_of_the_timer_or_of_what_is_driven_leaves_the_driver_usable() {
    let (task, clock, value) = (Task::new(), Clock::default(), MemoryValue::with_value(1));
    let panicking = core::cell::Cell::new(true);
    let once = || assert!(!panicking.replace(false), "told to");
    let (shared, driver) = value.watch().inspect(|_| once()).share();
    let mut driver = driver.while_watched(
        |seconds| {
            once();
            clock.sleep(seconds)
        },
        Duration::from_secs(3),
    );
    let watcher = shared.watch();
    assert!(panics(|| task.poll(&mut driver)));
    assert!(task.poll(&mut driver).is_pending());
    assert_eq!(shared.load(), Some(1));
    drop(watcher);
    panicking.set(true);
    assert!(panics(|| task.poll(&mut driver)));
    assert!(task.poll(&mut driver).is_pending());
    value.set(2);
    assert!(task.poll(&mut driver).is_pending());
    assert_eq!(shared.load(), Some(2), "it lingers");
    clock.advance(3);
    value.set(3);
    assert!(task.poll(&mut driver).is_pending());
    assert_eq!(shared.load(), Some(2), "it rests");
    drop(driver);
    assert!(shared.is_closed());
}
