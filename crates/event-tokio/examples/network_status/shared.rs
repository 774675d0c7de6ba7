//! All of the example that is the same on every runtime. `parts` puts it together, `program` runs it.
//!
//! Each program brings four modules of its own:
//!
//! | | |
//! |---|---|
//! | `runtime` | `supervisor`, `block_on`, `blocking`, and the runtime's `IfWatcher` |
//! | `signals` | `Signals`: Ctrl-C and the like |
//! | `cluster` | `Cluster`: where the state is kept beside this process, if anywhere |
//! | `changes` | `Changes`: the consumer that waits for a channel and other things at once |

mod args;
mod console;
mod crash;
mod difference;
mod ending;
mod failure;
mod hosts;
mod hosts_file;
mod machine;
mod parts;
mod program;
mod script;
mod slow;
pub(crate) mod status;
mod supervision;
mod until_closed;

pub(crate) use console::Console;
pub(crate) use difference::{Differences, STILL_THERE};
pub(crate) use failure::Failure;
pub(crate) use program::main;
pub(crate) use status::NetworkStatus;
pub(crate) use until_closed::UntilClosed;
