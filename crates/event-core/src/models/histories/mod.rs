//! Linearizability: what several threads did and saw has an order that the sequential specification allows.
//!
//! Random programs under random schedules of shuttle, and on real threads. The seed of a program that fails is printed.

mod program;
mod spec;

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use self::program::{Access, Hand, Op, Program, perform};
use self::spec::{Spec, is_linearizable};
use super::{Census, Effort, explore, thread};

/// Runs the program of this seed, and judges its history.
fn history(seed: u64) {
    let program = Program::any(seed);
    let census = Census::new();
    let start = program.start.map(|start| census.citizen(start));
    let accesses = Access::of_each(program.ops.len(), start, program.only_one_produces);
    let clock = alloc::sync::Arc::new(AtomicU64::new(0));
    let hands: Vec<_> = accesses.into_iter().map(|access| Hand::new(access, &census)).collect();
    let threads: Vec<_> = hands
        .into_iter()
        .zip(program.ops)
        .enumerate()
        .map(|(thread, (mut hand, ops))| {
            let clock = alloc::sync::Arc::clone(&clock);
            thread::spawn(move || {
                let events = perform(thread, &mut hand, &ops, &clock);
                (hand, events)
            })
        })
        .collect();
    let (mut hands, mut events) = (Vec::new(), Vec::new());
    for thread in threads {
        let (hand, done) = thread.join().unwrap();
        hands.push(hand);
        events.extend(done);
    }
    events.extend(perform(0, &mut hands[0], &[Op::IsClosed, Op::Version, Op::Borrow], &clock));
    events.sort_by_key(|event| event.from);
    for hand in hands {
        assert!(hand.was_woken_if_need_be(), "seed {seed}: a wake-up is lost in {events:#?}");
    }
    let start = Spec::new(program.start);
    assert!(is_linearizable(start, &events), "seed {seed}: no order explains {events:#?} from {start:?}");
    assert_eq!(census.alive(), 0, "seed {seed}: data is leaked");
}

/// The environment variable that replays one program, under as many schedules as there would be programs.
const VARIABLE: &str = "EVENT_SEED";

#[test]
fn histories_are_linearizable() {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let replayed = std::env::var(VARIABLE).ok().map(|text| text.parse::<u64>().expect("a seed is a number"));
    // As good as any number that differs each time.
    let first = u64::from(std::process::id()) << 32;
    std::println!("seeds from {first} on; {VARIABLE}=.. replays one");
    explore(Effort { preemptions: 0, at_least: 0 }, move || {
        // Ordering: Relaxed. Each number is taken once.
        history(replayed.unwrap_or_else(|| first + NEXT.fetch_add(1, Ordering::Relaxed)));
    });
}
