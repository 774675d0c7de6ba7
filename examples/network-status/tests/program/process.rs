//! The example as a child process. Every wait is bounded, against hanging only.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an example may run: far longer than any does, however busy the machine is. This is against hanging only.
const BOUND: Duration = Duration::from_secs(600);

/// What comes before the text of a line, and is spaces in a line that continues another one.
const MARGIN: usize = 16;

/// A running example. Dropping it kills it.
pub(crate) struct Example {
    child: Child,
    end: Instant,
    lines: Receiver<String>,
    stdout: String,
    /// So much of `joined(&stdout)` was read by `wait_for_next`.
    seen: usize,
    stderr: Option<JoinHandle<String>>,
}

/// No arguments.
pub(crate) const NONE: [&str; 0] = [];

/// What an example has left behind.
pub(crate) struct Finished {
    /// `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    /// As it was printed.
    pub(crate) stdout: String,
    /// Each line that was broken into several is one line again.
    joined: String,
    pub(crate) stderr: String,
}

impl Example {
    pub(crate) fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new(crate::PROGRAM);
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts a shell with `script`, in which `$0` is the example.
    pub(crate) fn start_by_shell(script: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(crate::PROGRAM).args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the example starts");
        let (tell, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody listens once the test has failed.
                let _ = tell.send(line);
            }
        });
        let mut stderr = child.stderr.take().expect("it was asked for");
        let stderr = thread::spawn(move || {
            let mut all = String::new();
            stderr.read_to_string(&mut all).expect("errors are UTF-8");
            all
        });
        Self { child, end: Instant::now() + BOUND, lines, stdout: String::new(), seen: 0, stderr: Some(stderr) }
    }

    /// Waits until what was printed has `text` in it, which may be of several lines.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !joined(&self.stdout).contains(text) {
            assert!(self.read_line(), "it ended without saying {text:?}:\n{}", self.stdout);
        }
    }

    /// Waits until a part has said something with `text` in it.
    pub(crate) fn wait_for_part(&mut self, part: &str, text: &str) {
        while !said_by(&joined(&self.stdout), part).any(|said| said.contains(text)) {
            assert!(self.read_line(), "{part} did not say {text:?} before the end:\n{}", self.stdout);
        }
    }

    /// Waits until `text` comes after what this was called for before.
    pub(crate) fn wait_for_next(&mut self, text: &str) {
        loop {
            let joined = joined(&self.stdout);
            if let Some(at) = joined[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(self.read_line(), "it ended without saying {text:?} again:\n{}", self.stdout);
        }
    }

    /// `false` at the end.
    fn read_line(&mut self) -> bool {
        // Lines may go on for ever without the one that is waited for.
        match self.lines.recv_timeout(self.end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                self.stdout.push_str(&line);
                self.stdout.push('\n');
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("it still runs after {BOUND:?}:\n{}", self.stdout),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().expect("there is a shell").success());
    }

    /// Waits until it has ended.
    pub(crate) fn finish(mut self) -> Finished {
        while self.read_line() {}
        let status = loop {
            match self.child.try_wait().expect("it is our child") {
                Some(status) => break status,
                None => assert!(Instant::now() < self.end, "it has closed its output and not ended:\n{}", self.stdout),
            }
            thread::sleep(Duration::from_millis(1));
        };
        let stderr = self.stderr.take().expect("only this takes it").join().expect("it was read");
        let stdout = std::mem::take(&mut self.stdout);
        Finished { code: status.code(), joined: joined(&stdout), stdout, stderr }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // Both fail if it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// What one part of the example has said, line by line.
    pub(crate) fn said_by(&self, part: &str) -> impl Iterator<Item = &str> {
        said_by(&self.joined, part)
    }

    /// What is said about failures and restarts, without the pictures of the tree.
    pub(crate) fn deaths(&self) -> Vec<&str> {
        self.said_by("tree").filter(|line| line.contains(" died: ")).collect()
    }
}

fn said_by<'a>(stdout: &'a str, part: &str) -> impl Iterator<Item = &'a str> {
    let beginning = format!("{part:<7} ");
    stdout.lines().filter_map(move |line| line.split_once(' ')?.1.trim_start().strip_prefix(&*beginning))
}

/// Lines that were broken into several, as one line each.
fn joined(stdout: &str) -> String {
    stdout.replace(&format!("\n{}", " ".repeat(MARGIN)), " ")
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {:?}\nstdout:\n{}stderr:\n{}", self.code, self.stdout, self.stderr)
    }
}
