//! The tests. None waits for a state that a follower may skip: only for what stays until it was seen.

use std::time::Duration;

use event_test_servers::{Cluster, Etcd, Options, Server, Suite};

use crate::process::{Example, Finished};

/// What a script of one event ends with, and what the whole script does.
const FIRST_STATE: &str = "the link is up: simulated has no address";
const LAST_STATE: &str = "lease granted on another network: simulated has 198.51.100.23";

const BY_HAND: &str = r#"{"event":"by hand","hostname":"somebody","addresses":["192.0.2.1"]}"#;

pub(crate) fn run() {
    Suite::new("network-status in a cluster")
        // Against hanging only.
        .limit(Duration::from_secs(900))
        .test("consumers in another process follow what a service publishes", followed)
        .test("a script that ends takes its publisher with it", ended)
        .test("what a service has published goes with it, and comes with the next", killed)
        .test("publisher and follower live through the loss of a member", member_lost)
        .test("a follower waits for a cluster that is not there yet, and leaves the consumers alone", early)
        .test("a publisher waits for a cluster that is not there yet, and leaves the consumers alone", nowhere)
        .test("a value that cannot be decoded restarts the follower alone", undecodable)
        .test("an endpoint that is none is an error before anything begins", refused)
        .run();
}

fn service(etcd: &str) -> Example {
    Example::start(["--etcd", etcd, "--simulate", "--step", "3600000"])
}

fn follower(etcd: &str) -> Example {
    Example::start(["--etcd", etcd, "--follow"])
}

fn ends_well(example: Example) -> Finished {
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "", "{finished}");
    assert_eq!(finished.said_by("main").last(), Some("goodbye"), "{finished}");
    finished
}

/// Of all parts, only this one has died and was restarted, if any.
fn only_one_was_restarted(part: &str, finished: &Finished) {
    let deaths = finished.deaths();
    assert!(deaths.iter().all(|line| line.starts_with(&format!("{part} died: "))), "{finished}");
    let restarts = finished.said_by("tree").filter_map(|line| line.strip_prefix("restarted: "));
    assert!(restarts.into_iter().all(|parts| parts == part), "{finished}");
    let begun = finished.said_by("changes").filter(|line| line.starts_with("begins with: ")).count();
    assert_eq!(begun, 1, "{finished}");
}

fn followed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let mut follower = follower(&server.endpoint());
    follower.wait_for_part("follow", "waits for \"network_status\" in the cluster");
    let service = Example::start(["--etcd", &server.endpoint(), "--simulate", "--step", "100"]);
    follower.wait_for_part("follow", LAST_STATE);
    follower.wait_for_part("changes", "198.51.100.23");
    ends_well(service);
    follower.wait_for_next("the service has ended");
    ends_well(follower);
}

fn ended(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let script = ["--etcd", &server.endpoint(), "--simulate", "--step", "50", "--exit-after-script"];
    let finished = Example::start(script).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.said_by("publish").last(), Some("ends, because the value is closed"), "{finished}");
    assert!(finished.said_by("publish").any(|line| line.ends_with(": lease granted on another network")), "{finished}");
    assert_eq!(server.ctl(&["get", "network_status"]), "", "it was deleted");
}

fn killed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let mut follower = follower(&server.endpoint());
    let service_that_dies = service(&server.endpoint());
    follower.wait_for_next(FIRST_STATE);
    drop(service_that_dies);
    // Its lease ends some seconds later.
    follower.wait_for_next("the service has ended");
    let next = service(&server.endpoint());
    follower.wait_for_next(FIRST_STATE);
    ends_well(next);
    follower.wait_for_next("the service has ended");
    ends_well(follower);
}

fn member_lost(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let endpoints = cluster.endpoints().join(",");
    let mut follower = follower(&endpoints);
    let publisher = Example::start(["--etcd", &endpoints, "--simulate", "--step", "500"]);
    follower.wait_for_part("follow", "simulated has ");
    // Both talk to the first. That they are out of touch is soon over, and may be skipped; what is published last is not.
    cluster.kill(0);
    follower.wait_for_part("follow", LAST_STATE);
    ends_well(publisher);
    follower.wait_for_next("the service has ended");
    cluster.ctl(&["put", "network_status", BY_HAND]);
    follower.wait_for_part("follow", "by hand: somebody has 192.0.2.1");
    only_one_was_restarted("follow", &ends_well(follower));
}

fn early(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.kill();
    let mut follower = follower(&server.endpoint());
    follower.wait_for_part("follow", "is out of touch");
    server.restart();
    let service = service(&server.endpoint());
    follower.wait_for_part("follow", FIRST_STATE);
    follower.wait_for_part("changes", "begins with: simulated has no address");
    only_one_was_restarted("follow", &ends_well(follower));
    ends_well(service);
}

fn nowhere(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.kill();
    let mut service = Example::start(["--etcd", &server.endpoint(), "--simulate", "--step", "100", "--slow", "0"]);
    service.wait_for_part("tree", "publish died: ");
    service.wait_for_part("tree", "will restart in ");
    service.wait_for_part("tree", "restarted: publish");
    // Meanwhile the consumers have what the service knows.
    service.wait_for_part("changes", "198.51.100.23");
    service.wait_for_part("slow", "lease granted on another network");
    server.restart();
    service.wait_for_part("publish", ": lease granted on another network");
    assert!(server.ctl(&["get", "network_status"]).contains("198.51.100.23"));
    only_one_was_restarted("publish", &ends_well(service));
}

fn undecodable(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.ctl(&["put", "network_status", BY_HAND]);
    let mut follower = follower(&server.endpoint());
    follower.wait_for_part("changes", "begins with: somebody has 192.0.2.1");
    server.ctl(&["put", "network_status", "nonsense"]);
    follower.wait_for_part("tree", "follow died: ");
    follower.wait_for_part("tree", "\"network_status\"");
    follower.wait_for_part("tree", "restarted: follow");
    server.ctl(&["put", "network_status", &BY_HAND.replace("192.0.2.1", "192.0.2.2")]);
    follower.wait_for_part("changes", "- 192.0.2.1, + 192.0.2.2");
    only_one_was_restarted("follow", &ends_well(follower));
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
