//! Random programs whose user code panics and comes back in.
//!
//! `EVENT_SEED` replays a run, `EVENT_CASES` (2,000) says how many programs it has. A program that fails is shortened before it is shown.

extern crate alloc;

mod program;

use event_tests::seed::seed;
use event_tests::watchdog::Watchdog;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestRunner};

#[test]
fn whatever_user_code_does_nothing_is_lost() {
    let cases = std::env::var("EVENT_CASES").map_or(2_000, |text| text.parse().expect("EVENT_CASES is a number"));
    let seed = seed("unruly programs");
    let name = format!("unruly programs, EVENT_SEED={seed}");
    let watchdog = Watchdog::start(name, core::time::Duration::from_secs(180));
    let rng_seed = RngSeed::Fixed(seed);
    let config = Config { cases, rng_seed, failure_persistence: None, max_shrink_time: 120_000, ..Config::default() };
    let ran = TestRunner::new(config).run(&vec(any::<u8>(), 1..600), |script| {
        watchdog.progress();
        program::run(&script);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}

/// While one of three `set_sync` was polled, user code began a fourth.
#[test]
fn more_waits_than_usual() {
    program::run(&[13, 0, 16, 0, 16, 0, 16, 0, 18, 0, 0, 0, 0, 0, 192, 0, 16, 0, 16, 0, 16, 0, 16]);
}
