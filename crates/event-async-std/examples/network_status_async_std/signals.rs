//! How a person, or the system, asks the program to end.

use std::io;

use futures_lite::StreamExt;

use crate::shared::Failure;

/// SIGINT, which Ctrl-C sends, and SIGTERM where there is one. They are listened for as soon as this exists.
pub(crate) struct Signals(async_signal::Signals);

impl Signals {
    pub(crate) fn new() -> Result<Self, Failure> {
        #[cfg(unix)]
        let all = [async_signal::Signal::Int, async_signal::Signal::Term];
        #[cfg(windows)]
        let all = [async_signal::Signal::Int];
        async_signal::Signals::new(all).map(Self).map_err(failure)
    }

    /// Waits for one of them. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> &'static str {
        match self.0.next().await {
            Some(Ok(async_signal::Signal::Int)) => "Ctrl-C",
            Some(Ok(_)) => "SIGTERM",
            // None can come any more. Better to end now than to be deaf.
            Some(Err(_)) | None => "no signals any more",
        }
    }
}

fn failure(error: io::Error) -> Failure {
    Failure::new("cannot listen for Ctrl-C", error, "The system refuses to install signal handlers.")
}
