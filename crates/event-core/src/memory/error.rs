//! Why a value was not set. Each error hands the data back.

use core::error::Error;
use core::fmt;

/// Why a value was not set.
#[non_exhaustive]
pub enum SetError<T> {
    /// The value is closed.
    Closed(T),
}

impl<T> SetError<T> {
    /// The data that was not set.
    pub fn into_inner(self) -> T {
        match self {
            Self::Closed(data) => data,
        }
    }
}

/// Why [`compare_and_set`](crate::MemoryValue::compare_and_set) did not set.
#[non_exhaustive]
pub enum CasError<T> {
    /// The current version is another one than the one that was seen.
    Conflict(T),
    /// The value is closed.
    Closed(T),
}

impl<T> CasError<T> {
    /// The data that was not set.
    pub fn into_inner(self) -> T {
        match self {
            Self::Conflict(data) | Self::Closed(data) => data,
        }
    }
}

const CLOSED: &str = "the value is closed";

impl<T> fmt::Debug for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("Closed(..)"),
        }
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str(CLOSED),
        }
    }
}

impl<T> Error for SetError<T> {}

impl<T> fmt::Debug for CasError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(_) => f.write_str("Conflict(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
        }
    }
}

impl<T> fmt::Display for CasError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(_) => f.write_str("the value was set since that version was seen"),
            Self::Closed(_) => f.write_str(CLOSED),
        }
    }
}

impl<T> Error for CasError<T> {}
