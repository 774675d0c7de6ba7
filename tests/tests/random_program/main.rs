//! Random programs over values, handles, watchers, borrows and combinators, step by step against a model that is plainly
//! sequential.
//!
//! `EVENT_SEED` replays a run, `EVENT_CASES` (5,000) says how many programs it has, and how many thousandths of that are
//! long. A program that fails is shortened before it is shown.

extern crate alloc;

#[path = "../combinators/clock.rs"]
mod clock;
mod derived;
mod digits;
#[path = "../combinators/expression.rs"]
mod expression;
mod model;
mod program;
#[path = "../combinators/reference.rs"]
mod reference;
mod step;
#[path = "../combinators/watching.rs"]
mod watching;

use event_tests::seed::seed;
use event_tests::watchdog::Watchdog;
use proptest::collection::{SizeRange, vec};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use program::run;
use step::Step;

fn programs(name: &str, of_a_thousand: u32, steps: impl Into<SizeRange>) {
    let cases = std::env::var("EVENT_CASES").map_or(5_000, |text| text.parse().expect("EVENT_CASES is a number"));
    let cases = (cases * of_a_thousand / 1_000).max(1);
    let seed = seed(name);
    let watchdog = Watchdog::start(format!("{name}, EVENT_SEED={seed}"), core::time::Duration::from_secs(180));
    // Long programs are shortened for two minutes at most.
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&vec(Step::any(), steps), |steps| {
        watchdog.progress();
        run(&steps);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}

#[test]
fn random_programs_do_what_the_model_does() {
    programs("random programs", 1_000, 1..120);
}

#[test]
fn random_programs_of_ten_thousand_steps_do_what_the_model_does() {
    programs("long random programs", 1, 10_000);
}
