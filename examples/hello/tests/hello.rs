//! The README shows this program, and it does what the README says.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// The only program in the README.
fn shown() -> &'static str {
    let (_, rest) = README.split_once("```rust\n").expect("the README shows a program");
    let (program, rest) = rest.split_once("```\n").expect("the program ends");
    assert!(!rest.contains("```rust"), "the README shows another program, which nothing compiles");
    program
}

#[test]
fn the_readme_shows_the_program_as_it_is() {
    assert_eq!(shown(), include_str!("../src/main.rs"));
}

#[test]
fn the_program_prints_what_its_comments_say() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello")).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let expected = ["now at 192.0.2.77", "the get was cancelled", "now at 192.0.2.99", "no more: the value is closed"];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}
