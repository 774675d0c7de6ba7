//! Why a get returned no data.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

/// Why a get returned no data. The watcher stays usable in every case.
#[derive(Debug)]
#[non_exhaustive]
pub enum GetError {
    /// The value is closed, and this watcher has returned its newest data. All later gets return this error as well.
    Closed,
    /// The get was cancelled, by [`Get::until`](crate::Get::until) or by an adapter's token. Nothing was consumed.
    Cancelled,
    /// The time of the get was up. Nothing was consumed.
    DeadlineExceeded,
    /// [`Get::backlog_only`](crate::Get::backlog_only): the watcher has seen everything. With a filter: nothing unseen is accepted.
    BacklogDone,
    /// The backend that keeps the value has failed; `Display` and [`source`](Error::source) have the cause. Values in memory never fail.
    #[cfg(feature = "alloc")]
    Backend(BackendError),
}

impl GetError {
    /// Whether this is [`Closed`](Self::Closed).
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether this is [`Cancelled`](Self::Cancelled).
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether this is [`DeadlineExceeded`](Self::DeadlineExceeded).
    #[must_use]
    pub const fn is_deadline_exceeded(&self) -> bool {
        matches!(self, Self::DeadlineExceeded)
    }

    /// Whether this is [`BacklogDone`](Self::BacklogDone).
    #[must_use]
    pub const fn is_backlog_done(&self) -> bool {
        matches!(self, Self::BacklogDone)
    }

    /// Whether this is [`Backend`](Self::Backend).
    #[cfg(feature = "alloc")]
    #[must_use]
    pub const fn is_backend(&self) -> bool {
        matches!(self, Self::Backend(_))
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the value is closed"),
            Self::Cancelled => f.write_str("the get was cancelled"),
            Self::DeadlineExceeded => f.write_str("the deadline of the get has passed"),
            Self::BacklogDone => f.write_str("there is no more backlog"),
            #[cfg(feature = "alloc")]
            Self::Backend(error) => write!(f, "the backend of the value failed: {error}"),
        }
    }
}

impl Error for GetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            #[cfg(feature = "alloc")]
            Self::Backend(error) => Some(error.get_ref()),
            _ => None,
        }
    }
}

/// An error of the backend that keeps a value, of any type. Its `Display` and `source` are those of the error that it was made
/// from.
#[cfg(feature = "alloc")]
pub struct BackendError(Box<dyn Error + Send + Sync>);

#[cfg(feature = "alloc")]
impl BackendError {
    /// Wraps a backend's own error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The backend's own error, to be downcast.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }

    /// The backend's own error.
    #[must_use]
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(feature = "alloc")]
impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_backend_error_keeps_its_source() {
        let error = GetError::Backend(BackendError::new("the cluster is on fire"));
        let source = error.source().expect("a backend error has a source");
        assert_eq!(source.to_string(), "the cluster is on fire");
        assert_eq!(error.to_string(), "the backend of the value failed: the cluster is on fire");
        assert!(error.is_backend());

        let error = GetError::Backend(BackendError::new(GetError::Closed));
        let source = error.source().expect("a backend error has a source");
        assert!(matches!(source.downcast_ref(), Some(GetError::Closed)), "it is the error that it was made from");
    }
}
