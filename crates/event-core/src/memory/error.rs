//! Why a value was not set. Each error hands the data back.

use core::error::Error;
use core::fmt;

/// Why a value was not set.
#[non_exhaustive]
pub enum SetError<T> {
    /// The value is closed.
    Closed(T),
    /// The value is in a [`Space`](crate::Space), and more replaced versions are borrowed, or more sets in progress, than that has room
    /// for. Values on the heap are never full.
    Full(T),
}

impl<T> SetError<T> {
    /// The data that was not set.
    pub fn into_inner(self) -> T {
        match self {
            Self::Closed(data) | Self::Full(data) => data,
        }
    }

    /// Whether the value is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether the value's [`Space`](crate::Space) is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// There is no room for another watcher in the [`Space`](crate::Space) of a value. Values on the heap are never full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value's space has no room for another watcher")
    }
}

impl Error for Full {}

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
            Self::Full(_) => f.write_str("Full(..)"),
        }
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str(CLOSED),
            Self::Full(_) => f.write_str("the value's space has no free slot: too many replaced versions are borrowed"),
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
