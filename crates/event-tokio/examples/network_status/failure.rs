//! What went wrong, told so that a person knows what to do.

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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}", self.what, self.cause, self.hint)
    }
}
