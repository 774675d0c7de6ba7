//! The program does what its keys promise, where the output is not a terminal.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// No step of the test comes near this. It is what makes a failure of a hang.
const HANGS: Duration = Duration::from_secs(60);

struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_supervised"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // If nobody wants it any more, the test has ended.
                _ = send.send(line.expect("it prints text"));
            }
        });
        Self { child, lines }
    }

    fn press(&mut self, key: &str) {
        let keys = self.child.stdin.as_mut().expect("it is piped");
        writeln!(keys, "{key}").expect("it reads");
    }

    /// Waits for a transition that contains this. If the program ends before, the test fails.
    fn expect(&mut self, transition: &str) {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(HANGS) {
                Ok(line) if line.contains(transition) => break,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no {transition:?} ({error}), but {seen:#?}"),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn parts_fail_and_are_restarted_when_a_key_is_pressed() {
    let mut program = Program::start();
    program.expect("station: new -> healthy");
    program.press("s");
    program.expect("station.sensor: healthy -> dead, last error: the sensor does not answer");
    program.expect("station.smoother: healthy -> cancelled");
    program.expect("station.smoother: new -> healthy, restarted once");
    program.press("p");
    program.expect("station.smoother: healthy -> dead, restarted once, last error: panicked: cannot smooth");
    program.expect("station.smoother: new -> healthy, restarted 2 times");
    program.press("c");
    program.expect("station.clock: healthy -> cancelled");
    program.press("c");
    program.expect("station.clock: new -> healthy");
    program.press("r");
    program.expect("station.sensor: healthy -> cancelled, restarted 2 times");
    program.expect("station.smoother: new -> healthy, restarted 3 times");
    program.press("u");
    program.expect("station.net.upload: new -> healthy, restarted once, last error: the server hung up");
    program.press("q");
    program.expect("station: healthy -> cancelled");
    assert!(program.child.wait().expect("it has ended").success());
}
