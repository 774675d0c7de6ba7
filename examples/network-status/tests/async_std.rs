//! The example on async-std, run as a person runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

mod program;

/// The program, and what it is called.
const PROGRAM: &str = env!("CARGO_BIN_EXE_network-status-async-std");
const NAME: &str = "network-status-async-std";

/// The parts run on as many threads as the machine has processors.
const ONE_THREAD: bool = false;
