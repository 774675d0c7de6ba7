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
mod many;
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
mod while_watched;

use event_tests::seed::seed;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use expression::Expression::{self, *};
use expression::Parts::{Array, Tuple, Vector};
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
    let pairs = [Tuple(vec![Leaf(0), Leaf(1)]), Tuple(three), Tuple(vec![*rare(), Leaf(1)])];
    agrees("combine", pairs.map(Combine));
}

#[test]
fn select_does_what_the_reference_does() {
    let three = (0..VALUES).map(Leaf).collect();
    let pairs = [Tuple(vec![Leaf(0), Leaf(1)]), Tuple(three), Tuple(vec![*rare(), Leaf(1)])];
    agrees("select", pairs.map(Select));
}

/// Of several kinds, those with a time among them, so that they are woken by several things. Some watch the same value.
fn many() -> Vec<Expression> {
    let held = [Debounce(leaf(), 2), MapLatest(Box::new(Leaf(2)), 1), Sample(Box::new(Leaf(1)), 2)];
    (0..VALUES).chain(0..VALUES).map(Leaf).chain([*rare()]).chain(held).collect()
}

#[test]
fn combine_of_an_array_or_a_vector_does_what_the_reference_does() {
    let pair = || vec![Leaf(0), *rare()];
    agrees("combine, array", [Combine(Array(pair())), Combine(Array(vec![Leaf(0), Leaf(1), Leaf(2)]))]);
    agrees("combine, vector", [pair(), vec![], vec![Leaf(0)], many()].map(|parts| Combine(Vector(parts))));
}

#[test]
fn select_of_an_array_or_a_vector_does_what_the_reference_does() {
    let pair = || vec![Leaf(0), *rare()];
    agrees("select, array", [Select(Array(pair())), Select(Array(vec![Leaf(0), Leaf(1), Leaf(2)]))]);
    agrees("select, vector", [pair(), vec![], vec![Leaf(0)], many()].map(|parts| Select(Vector(parts))));
}

#[test]
fn scan_does_what_the_reference_does() {
    agrees("scan", [Scan(leaf()), Scan(rare()), Dedup(Box::new(Scan(leaf())))]);
}

#[test]
fn optional_does_what_the_reference_does() {
    let beside = Combine(Tuple(vec![Leaf(0), Optional(rare())]));
    agrees("optional", [Optional(leaf()), Optional(rare()), beside, Optional(Box::new(MapLatest(leaf(), 2)))]);
}

#[test]
fn map_latest_does_what_the_reference_does() {
    agrees("map_latest", (0..4).map(|takes| MapLatest(leaf(), takes)));
    let of_two = Select(Vector(vec![Leaf(0), Leaf(1)]));
    agrees("map_latest, of few, of two", [MapLatest(rare(), 2), MapLatest(Box::new(of_two), 1)]);
    agrees("map_latest, sampled", [Sample(Box::new(MapLatest(leaf(), 2)), 1)]);
}

#[test]
fn watch_fn_does_what_the_reference_does() {
    agrees("watch_fn", [WatchFn(leaf()), WatchFn(Box::new(Combine(Tuple(vec![Leaf(0), Leaf(1)]))))]);
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
fn debounce_at_most_does_what_the_reference_does() {
    let pairs = (0..4).flat_map(|quiet| (0..6).map(move |at_most| (quiet, at_most)));
    agrees("debounce, at most", pairs.map(|(quiet, at_most)| DebounceAtMost(leaf(), quiet, at_most)));
    let of_two = Box::new(Select(Tuple(vec![Leaf(0), Leaf(1)])));
    agrees("debounce, at most, of two", [DebounceAtMost(of_two, 2, 3), DebounceAtMost(rare(), 3, 4)]);
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
