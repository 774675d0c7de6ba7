//! The conformance suite on tokio's single-threaded scheduler.

#[path = "runtimes/current_thread.rs"]
mod current_thread;

use current_thread::CurrentThread;

event_tests::conformance!(CurrentThread, Memory);
event_tests::maps!(CurrentThread, MemoryMaps);
