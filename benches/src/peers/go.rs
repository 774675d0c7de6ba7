//! A program in Go of the same semantics, in `benches/go`, which runs its batches when it is told to.
//!
//! `benches/go.sh` builds it; the environment variable `EVENT_BENCHES_GO` says where it is. Without that, or if that is empty, there is no
//! such column.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::{env, io};

use crate::column::{Apart, Column, Role};
use crate::rows::{Outcome, Row};

const VARIABLE: &str = "EVENT_BENCHES_GO";

pub(super) const COLUMN: Column = Column::new(
    "Go",
    Role::OtherLanguage,
    Some("Go"),
    "a program in Go of the same semantics, in `benches/go`, as is usual there: a mutex, and a channel that is closed to wake whoever \
     waits. It is not the program of Metropolis that the interface comes from. Another compiler and another runtime, so never the best \
     peer. It takes turns with the others, a batch at a time, after a collection of garbage. *Current-thread* and the rows of one \
     thread: `GOMAXPROCS` is 1; *2 workers*: 2. Nobody can poll a goroutine, so in *wait, set, get* it is parked, woken, and switched \
     to, which the others' rows do not have.",
)
.apart(Apart { version, offers, run });

/// The program, which ends with its input.
struct Program {
    version: String,
    rows: Vec<String>,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    input: Box<dyn Write + Send>,
    output: Box<dyn BufRead + Send>,
}

impl Pipes {
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().into()),
        }
    }
}

impl Program {
    fn start(path: &str) -> io::Result<Self> {
        let mut child = Command::new(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        Self::greeted(Pipes { input: Box::new(input), output: Box::new(BufReader::new(output)) })
    }

    /// Reads what it says first.
    fn greeted(mut pipes: Pipes) -> io::Result<Self> {
        let (mut version, mut rows) = (String::new(), Vec::new());
        loop {
            let line = pipes.line()?;
            match line.split_once(' ') {
                Some(("version", text)) => version = text.into(),
                Some(("row", name)) => rows.push(name.into()),
                _ if line == "ready" => break,
                _ => return Err(io::Error::other(format!("it says {line:?}"))),
            }
        }
        let known: Vec<_> = Row::all().iter().map(Row::to_string).collect();
        match rows.iter().find(|row| !known.contains(row)) {
            Some(row) => Err(io::Error::other(format!("there is no row {row:?}"))),
            None => Ok(Self { version, rows, pipes: Mutex::new(pipes) }),
        }
    }

    fn batch(&self, row: Row, iterations: u64) -> Outcome {
        // Nobody else asks, unless the guard has given up an earlier batch.
        let Ok(mut pipes) = self.pipes.try_lock() else { return Err("busy with an earlier batch".into()) };
        let answer = writeln!(pipes.input, "{row}\t{iterations}").and_then(|()| pipes.line());
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        match answer.strip_prefix("error ") {
            Some(why) => Err(why.into()),
            None => answer.parse().map(Duration::from_nanos).map_err(|_| format!("it says {answer:?}")),
        }
    }
}

/// Started when it is first asked for.
fn program() -> Option<&'static Program> {
    static PROGRAM: OnceLock<Option<Program>> = OnceLock::new();
    let started = PROGRAM.get_or_init(|| {
        let path = env::var(VARIABLE).ok().filter(|path| !path.is_empty())?;
        Some(Program::start(&path).unwrap_or_else(|error| panic!("{VARIABLE}={path}: {error}")))
    });
    started.as_ref()
}

fn version() -> Option<String> {
    Some(program()?.version.clone())
}

fn offers(row: Row) -> bool {
    program().is_some_and(|program| program.rows.contains(&row.to_string()))
}

fn run(row: Row, iterations: u64) -> Outcome {
    program().ok_or("not offered")?.batch(row, iterations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{FollowRow, StoreRow};

    fn program(says: &'static str) -> io::Result<Program> {
        Program::greeted(Pipes { input: Box::new(io::sink()), output: Box::new(says.as_bytes()) })
    }

    #[test]
    fn what_it_says_first_is_its_version_and_its_rows() {
        let program = program("version 1.2\nrow set, nobody watching\nrow set then get\nready\n7\n").unwrap();
        assert_eq!(program.version, "1.2");
        assert_eq!(program.rows, [StoreRow::Set.to_string(), FollowRow::SetGet.to_string()]);
        let took = program.batch(Row::Store(StoreRow::Set), 1).unwrap();
        assert_eq!(took, Duration::from_nanos(7));
    }

    #[test]
    fn a_row_of_another_name_is_noticed() {
        let refused = |says| program(says).map(|program| program.version).unwrap_err().to_string();
        assert_eq!(refused("version 1.2\nrow set and get\nready\n"), "there is no row \"set and get\"");
        assert_eq!(refused("usage: go\n"), "it says \"usage: go\"");
        // It ended too early.
        assert!(program("version 1.2\n").is_err());
    }

    #[test]
    fn what_went_wrong_there_is_wrong_here() {
        let program = program("ready\nerror wrong sum\nsoon\n").unwrap();
        let why = || program.batch(Row::Store(StoreRow::Set), 1).unwrap_err();
        assert_eq!(why(), "wrong sum");
        assert_eq!(why(), "it says \"soon\"");
        assert!(why().starts_with("no answer"));
    }
}
