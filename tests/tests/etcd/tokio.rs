//! The conformance suite over an etcd server, on tokio's single-threaded scheduler.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod backend;
#[path = "../runtimes/current_thread.rs"]
mod current_thread;

use current_thread::CurrentThread;

fn main() {
    let mut suite = backend::suite("conformance over etcd, on tokio");
    event_tests::any_backend!(into suite, CurrentThread, backend::InEtcd);
    event_tests::any_map!(into suite, CurrentThread, backend::MapsInEtcd);
    suite.run();
}
