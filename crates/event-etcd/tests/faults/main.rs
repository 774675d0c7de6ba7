//! What happens to a cluster costs its watchers time, and nothing else.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests with servers need std")]

#[allow(dead_code, unused_imports, reason = "two tests share it, and neither needs all of it")]
#[path = "../support/mod.rs"]
mod support;

mod auth;
mod churn;
mod compaction;
mod leases;
mod members;
mod partition;
mod quorum;

use event_test_servers::Suite;

fn main() {
    let suite = Suite::new("faults");
    let suite = members::tests(suite);
    let suite = quorum::tests(suite);
    let suite = compaction::tests(suite);
    let suite = auth::tests(suite);
    let suite = churn::tests(suite);
    let suite = leases::tests(suite);
    partition::tests(suite).run();
}
