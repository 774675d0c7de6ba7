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
//! The service only sets the value. It does not know who watches, and nobody can hold it up. The value is made outside of
//! the tree and outlives every restart, so each consumer begins with what is present, however it came to begin.
//! `--crash-after` shows that. Without a crash the parts end on Ctrl-C, or when the service is done and closes the value.
//!
//! What depends on tokio is in `network_status/tokio`. `event-async-std` has the same example with the other files shared.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

#[path = "network_status/tokio/changes.rs"]
mod changes;
#[path = "network_status/tokio/cluster.rs"]
mod cluster;
#[path = "network_status/tokio/runtime.rs"]
mod runtime;
#[path = "network_status/shared.rs"]
mod shared;
#[path = "network_status/tokio/signals.rs"]
mod signals;

fn main() -> std::process::ExitCode {
    shared::main()
}
