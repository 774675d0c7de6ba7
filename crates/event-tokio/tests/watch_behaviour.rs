//! What users of tokio's watch channel rely on, tested on `event_tokio::watch` and on the original.
//!
//! The tests are restated from tokio's documentation and from its own tests of the channel. They are compiled twice, and nothing
//! but the `use` line differs.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![allow(clippy::duplicate_mod, reason = "that the same tests run on two channels is the purpose")]

#[path = "watch_behaviour/ours.rs"]
mod ours;
#[path = "watch_behaviour/theirs.rs"]
mod theirs;
