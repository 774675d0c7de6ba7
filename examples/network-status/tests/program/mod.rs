//! The tests of the example on every runtime; `crate::PROGRAM` is the program there.

mod crash;
mod end;
mod hosts;
mod lines;
pub(crate) mod process;
mod script;
mod slow;
mod tree;
mod usage;
