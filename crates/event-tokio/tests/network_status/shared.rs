//! The tests of the example on every runtime; `crate::EXAMPLE` is what it is called there.

mod crash;
mod end;
mod hosts;
mod process;
mod script;
mod slow;
mod usage;
