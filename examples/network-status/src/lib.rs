//! A service that learns the network state of the machine, and three consumers that follow it, under a supervisor.
//!
//! ```text
//! root    starts the parts, and is done
//!  |
//!  |      ,- one group: when a part dies, all of them are restarted -----------------------------------------------.
//!  |      |                                                                                                        |
//!  |------|                             ,--> hosts    writes a hosts file when the address has changed             |
//!  |      |  service --> MemoryValue ---+--> slow     rests after each state, and then gets the newest             |
//!  |      |                 |  ^        '--> pipe --> channel --> changes    prints what is new; the pipe is its    |
//!  |      |                 |  |                                             child, the channel its own            |
//!  |      '-----------------|--|-----------------------------------------------------------------------------------'
//!  |                        v  |
//!  '------ by itself:  publish or follow    to and from an etcd cluster; restarted alone when it dies
//!
//! main    prints the state of the tree, and waits for Ctrl-C, for the parts to be done, or for one to give up
//! ```
//!
//! The service only sets the value. It does not know who watches, and no consumer can hold it up. The value is made outside
//! of the tree and outlives every restart, so each consumer begins with the current state, however often it is started.
//! `--crash-after` shows that. Without a crash the parts end on Ctrl-C, or when the service is done and closes the value.
//!
//! `follow` takes the place of the service. It and `publish` depend on a cluster, which may be down or hold nonsense; that is
//! no reason to disturb the local consumers, so each is a group by itself.
//!
//! What depends on a runtime is in `on_tokio` and `on_async_std`. `parts` puts the rest together, and `program` runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

mod args;
mod changes;
#[cfg_attr(not(feature = "etcd"), path = "no_cluster.rs")]
mod cluster;
mod console;
mod crash;
mod difference;
mod ending;
mod failure;
mod help;
mod hosts;
mod hosts_file;
mod machine;
#[cfg(feature = "async-std")]
mod on_async_std;
mod on_tokio;
mod parts;
mod program;
mod runtime;
mod script;
mod slow;
mod status;
mod supervision;
mod temporary;
mod tree;
mod until_closed;

use std::process::ExitCode;

/// Runs the example on tokio. `name` is what the program is called.
#[must_use]
pub fn on_tokio(name: &'static str) -> ExitCode {
    program::run(on_tokio::Tokio, name)
}

/// Runs the example on async-std. `name` is what the program is called.
#[cfg(feature = "async-std")]
#[must_use]
pub fn on_async_std(name: &'static str) -> ExitCode {
    program::run(on_async_std::AsyncStd, name)
}
