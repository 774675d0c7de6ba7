//! What the lines look like.

use std::ffi::OsStr;

use crate::program::hosts::directory;
use crate::program::process::Example;

#[test]
fn each_line_begins_with_the_time_and_fits_80_columns() {
    let directory = directory();
    let hosts = directory.path().join("a file with so long a name that it would not fit on the line beside the names");
    let options =
        ["--simulate", "--exit-after-script", "--step", "50", "--slow", "20", "--crash-after", "0.1", "--hosts"];
    let finished = Example::start(options.map(OsStr::new).into_iter().chain([hosts.as_os_str()])).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    let mut before = 0.0;
    for line in finished.stdout.lines() {
        // Only a path may be longer than what is left of the line, and this one has spaces in it.
        assert!(line.chars().count() <= 80 || !line[16..].contains(' '), "{line:?} in\n{finished}");
        if line.starts_with("                ") {
            continue;
        }
        let seconds = line.split(' ').next().and_then(|time| time.strip_prefix('+')?.strip_suffix('s'));
        let seconds: f64 = seconds.unwrap_or_else(|| panic!("no time in {line:?}")).parse().unwrap();
        // Threads may overtake each other by a little.
        assert!(seconds + 60.0 >= before, "{finished}");
        before = seconds;
    }
    assert!(before >= 1.0, "two pauses of half a second at least: {finished}");
    assert!(finished.stdout.lines().any(|line| line.starts_with("                ")), "one was broken: {finished}");
}
