//! What values in a cluster do when nothing goes wrong, and when they are called wrongly, over real servers.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod bad_input;
mod codecs;
mod fake;
mod gets;
mod maps;
mod options;
mod ranges;
mod secrets;
mod sharing;
mod support;
mod writing;

use event_test_servers::Suite;

fn main() {
    let mut suite = Suite::new("values");
    for (name, test) in [
        gets::TESTS,
        ranges::TESTS,
        maps::TESTS,
        codecs::TESTS,
        options::TESTS,
        writing::TESTS,
        bad_input::TESTS,
        secrets::TESTS,
        sharing::TESTS,
        fake::TESTS,
    ]
    .into_iter()
    .flatten()
    {
        suite = suite.test(*name, *test);
    }
    suite.run();
}
