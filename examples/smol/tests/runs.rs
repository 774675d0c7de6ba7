//! Whatever the display skips, both consumers see the newest reading and the end.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

#[test]
fn both_consumers_see_the_newest_reading_and_the_end() {
    let output = Command::new(env!("CARGO_BIN_EXE_on-smol")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let lines: Vec<_> = printed.lines().collect();
    let newest =
        |of: &[&str], unlike: &str| of.iter().rev().find(|line| !line.contains(unlike)).map(|line| (*line).to_owned());
    let readings: Vec<_> = lines.iter().copied().filter(|line| line.ends_with("degrees")).collect();
    let alarms: Vec<_> = lines.iter().copied().filter(|line| line.starts_with("alarm: ")).collect();
    assert_eq!(readings.last(), Some(&"36.5 degrees"), "{printed}");
    assert_eq!(newest(&alarms, "closed").as_deref(), Some("alarm: on"), "{printed}");
    assert!(
        lines.contains(&"display: the value is closed") && lines.contains(&"alarm: the value is closed"),
        "{printed}"
    );
}
