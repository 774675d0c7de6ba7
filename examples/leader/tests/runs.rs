//! What the README says can be run.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

#[test]
fn the_demonstration_elects_another_leader_when_one_is_cut_off() {
    let output = Command::new(env!("CARGO_BIN_EXE_leader")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let leads = |line: &&str| line.ends_with(": leader");
    let stops = |line: &&str| line.ends_with(": no leader any more");
    fn name(line: &str) -> Option<&str> {
        line.split_once(" s  ")?.1.split(':').next()
    }
    // Between two that begin to lead, one stops.
    let events: Vec<_> = printed.lines().filter(|line| leads(line) || stops(line)).collect();
    assert!(events.len() >= 5, "{printed}");
    assert!(events.iter().step_by(2).all(leads) && events.iter().skip(1).step_by(2).all(stops), "{printed}");
    assert_eq!(name(events[0]), name(events[1]), "the one that leads stops: {printed}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_leader")).arg("one").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage"));
}
