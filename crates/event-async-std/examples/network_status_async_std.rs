//! A service that learns the network state of the machine, and three consumers that follow it, under a supervisor.
//!
//! ```text
//! root    starts the parts, and is done
//!  |
//!  |      ,- one group: when a part dies, all of them begin again -----------------------------------------------.
//!  |      |                                                                                                      |
//!  '------|                             ,--> hosts    writes a hosts file when the address has changed           |
//!         |  service --> MemoryValue ---+--> slow     comes round now and then, and gets the newest              |
//!         |                             '--> pipe --> channel --> changes    tells what is new; the pipe is its  |
//!         |                                                                  child, the channel its own          |
//!         '------------------------------------------------------------------------------------------------------'
//! main    follows the state of the tree, and waits for Ctrl-C, for the parts to be done, or for one to give up
//! ```
//!
//! It is the example `network_status` of `event-tokio`, which says more. What depends on async-std is in
//! `network_status_async_std`; all other files are the same, and are those of the other example.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

#[path = "network_status_async_std/changes.rs"]
mod changes;
#[path = "network_status_async_std/cluster.rs"]
mod cluster;
#[path = "network_status_async_std/runtime.rs"]
mod runtime;
#[path = "../../event-tokio/examples/network_status/shared.rs"]
mod shared;
#[path = "network_status_async_std/signals.rs"]
mod signals;

fn main() -> std::process::ExitCode {
    shared::main()
}
