//! The program in a terminal of the test's own: it draws a table, and `q` and Ctrl-C end it.

#![cfg(target_os = "linux")]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// No step of a test comes near this. It is what makes a failure of a hang.
const HANGS: Duration = Duration::from_secs(60);

/// Switches to another screen, and back.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

struct Program {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    /// What it has printed so far.
    text: String,
}

impl Program {
    fn start() -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let other_end = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
        tcsetwinsize(&other_end, Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || other_end.try_clone().unwrap();
        let child =
            Command::new(env!("CARGO_BIN_EXE_registry")).stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keys = File::from(terminal);
        let mut screen = keys.try_clone().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end: nobody has the other end any more.
            while let Ok(number) = screen.read(&mut bytes) {
                if number == 0 || send.send(bytes[..number].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, output, text: String::new() }
    }

    /// Waits until it has printed this.
    fn expect(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.text.contains(text) {
            match self.output.recv_timeout(HANGS.saturating_sub(begun.elapsed())) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("no {text:?} ({error}), but {:?}", self.text),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn is_ended_by(key: &[u8]) {
    let mut program = Program::start();
    // Spaces are passed over, not printed.
    program.expect("services");
    program.expect("consumer");
    assert!(program.text.contains(ENTER) && !program.text.contains(LEAVE));
    program.keys.write_all(key).unwrap();
    program.expect(LEAVE);
    assert!(program.child.wait().unwrap().success(), "{key:?} ends it, and that is no failure");
}

#[test]
fn q_ends_it() {
    is_ended_by(b"q");
}

#[test]
fn ctrl_c_ends_it() {
    is_ended_by(b"\x03");
}
