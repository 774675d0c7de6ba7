//! How a person, or the system, asks the program to end.

use std::io;

use crate::shared::Failure;

fn failure(error: io::Error) -> Failure {
    Failure::new("cannot listen for Ctrl-C", error, "The system refuses to install signal handlers.")
}

/// SIGINT, which Ctrl-C sends, and SIGTERM. They are listened for as soon as this exists.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).map_err(failure)?;
        let terminate = signal(SignalKind::terminate()).map_err(failure)?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits for one of them. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Ctrl-C. It is listened for as soon as this exists.
#[cfg(windows)]
pub(crate) struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Signals {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self { ctrl_c: tokio::signal::windows::ctrl_c().map_err(failure)? })
    }

    /// Waits for it. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> &'static str {
        self.ctrl_c.recv().await;
        "Ctrl-C"
    }
}
