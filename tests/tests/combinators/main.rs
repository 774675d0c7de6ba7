//! Combinators: each in random programs against a plainly sequential reference, and by hand where that says more.
//!
//! `EVENT_SEED` replays a run, `EVENT_CASES` (1,000) says how many programs there are for each combinator.

extern crate alloc;

mod backends;
mod clock;
#[path = "../random_program/digits.rs"]
mod digits;
#[allow(dead_code, reason = "trees of many are for the random programs")]
mod expression;
#[allow(dead_code, reason = "what only memory watchers can do is for the random programs")]
#[path = "../random_program/model.rs"]
mod model;
mod panics;
mod program;
mod reference;
mod step;
mod time_lines;
mod tuples;
#[allow(dead_code, reason = "what has ended is replaced in the random programs")]
mod watching;

use event_tests::seed::seed;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use expression::Expression::{self, *};
use program::{VALUES, run};
use step::Step;

/// Runs random programs about watchers that are made in this way, or in one of these ways.
fn agrees(name: &str, expressions: impl IntoIterator<Item = Expression>) {
    let cases = std::env::var("EVENT_CASES").map_or(1_000, |text| text.parse().expect("EVENT_CASES is a number"));
    let seed = seed(name);
    for expression in expressions {
        let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
        let ran = TestRunner::new(config).run(&vec(Step::any(), 1..120), |steps| {
            run(&expression, &steps);
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{expression:?}: {error}");
        }
    }
}

fn leaf() -> Box<Expression> {
    Box::new(Leaf(0))
}

/// A watcher that many programs leave without data for long.
fn rare() -> Box<Expression> {
    Box::new(Filter(Box::new(Leaf(1))))
}

#[test]
fn map_does_what_the_reference_does() {
    agrees("map", [Map(leaf()), Map(rare())]);
}

#[test]
fn filter_does_what_the_reference_does() {
    agrees("filter", [Filter(leaf()), Filter(Box::new(Map(leaf())))]);
}

#[test]
fn filter_map_does_what_the_reference_does() {
    agrees("filter_map", [FilterMap(leaf()), FilterMap(rare())]);
}

#[test]
fn inspect_does_what_the_reference_does() {
    agrees("inspect", [Inspect(leaf()), Inspect(Box::new(Map(leaf()))), Dedup(Box::new(Inspect(leaf())))]);
}

#[test]
fn dedup_does_what_the_reference_does() {
    agrees("dedup", [Dedup(leaf()), Dedup(Box::new(Map(leaf())))]);
}

#[test]
fn dedup_by_key_does_what_the_reference_does() {
    agrees("dedup_by_key", [DedupByKey(leaf()), DedupByKey(Box::new(Map(leaf())))]);
}

#[test]
fn switch_map_does_what_the_reference_does() {
    agrees("switch_map", [SwitchMap(leaf(), [1, 2].into()), SwitchMap(leaf(), [0, 1, 2].into())]);
}

#[test]
fn combine_does_what_the_reference_does() {
    let three = (0..VALUES).map(Leaf).collect();
    agrees("combine", [Combine(vec![Leaf(0), Leaf(1)]), Combine(three), Combine(vec![*rare(), Leaf(1)])]);
}

#[test]
fn select_does_what_the_reference_does() {
    let three = (0..VALUES).map(Leaf).collect();
    agrees("select", [Select(vec![Leaf(0), Leaf(1)]), Select(three), Select(vec![*rare(), Leaf(1)])]);
}

#[test]
fn watch_fn_does_what_the_reference_does() {
    agrees("watch_fn", [WatchFn(leaf()), WatchFn(Box::new(Combine(vec![Leaf(0), Leaf(1)])))]);
}

#[test]
fn share_does_what_the_reference_does() {
    agrees("share", [Share(leaf()), Share(rare())]);
}

#[test]
fn debounce_does_what_the_reference_does() {
    agrees("debounce", (0..5).map(|quiet| Debounce(leaf(), quiet)));
    agrees("debounce, of few", [Debounce(rare(), 3)]);
}

#[test]
fn throttle_does_what_the_reference_does() {
    agrees("throttle", (0..5).map(|period| Throttle(leaf(), period)));
    agrees("throttle, of few", [Throttle(rare(), 3)]);
}

#[test]
fn sample_does_what_the_reference_does() {
    agrees("sample", (1..5).map(|period| Sample(leaf(), period)));
    agrees("sample, of few", [Sample(rare(), 3)]);
}
