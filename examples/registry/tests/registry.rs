//! The program without a terminal.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends the program with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn without_a_terminal_it_says_so_and_prints_changes() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registry"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut program = Program(command.spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    assert!(first.contains("not a terminal") && first.contains("Ctrl-C"), "{first}");
    let changes: Vec<_> = lines.by_ref().take(10).collect();
    assert!(changes.iter().all(|line| line.contains(" is at 192.0.2.") || line.ends_with(" has left")), "{changes:?}");

    #[cfg(unix)]
    {
        let id = program.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(program.0.wait().unwrap().success(), "Ctrl-C ends it, and that is no failure");
    }
    // Its lines may end while nobody reads them: that is no failure either.
    drop(lines);
}
