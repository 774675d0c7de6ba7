//! The servers do what tests will expect of them.

use core::time::Duration;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Instant;

use event_test_servers::{Cluster, Etcd, Namespaces, Options, Server, Suite, certificates, install_into};

fn main() {
    Suite::new("servers")
        .test("a server that was killed comes back with its data", killed_and_back)
        .test("a server that is paused is silent until it is resumed", paused)
        .test("a server that is paused ends with its value", paused_and_dropped)
        .test("a server takes arguments", arguments)
        .test("a cluster elects a leader, loses it and elects another", leader_lost)
        .test("a member that is replaced leaves the cluster with its data", replaced)
        .test("a cluster without most of its members refuses", no_quorum)
        .test_in_namespaces("a member that is cut off cannot be read from until it is healed", cut_and_healed)
        .test_in_namespaces("a leader that is cut off is replaced", leader_cut)
        .test("a token that was given is good for a short time only", tokens)
        .test("a cluster that wants names is healthy after its leader has gone", names_in_a_cluster)
        .test("with TLS a client needs the authority, and a certificate if that is asked for", tls)
        .test_if("two can install at once", has_apt(), two_installs)
        .run();
}

// Tests share them between threads.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Server>();
    is_shared::<Cluster>();
    is_shared::<Namespaces>();
};

const SOON: &str = "--command-timeout=1s";

/// Asks until it is done: on a busy machine a member may be late, or lose its leader for a moment. The suite's limit ends it.
fn insist(ask: impl Fn() -> Result<String, String>) -> String {
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => eprintln!("once more, after {error}"),
        }
    }
}

fn get(key: &str) -> [&str; 4] {
    ["get", key, "--print-value-only", SOON]
}

fn killed_and_back(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.ctl(&["put", "key", "value"]);
    let endpoint = server.endpoint();
    server.kill();
    server.try_ctl(&get("key")).expect_err("nobody is there");
    server.restart();
    assert_eq!(server.ctl(&["get", "key", "--print-value-only"]), "value\n");
    server.restart();
    assert_eq!(server.ctl(&get("key")), "value\n");
    assert_eq!(server.endpoint(), endpoint);
}

fn paused(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    for _ in 0..2 {
        server.pause();
        server.try_ctl(&["get", "key", SOON]).expect_err("it is silent");
        server.resume();
        server.ctl(&["get", "key"]);
    }
}

fn paused_and_dropped(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let address = server.endpoint().replace("http://", "");
    server.pause();
    drop(TcpStream::connect(&address).expect("the kernel accepts for it"));
    drop(server);
    TcpStream::connect(&address).expect_err("nobody is there");
}

fn arguments(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new().arg("--max-request-bytes=2000"));
    server.try_ctl(&["put", "key", &"x".repeat(4000)]).expect_err("too large");
    server.ctl(&["put", "key", &"x".repeat(1000)]);
}

fn leader_lost(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    assert_eq!(cluster.endpoints().len(), 3);
    cluster.ctl(&["put", "key", "1"]);
    let first = cluster.leader();
    cluster.kill(first);
    let second = cluster.leader();
    assert_ne!(second, first);
    insist(|| cluster.try_ctl_at(second, &["put", "key", "2"]));
    cluster.restart(first);
    cluster.wait_healthy();
    assert_eq!(insist(|| cluster.try_ctl_at(first, &get("key"))), "2\n");
}

fn replaced(etcd: &Etcd) {
    let mut cluster = Cluster::start(etcd, 3);
    cluster.ctl(&["put", "key", "value"]);
    let before = cluster.endpoints();
    cluster.replace(0);
    assert!(cluster.endpoints()[0] != before[0] && cluster.endpoints()[1..] == before[1..]);
    cluster.kill(1);
    assert_eq!(cluster.ctl(&get("key")), "value\n");
    assert_eq!(cluster.ctl(&["member", "list"]).lines().count(), 3);
}

fn no_quorum(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let leader = cluster.leader();
    let [other, another] = [(leader + 1) % 3, (leader + 2) % 3];
    cluster.pause(other);
    cluster.kill(another);
    cluster.try_ctl_at(leader, &["put", "key", "1", SOON]).expect_err("one of three is not enough");
    // It comes back alone, and answers without being able to serve.
    cluster.kill(leader);
    cluster.restart(leader);
    cluster.resume(other);
    cluster.restart(another);
    cluster.wait_healthy();
    cluster.ctl(&["put", "key", "2"]);
}

fn cut_and_healed(namespaces: &Namespaces) {
    let follower = (namespaces.leader() + 1) % 3;
    namespaces.ctl(&["put", "key", "1"]);
    assert_eq!(insist(|| namespaces.try_ctl_at(follower, &get("key"))), "1\n");

    namespaces.cut(follower);
    namespaces.try_ctl_at(follower, &get("key")).expect_err("it is cut off");
    // Somebody beside it reaches it, and it knows that it cannot know.
    let range = || http(&namespaces.endpoint(follower), "/v3/kv/range", r#"{"key":"a2V5","serializable":true}"#);
    let answer = namespaces.run_beside(follower, range);
    assert!(answer.contains("\"kvs\""), "what it had can be read: {answer}");
    insist(|| namespaces.try_ctl_at(namespaces.leader(), &["put", "key", "2"]));

    namespaces.heal(follower);
    namespaces.wait_healthy();
    assert_eq!(insist(|| namespaces.try_ctl_at(follower, &get("key"))), "2\n");
    assert!(namespaces.run_inside(range).contains("\"kvs\""));
    // Out here there is no such network.
    let here = fs::read_to_string("/proc/thread-self/net/dev").expect("a list of devices");
    assert!(!here.contains("switch:"), "{here}");
}

fn leader_cut(namespaces: &Namespaces) {
    let first = namespaces.leader();
    namespaces.cut(first);
    let second = namespaces.leader();
    assert_ne!(second, first);
    namespaces.restart(first);
    namespaces.heal(first);
    namespaces.wait_healthy();
}

/// What the server's HTTP gateway answers.
fn http(endpoint: &str, path: &str, body: &str) -> String {
    with_headers(endpoint, path, "", body)
}

fn with_headers(endpoint: &str, path: &str, headers: &str, body: &str) -> String {
    let address = endpoint.replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("a server");
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .expect("a server that reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn tokens(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new().short_tokens(2));
    server.enable_auth("secret", "user", "password", "mine/");
    let user = ["--user", "user:password"];
    let as_user = |arguments: &[&str]| server.try_ctl(&[arguments, &user].concat());
    insist(|| as_user(&["put", "mine/key", "1"]));
    as_user(&["put", "other", "1"]).expect_err("it is not the user's");
    server.ctl(&["put", "other", "1"]);

    let read = |headers: &str| with_headers(&server.endpoint(), "/v3/kv/range", headers, r#"{"key":"bWluZS9rZXk="}"#);
    let answer = read("");
    assert!(answer.contains("user name is empty"), "nobody comes without a name: {answer}");
    let header = loop {
        let asked = Instant::now();
        let answer = http(&server.endpoint(), "/v3/auth/authenticate", r#"{"name":"user","password":"password"}"#);
        let (_, token) = answer.split_once(r#""token":""#).expect("a token");
        let (token, _) = token.split_once('"').expect("a token");
        let header = format!("Authorization: {token}\r\n");
        if read(&header).contains("\"kvs\"") {
            break header;
        }
        // It may be a second younger than it says. On a busy machine that may have passed before it was used.
        assert!(asked.elapsed() >= Duration::from_secs(1), "a new token is good");
    };
    // Used all the time: a use does not prolong it.
    while !read(&header).contains("invalid auth token") {
        thread::sleep(Duration::from_millis(50));
    }
}

fn names_in_a_cluster(etcd: &Etcd) {
    let cluster = Cluster::start_with(etcd, 3, Options::new().short_tokens(5));
    cluster.enable_auth("secret", "user", "password", "mine/");
    let leader = cluster.leader();
    cluster.kill(leader);
    assert_ne!(cluster.leader(), leader);
    cluster.restart(leader);
    cluster.wait_healthy();
    let at = |user: &str, key: &str| cluster.try_ctl_at(leader, &["--user", user, "put", key, "1"]);
    insist(|| at("user:password", "mine/key"));
    at("user:password", "other").expect_err("it is not the user's");
}

fn tls(etcd: &Etcd) {
    let tls = certificates();
    let server = Server::start(etcd, Options::new().tls(&tls).client_certificates());
    assert!(server.endpoint().starts_with("https://127.0.0.1:"));
    server.ctl(&["put", "key", "1"]);
    assert_eq!(
        server.ctl(&["--endpoints", &server.endpoint().replace("127.0.0.1", "localhost"), "get", "key"]),
        "key\n1\n"
    );
    let mut without = Command::new(etcd.etcdctl());
    without.env("ETCDCTL_API", "3").arg("--cacert").arg(tls.ca());
    without.args(["--endpoints", &server.endpoint(), "get", "key", SOON]);
    assert!(!without.output().expect("etcdctl runs").status.success(), "it has no certificate");
    let stranger = certificates().ca().display().to_string();
    server.try_ctl(&["get", "key", SOON, "--cacert", &stranger]).expect_err("it trusts another authority");
    drop(server);

    let server = Server::start(etcd, Options::new().tls(&tls));
    // That one gets none from etcdctl.
    server.ctl(&["put", "key", "1"]);
}

fn has_apt() -> Result<(), String> {
    let found = Command::new("apt-get").arg("--version").output();
    found.map(drop).map_err(|error| format!("apt-get: {error}"))
}

fn two_installs(_: &Etcd) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let installed = thread::scope(|scope| {
        [(); 2].map(|()| scope.spawn(|| install_into(folder.path()))).map(|thread| thread.join().expect("no panic"))
    });
    let [one, other] = installed.map(|installed| installed.expect("apt-get and dpkg-deb do their part"));
    assert_eq!(one, other);
    let server = Server::start(&one, Options::new());
    server.ctl(&["put", "key", "value"]);
    // Nothing but the lock and what was installed.
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("a file").file_name()).collect();
    left.sort();
    assert_eq!(left, ["etcd", "etcd.lock"]);
}
