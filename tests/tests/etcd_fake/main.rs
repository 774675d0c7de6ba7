//! The conformance suite over the cluster in memory, on threads without a runtime and on tokio's single-threaded scheduler.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod backend;
#[path = "../runtimes/current_thread.rs"]
mod current_thread;

mod values_on_threads {
    event_tests::any_backend!(event_tests::threads::Threads, crate::backend::InFake);
}

mod values_on_tokio {
    event_tests::any_backend!(crate::current_thread::CurrentThread, crate::backend::InFake);
}

mod maps_on_threads {
    event_tests::any_map!(event_tests::threads::Threads, crate::backend::MapsInFake);
}

mod maps_on_tokio {
    event_tests::any_map!(crate::current_thread::CurrentThread, crate::backend::MapsInFake);
}
