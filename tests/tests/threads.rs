//! The conformance suite without a runtime: threads that park.

use event_tests::threads::Threads;

event_tests::conformance!(Threads, Memory);
event_tests::maps!(Threads, MemoryMaps);
