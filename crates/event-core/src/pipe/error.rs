//! Why a pipe ended.

use core::error::Error;
use core::fmt;

use crate::error::GetError;

/// Why a pipe ended. It can be run again in every case.
#[derive(Debug)]
#[non_exhaustive]
pub enum PipeError {
    /// The run was cancelled.
    Cancelled,
    /// The value is closed, and its newest data is in the channel.
    ValueClosed,
    /// Nobody receives from the channel any more.
    ChannelClosed,
    /// The watcher returned another error, which is the [`source`](Error::source). Watchers of values in memory never do.
    Get(GetError),
}

impl PipeError {
    /// Whether this is [`Cancelled`](Self::Cancelled).
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether this is [`ValueClosed`](Self::ValueClosed).
    #[must_use]
    pub const fn is_value_closed(&self) -> bool {
        matches!(self, Self::ValueClosed)
    }

    /// Whether this is [`ChannelClosed`](Self::ChannelClosed).
    #[must_use]
    pub const fn is_channel_closed(&self) -> bool {
        matches!(self, Self::ChannelClosed)
    }
}

impl fmt::Display for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the pipe was cancelled",
            Self::ValueClosed => "the value of the pipe is closed",
            Self::ChannelClosed => "the channel of the pipe is closed",
            Self::Get(_) => "the watcher of the pipe failed",
        })
    }
}

impl Error for PipeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Get(error) => Some(error),
            _ => None,
        }
    }
}
