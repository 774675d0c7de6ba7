//! Random programs over values, handles, watchers and borrows, step by step against a model that is plainly sequential.
//!
//! `EVENT_SEED` replays a run, `EVENT_CASES` (5,000) says how many programs it has. A program that fails is shortened
//! before it is shown.

extern crate alloc;

mod model;
mod program;
mod step;

use event_tests::seed::seed;
use event_tests::watchdog::Watchdog;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use program::run;
use step::Step;

#[test]
fn random_programs_do_what_the_model_does() {
    let cases = std::env::var("EVENT_CASES").map_or(5_000, |text| text.parse().expect("EVENT_CASES is a number"));
    let seed = seed("random programs");
    let watchdog = Watchdog::start(format!("random programs, EVENT_SEED={seed}"), core::time::Duration::from_secs(60));
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&vec(Step::any(), 1..120), |steps| {
        watchdog.progress();
        run(&steps);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}
