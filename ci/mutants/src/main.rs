//! Weaves all mutants that cargo-mutants proposes into one build, in which a variable of the environment says which of them is active,
//! and runs tests with each of them. See `ci/mutants.sh`.
//!
//! A build for each of some 1,500 mutants takes a day; this takes one build, and for each a run of those tests that reach it.

mod blame;
mod reach;
mod run;
mod weave;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

use serde::Deserialize;

/// A mutant, as `cargo mutants --list --json` has it. Its number is its place in that list.
#[derive(Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) genre: String,
    pub(crate) name: String,
    pub(crate) replacement: String,
    /// Nothing for what is computed while it is compiled, when no mutant is active.
    function: Option<serde::de::IgnoredAny>,
    pub(crate) span: Span,
}

impl Mutant {
    /// What returns some type that implements a trait cannot return another one in the same build, and what is computed while it is
    /// compiled cannot be chosen later.
    pub(crate) fn can_be_woven(&self) -> bool {
        self.function.is_some() && !(self.genre == "FnValue" && self.name.contains("-> impl "))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
}

/// Both are counted from 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<proc_macro2::LineColumn> for Place {
    fn from(from: proc_macro2::LineColumn) -> Self {
        Self { line: from.line, column: from.column + 1 }
    }
}

fn mutants(list: &str) -> io::Result<Vec<Mutant>> {
    Ok(serde_json::from_str(&fs::read_to_string(list)?)?)
}

/// The numbers in a file, one a line; none if there is no file.
fn numbers(path: &str) -> BTreeSet<usize> {
    fs::read_to_string(path).unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect()
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["weave", list, from, to, left_out] => {
            weave::weave(&mutants(list)?, Path::new(from), Path::new(to), &numbers(left_out))
        }
        ["blame", tree, left_out] => blame::blame(Path::new(tree), left_out),
        ["run", list, sources, left_out, results, seed, survivors, ref programs @ ..] => {
            let seed = seed.parse().map_err(io::Error::other)?;
            let (sources, results, survivors) = (Path::new(sources), Path::new(results), Path::new(survivors));
            run::run(&mutants(list)?, sources, &numbers(left_out), results, seed, survivors, programs)
        }
        _ => Err(io::Error::other(
            "usage: weave LIST FROM TO LEFT-OUT | blame TREE LEFT-OUT | run LIST SOURCES LEFT-OUT RESULTS SEED SURVIVORS PROGRAM...",
        )),
    }
}
