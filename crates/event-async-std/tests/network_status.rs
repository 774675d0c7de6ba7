//! The example `network_status_async_std`, run as a person runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

#[path = "../../event-tokio/tests/network_status/shared.rs"]
mod shared;

const EXAMPLE: &str = "network_status_async_std";
