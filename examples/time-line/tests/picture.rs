//! The picture in `docs` is the one that the program draws.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

#[test]
fn the_picture_is_what_the_program_draws() {
    let output = Command::new(env!("CARGO_BIN_EXE_time-line")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let drawn = String::from_utf8(output.stdout).expect("it prints text");
    assert!(
        drawn == include_str!("../../../docs/time-line.svg"),
        "the picture is out of date: cargo run -p time-line > docs/time-line.svg"
    );
}
