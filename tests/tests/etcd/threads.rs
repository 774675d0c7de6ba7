//! The conformance suite over an etcd server, on threads without a runtime.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod backend;

use event_tests::threads::Threads;

fn main() {
    let mut suite = backend::suite("conformance over etcd, on threads");
    event_tests::any_backend!(into suite, Threads, backend::InEtcd);
    event_tests::any_map!(into suite, Threads, backend::MapsInEtcd);
    suite.run();
}
