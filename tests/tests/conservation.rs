//! What is replaced comes back to whoever replaced it, once, however many threads replace at the same time.

use core::iter;
use std::thread;

use event_core::MemoryValue;

const THREADS: u64 = 4;
const TIMES: u64 = 10_000;

/// Each number is set once; all but the last one have to come back, whoever they come back to.
fn comes_back_once(replace: impl Fn(&MemoryValue<u64>, u64) -> Option<u64> + Sync) {
    let value = MemoryValue::new();
    let mut back: Vec<u64> = thread::scope(|scope| {
        let all: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (value, replace) = (&value, &replace);
                let numbers = (0..TIMES).map(move |n| n * THREADS + thread);
                scope.spawn(move || numbers.filter_map(|number| replace(value, number)).collect::<Vec<_>>())
            })
            .collect();
        all.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    });
    back.extend(value.load());
    back.sort_unstable();
    assert!(back.iter().copied().eq(0..THREADS * TIMES), "{} of {} came back", back.len(), THREADS * TIMES);
}

#[test]
fn v1_what_replace_replaces_comes_back_once() {
    comes_back_once(MemoryValue::replace);
}

#[test]
fn v1_what_swap_replaces_comes_back_once() {
    comes_back_once(|value, number| value.swap(number).map(|before| *before));
}

#[test]
fn v1_what_a_channel_replaces_comes_back_once() {
    comes_back_once(|value, number| value.replace_then(number, || {}).expect("it is open").map(|before| *before));
}

#[test]
fn v1_what_a_transition_takes_comes_back_once() {
    comes_back_once(|value, number| value.transition(|before| (Some(number), before.copied())).0);
}

#[test]
fn v1_no_compare_and_set_overlooks_another() {
    let value = MemoryValue::with_value(0_u64);
    let sets: u64 = thread::scope(|scope| {
        let count = || iter::repeat_with(|| add_one(&value)).take(TIMES as usize).filter(|&done| done).count() as u64;
        let all: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
        all.into_iter().map(|thread| thread.join().expect("it does not panic")).sum()
    });
    assert_eq!(value.load(), Some(sets), "each that said that it was done has added one");
}

/// Whether nobody else was faster.
fn add_one(value: &MemoryValue<u64>) -> bool {
    let present = value.borrow().expect("it is always set");
    value.compare_and_set(present.version(), *present + 1).is_ok()
}
