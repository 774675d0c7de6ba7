//! The example on tokio, run as a person runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

mod program;

/// The program, and what it is called.
const PROGRAM: &str = env!("CARGO_BIN_EXE_network-status");
const NAME: &str = "network-status";

/// All parts share one thread, so that nothing comes between events of the script without a pause.
const ONE_THREAD: bool = true;
