//! The job is never slowed down by what shows it, and the last step is shown.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

#[test]
fn the_job_ends_and_was_shown_less_often_than_it_has_steps() {
    let output = Command::new(env!("CARGO_BIN_EXE_progress-bar")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let lines: Vec<_> = printed.lines().collect();
    let times = lines.last().and_then(|line| line.strip_prefix("200000 steps, shown ")?.strip_suffix(" times"));
    let times: u32 = times.and_then(|times| times.parse().ok()).unwrap_or_else(|| panic!("{printed}"));
    assert!((1..200_000).contains(&times), "{printed}");
}
