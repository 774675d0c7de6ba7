//! event-core beside its peers: what is measured, how, and who takes part.
//!
//! `cargo bench -p event-benches` measures and prints; `-- --help` lists the options.
//! `benches/instructions.sh` counts instructions instead of time.
//!
//! - [`rows`]: what is measured. One file per family of rows, each with the small trait that a peer
//!   implements to take part.
//! - [`peers`]: who is measured. One file per peer; a new peer is one file and one line in
//!   [`peers::columns`].
//! - [`mod@column`]: joins the two: which of the families one peer offers.
//! - [`harness`]: how. Rows are measured one after another; within a row, the columns take turns in
//!   short batches.
//! - [`report`] and [`json`]: what comes out.
//! - `benches/go`: a program in Go of the same semantics, which takes turns with the others if `EVENT_BENCHES_GO` says where it is;
//!   `benches/go.sh` builds it.
//! - [`results`]: makes `RESULTS.md` and its pictures of that.

#![forbid(unsafe_code)]

extern crate alloc;

pub mod args;
pub mod bytes;
pub mod column;
#[cfg(doctest)]
mod coming_from;
pub mod guard;
pub mod harness;
pub mod json;
pub mod machine;
pub mod peers;
pub mod report;
pub mod results;
pub mod rows;
pub mod stats;
pub mod waker;
