//! The reporter gets the last number, and then the end.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

#[test]
fn the_reporter_gets_the_last_number_and_then_the_end() {
    let output = Command::new(env!("CARGO_BIN_EXE_on-threads")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let lines: Vec<_> = printed.lines().collect();
    let [.., last, end, hits] = lines.as_slice() else { panic!("{printed}") };
    assert_eq!([*last, *end], ["16 done", "reporter: the value is closed"], "{printed}");
    assert!(hits.ends_with(" hits"), "{printed}");
}
