//! The command line of the `peers` benchmark.

use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

use crate::harness::Plan;

/// What `--help` prints.
pub const HELP: &str = "\
event-core beside its peers, in nanoseconds per operation.

Usage: cargo bench -p event-benches [-- OPTIONS]

  --rows PATTERN  only the rows whose name matches this regular expression;
                  a part of the name is enough
  --rounds N      batches per cell (100; 5 with --quick)
  --quick         short batches and few rounds, without the rows that take longest unless --rows
                  has them: a smoke test, whose figures mean little
  --json FILE     also write every figure to FILE
  --help          this text

Rows are measured one after another. Within a row the columns take turns, one
short batch each and the order rotated from round to round, so that other work on
the machine affects all of them equally.

With the environment variable EVENT_BENCHES_GO there is a column of a program in Go,
whose path that is: benches/go.sh builds it.
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Measure.
    Measure {
        /// Which rows; all of them if there is no pattern.
        rows: Option<Regex>,
        /// How long and how often.
        plan: Plan,
        /// Where else the figures go.
        json: Option<PathBuf>,
    },
    /// Print [`HELP`].
    Help,
    /// Do and print nothing: a test runner asks for the list of tests, or runs what it takes for a
    /// test.
    Nothing,
}

/// Reads the arguments, without the program's name.
///
/// # Errors
///
/// When there is an unknown option, or a value that does not fit its option.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, lexopt::Error> {
    let (mut rows, mut rounds, mut quick, mut json) = (None, None, false, None);
    // `cargo bench` passes `--bench`, `cargo test --benches` does not.
    let mut wanted = false;
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        wanted = true;
        match argument {
            Arg::Long("bench") => {}
            Arg::Long("list") => return Ok(Request::Nothing),
            Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
            Arg::Long("quick") => quick = true,
            Arg::Long("rows") => rows = Some(pattern(&parser.value()?.string()?)?),
            Arg::Long("rounds") => rounds = Some(parser.value()?.parse_with(at_least_one)?),
            Arg::Long("json") => json = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    if !wanted {
        return Ok(Request::Nothing);
    }
    let mut plan = if quick { Plan::QUICK } else { Plan::FULL };
    plan.rounds = rounds.unwrap_or(plan.rounds);
    Ok(Request::Measure { rows, plan, json })
}

fn pattern(text: &str) -> Result<Regex, lexopt::Error> {
    Regex::new(text).map_err(|error| lexopt::Error::Custom(Box::new(error)))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one round is needed".into()),
        Ok(rounds) => Ok(rounds),
        Err(error) => Err(error.to_string()),
    }
}

impl Plan {
    const FULL: Self =
        Self { rounds: 100, batch: Duration::from_millis(3), patience: Duration::from_secs(5), long_rows: true };
    const QUICK: Self =
        Self { rounds: 5, batch: Duration::from_micros(300), patience: Duration::from_secs(1), long_rows: false };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, lexopt::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn cargo_bench_alone_measures_everything() {
        let Ok(Request::Measure { rows: None, plan, json: None }) = parsed("--bench") else { panic!("not a full run") };
        assert_eq!(plan, Plan::FULL);
    }

    #[test]
    fn test_runners_get_nothing() {
        assert!(matches!(parsed(""), Ok(Request::Nothing)));
        assert!(matches!(parsed("--list --format terse"), Ok(Request::Nothing)));
    }

    #[test]
    fn options_combine_in_any_order() {
        let Ok(Request::Measure { rows: Some(rows), plan, json: Some(json) }) =
            parsed("--rounds 9 --bench --rows ^set --quick --json out.json")
        else {
            panic!("not a run")
        };
        assert!(rows.is_match("set then get") && !rows.is_match("wait, set, get"));
        assert_eq!((plan.rounds, plan.batch, plan.long_rows), (9, Plan::QUICK.batch, false));
        assert_eq!(json, PathBuf::from("out.json"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for line in ["--rounds 0", "--rounds x", "--rows [", "--fast", "--rows"] {
            assert!(parsed(line).is_err(), "{line} was accepted");
        }
    }
}
