//! One run of a runnable, whose panics stay in here.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::error::Error;
use core::fmt::Write;
use core::task::{Context as TaskContext, Poll};

use event_core::BoxError;

use crate::log::Span;
use crate::runtime::BoxFuture;

/// The future of a run, until it has ended.
pub(crate) struct Body<'a> {
    future: Option<BoxFuture<'a, Result<(), BoxError>>>,
    span: Span,
}

/// How a run has ended.
pub(crate) enum Ending {
    /// With the error as text.
    Returned(Result<(), String>),
    /// With its message.
    Panicked(String),
    /// It did not end within the grace period, and was dropped; with the message if that panicked.
    Dropped(Option<String>),
    /// It was told to end before it had begun.
    NotBegun,
    /// The runtime has dropped its task.
    Lost(&'static str),
}

impl<'a> Body<'a> {
    pub(crate) fn new(future: BoxFuture<'a, Result<(), BoxError>>, span: Span) -> Self {
        Self { future: Some(future), span }
    }

    /// Goes on with the run. To be called again only if it was not ready.
    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Ending> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        // What an error says, and its `Drop`, is code of the runnable as well.
        let poll = || future.as_mut().poll(cx).map_err(|error| with_causes(&*error));
        let polled = match catch(|| self.span.within(poll)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ending::Returned(result),
            Err(message) => Ending::Panicked(message),
        };
        // What the run kept goes before anyone hears of its end, and may panic as well.
        Poll::Ready(match self.discard() {
            Some(message) => Ending::Panicked(message),
            None => polled,
        })
    }

    /// Drops what there is of the run. Gives the message if that panics.
    pub(crate) fn discard(&mut self) -> Option<String> {
        let future = self.future.take()?;
        catch(|| self.span.within(|| drop(future))).err()
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        // For the task that is dropped by its runtime: nothing is left to tell about a panic.
        let _ = self.discard();
    }
}

impl Ending {
    /// The message of a panic.
    pub(crate) fn panic(self) -> Option<String> {
        match self {
            Self::Panicked(message) | Self::Dropped(Some(message)) => Some(message),
            Self::Returned(_) | Self::Dropped(None) | Self::NotBegun | Self::Lost(_) => None,
        }
    }

    /// Whether it has just returned.
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self, Self::Returned(Ok(())))
    }

    /// Why this is not a good end, if it is not; `is_done` says whether the runnable has signalled it.
    pub(crate) fn failure(self, is_done: bool) -> Option<String> {
        match self {
            Self::Returned(Ok(())) if is_done => None,
            Self::Returned(Ok(())) => Some("returned without having signalled that it is done".to_owned()),
            Self::Returned(Err(message)) | Self::Panicked(message) => Some(message),
            Self::Lost(message) => Some(message.to_owned()),
            // Neither happens to a run that was not told to end.
            Self::Dropped(message) => message,
            Self::NotBegun => None,
        }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut causes = Some(error);
    while let Some(cause) = causes {
        let separator = if text.is_empty() { "" } else { ": " };
        // A `Display` that fails says no more.
        let _ = write!(text, "{separator}{cause}");
        causes = cause.source();
    }
    text
}

/// Runs code that is not ours. Gives the message if it panics.
#[cfg(feature = "std")]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    // Whatever a panic has left half done goes with the run: the next one begins anew.
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).map_err(message)
}

/// What a panic says.
#[cfg(feature = "std")]
fn message(payload: Payload) -> String {
    let message = match payload.downcast::<&'static str>() {
        Ok(message) => (*message).to_owned(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => {
                discard(payload);
                return "panicked".to_owned();
            }
        },
    };
    "panicked: ".to_owned() + &message
}

#[cfg(feature = "std")]
pub(crate) type Payload = alloc::boxed::Box<dyn core::any::Any + Send>;

/// Drops what a panic left, whose own `Drop` is not trusted: what that panics with is leaked.
#[cfg(feature = "std")]
fn discard(payload: Payload) {
    let dropped = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(payload)));
    if let Err(payload) = dropped {
        core::mem::forget(payload);
    }
}

#[cfg(not(feature = "std"))]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    Ok(f())
}
