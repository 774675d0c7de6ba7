//! What went wrong, and what a person can do about it.

use std::fmt;

/// Why the program ends with an error.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    what: String,
    cause: String,
    hint: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, cause: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { what: what.into(), cause: cause.to_string(), hint: hint.into() }
    }
}

impl fmt::Display for Failure {
    /// Three lines, or more if the hint has several.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:\n  {}\n  {}", self.what, self.cause, self.hint.replace('\n', "\n  "))
    }
}
