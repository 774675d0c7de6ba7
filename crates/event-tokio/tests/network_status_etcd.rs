//! The example `network_status` with its state in an etcd cluster, run as people run it: in several processes.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![allow(dead_code, reason = "the other tests of the example use the rest of the process")]

#[path = "network_status/process.rs"]
mod process;

use std::time::Duration;

use event_test_servers::{Cluster, Etcd, Options, Server, Suite};
use process::Example;

const EXAMPLE: &str = "network_status";

/// What a script of one event ends with.
const STATE: &str = "the link is up: simulated has no address";

fn main() {
    Suite::new("network_status in a cluster")
        .limit(Duration::from_secs(120))
        .test("consumers in another process follow what a service publishes", followed)
        .test("what a service has published goes with it, and comes with the next", killed)
        .test("publisher and follower live through the loss of a member", member_lost)
        .test("a follower waits for a cluster that is not there yet", early)
        .test("an endpoint that is none is an error before anything begins", refused)
        .run();
}

fn service(etcd: &str) -> Example {
    Example::start(["--etcd", etcd, "--simulate", "--step", "3600000"])
}

fn follower(etcd: &str) -> Example {
    Example::start(["--etcd", etcd, "--follow"])
}

fn ends_well(example: Example) {
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "", "{finished}");
    assert_eq!(finished.said_by("main").last(), Some("goodbye"), "{finished}");
}

fn followed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let mut follower = follower(&server.endpoint());
    follower.wait_for("waits for \"network_status\" in the cluster");
    let script = ["--etcd", &server.endpoint(), "--simulate", "--step", "200", "--exit-after-script"];
    let finished = Example::start(script).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.said_by("publish").last(), Some("ends, because the value is closed"), "{finished}");
    follower.wait_for("follow   lease granted on another network: simulated has 198.51.100.23");
    follower.wait_for("the service has gone");
    ends_well(follower);
}

fn killed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let mut follower = follower(&server.endpoint());
    let service_that_dies = service(&server.endpoint());
    follower.wait_for_next(STATE);
    drop(service_that_dies);
    // Its lease ends some seconds later.
    follower.wait_for_next("the service has gone");
    let next = service(&server.endpoint());
    follower.wait_for_next(STATE);
    ends_well(next);
    follower.wait_for_next("the service has gone");
    ends_well(follower);
}

fn member_lost(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let endpoints = cluster.endpoints().join(",");
    let mut follower = follower(&endpoints);
    let mut publisher = service(&endpoints);
    follower.wait_for_next(STATE);
    // Both talk to the first.
    cluster.kill(0);
    follower.wait_for_next("is out of touch");
    follower.wait_for_next("is in sync");
    publisher.signal("KILL");
    publisher = service(&endpoints);
    // The old state is still there or has gone; in any case the new one is the last.
    publisher.wait_for("publish  revision");
    cluster.ctl(&["put", "network_status", r#"{"event":"by hand","hostname":"somebody","addresses":["192.0.2.1"]}"#]);
    follower.wait_for("by hand: somebody has 192.0.2.1");
    ends_well(publisher);
    ends_well(follower);
}

fn early(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.kill();
    let mut follower = follower(&server.endpoint());
    follower.wait_for("is out of touch");
    server.restart();
    let service = service(&server.endpoint());
    follower.wait_for(STATE);
    ends_well(service);
    ends_well(follower);
}

fn refused(_: &Etcd) {
    for (arguments, code, says) in [
        (&["--etcd", "127.0.0.1:2379"][..], 1, "http://"),
        (&["--etcd", "http://127.0.0.1:2379", "--key", ""], 1, "--key"),
        (&["--follow"], 2, "--etcd"),
        (&["--etcd", "http://127.0.0.1:2379", "--follow", "--simulate"], 2, "--simulate"),
    ] {
        let finished = Example::start(arguments).finish();
        assert_eq!(finished.code, Some(code), "{finished}");
        assert!(finished.stderr.contains(says), "{finished}");
        assert_eq!(finished.stdout, "", "{finished}");
    }
}
