//! The example `network_status`, run as a person runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

#[path = "network_status/shared.rs"]
mod shared;

const EXAMPLE: &str = "network_status";
