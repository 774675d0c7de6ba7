//! The example with its state in an etcd cluster, run as people run it: in several processes.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

#[cfg(target_os = "linux")]
#[path = "etcd/on_linux.rs"]
mod on_linux;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the other tests of the example use the rest of the process")]
#[path = "program/process.rs"]
mod process;

/// The program.
#[cfg(target_os = "linux")]
const PROGRAM: &str = env!("CARGO_BIN_EXE_network-status");

#[cfg(target_os = "linux")]
fn main() {
    on_linux::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("ignored: the servers for these tests work on Linux only");
}
