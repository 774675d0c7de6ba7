//! Users, whose tokens expire and who may not do everything.

use std::error::Error as _;
use std::time::Duration;

use event_core::GetError;
use event_etcd::{Error, EtcdClient, Status};
use event_test_servers::{Etcd, Options, Server, Suite};

use crate::support::{Gate, Recorder, Witnesses, insist, key, patient, prefix, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("watchers, new watchers and writes outlive their token", token_expired)
        .test("watchers go on over a new stream after their token has expired", stream_lost_after_expiry)
        .test("permission denied comes out of the get that asked, until it is granted", permission_denied)
        .test(
            "a watcher whose permission is withdrawn says so after the next loss, and goes on when it is back",
            withdrawn,
        )
        .test("a user that is deleted is told so after the next loss, and goes on when there is one again", deleted)
        .test("a wrong password is an error of connect", wrong_password)
        .test("a user goes on while authentication is switched on and off", switched)
}

/// How long a token lasts, and how long to wait until it certainly has ended.
const TOKEN_SECONDS: u64 = 2;
const EXPIRY: Duration = Duration::from_millis(3200);

fn server(etcd: &Etcd) -> Server {
    let server = Server::start(etcd, Options::new().short_tokens(TOKEN_SECONDS));
    server.enable_auth("root's", "user", "secret", "w/");
    server
}

async fn connect(endpoint: &str) -> EtcdClient {
    patient([endpoint]).user("user", "secret").connect().await.expect("the password is right")
}

/// The text of the cluster's refusal, which came out of a get.
fn denial<T: std::fmt::Debug>(given: Result<T, GetError>) -> String {
    let error = given.expect_err("it is not permitted");
    assert!(error.is_backend(), "{error:?}");
    let source = error.source().expect("a backend's error has a source");
    assert!(matches!(source.downcast_ref(), Some(Error::PermissionDenied)), "{source:?}");
    source.to_string()
}

fn token_expired(etcd: &Etcd) {
    let server = server(etcd);
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let client = connect(&server.endpoint()).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        tokio::time::sleep(EXPIRY).await;
        // A new watcher, at first of a client whose only stream was opened with the token that has ended.
        let mut late = Recorder::start(key(&client, "w/one").watch());
        late.reaches_one("w/one", "1").await;
        Witnesses::change(ctl);
        witnesses.find_out().await;
        late.reaches_one("w/one", "3").await;
        tokio::time::sleep(EXPIRY).await;
        let one = client.key("w/one").expect("a key");
        soon("written", one.set("4")).await.expect("the client gets itself another token");
        for recorder in [&mut witnesses.one, &mut late] {
            recorder.reaches_one("w/one", "4").await;
        }
        tokio::time::sleep(EXPIRY).await;
        server.restart();
        witnesses.one.status.recovered_since(0).await;
        ctl(&["put", "w/one", "3"]);
        witnesses.find_out().await;
        late.reaches_one("w/one", "3").await;
        witnesses.assert_recovered().await;
    });
}

fn stream_lost_after_expiry(etcd: &Etcd) {
    let server = server(etcd);
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect(gate.endpoint()).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        gate.close();
        witnesses.one.status.stale().await;
        tokio::time::sleep(EXPIRY).await;
        Witnesses::change(ctl);
        gate.open();
        witnesses.find_out().await;
        witnesses.assert_recovered().await;
    });
}

fn permission_denied(etcd: &Etcd) {
    let server = server(etcd);
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let client = connect(&server.endpoint()).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        let phases = witnesses.one.status.phases();
        ctl(&["put", "x/one", "1"]);
        let mut denied = key(&client, "x/one").watch();
        let mut denied_all = prefix(&client, "").watch();
        for _ in 0..3 {
            let text = denial(soon("an answer", denied.get()).await);
            assert!(text.contains("permission"), "{text}");
            denial(soon("an answer", denied.get().backlog_only()).await);
            denial(soon("an answer", denied_all.get()).await);
            let refused = soon("an answer", client.key("x/one").expect("a key").set("2")).await;
            assert!(matches!(refused, Err(Error::PermissionDenied)), "{refused:?}");
        }
        assert!(denied.status().borrow().expect("it has one").is_stale());
        Witnesses::change(ctl);
        witnesses.find_out().await;
        assert_eq!(witnesses.one.status.phases(), phases, "the neighbours notice nothing");
        assert_eq!(witnesses.all.status.phases(), phases, "the neighbours notice nothing");

        ctl(&["role", "grant-permission", "user", "readwrite", "--prefix=true", "x/"]);
        let (_, data) = soon("the data", denied.get()).await.expect("it is permitted now");
        assert_eq!(data.as_deref(), Some("1"));
        soon("written", client.key("x/one").expect("a key").set("2")).await.expect("it is permitted now");
        let (_, data) = soon("the data", denied.get()).await.expect("it is permitted now");
        assert_eq!(data.as_deref(), Some("2"));
    });
}

fn withdrawn(etcd: &Etcd) {
    let server = server(etcd);
    server.ctl(&["role", "grant-permission", "user", "readwrite", "--prefix=true", "x/"]);
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect(gate.endpoint()).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        ctl(&["put", "x/one", "1"]);
        let mut watcher = key(&client, "x/one").watch();
        soon("the data", watcher.get()).await.expect("it is permitted");
        gate.close();
        witnesses.one.status.stale().await;
        ctl(&["role", "revoke-permission", "user", "x/", "--prefix=true"]);
        ctl(&["put", "x/one", "2"]);
        gate.open();
        denial(soon("an answer", watcher.get()).await);
        witnesses.assert_recovered().await;
        let phases = witnesses.one.status.phases();
        // Asked again, it says so again. (That once cost the neighbours their stream.)
        for _ in 0..8 {
            denial(soon("an answer", watcher.get()).await);
        }
        Witnesses::change(ctl);
        witnesses.find_out().await;
        // A busy machine may cost the stream once or twice, too; eight refusals would have cost it eight times.
        let more = witnesses.one.status.phases().len() - phases.len();
        assert!(more < 8, "{:?}", witnesses.one.status.all());
        ctl(&["role", "grant-permission", "user", "readwrite", "--prefix=true", "x/"]);
        let (_, data) = soon("the data", watcher.get()).await.expect("it is permitted again");
        assert_eq!(data.as_deref(), Some("2"));
        ctl(&["del", "x/one"]);
        let (_, data) = soon("the data", watcher.get()).await.expect("it is permitted again");
        assert_eq!(data, None, "it watches again");
        witnesses.assert_recovered().await;
    });
}

fn deleted(etcd: &Etcd) {
    let server = server(etcd);
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect(gate.endpoint()).await;
        ctl(&["put", "w/one", "1"]);
        let mut watcher = key(&client, "w/one").watch();
        soon("the data", watcher.get()).await.expect("it is permitted");
        gate.close();
        soon("stale", watcher.status().watch().get().filter(Status::is_stale)).await.expect("it is open");
        ctl(&["user", "delete", "user"]);
        ctl(&["put", "w/one", "2"]);
        gate.open();
        for _ in 0..3 {
            let error = soon("an answer", watcher.get()).await.expect_err("there is no such user");
            let GetError::Backend(error) = error else { panic!("{error:?}") };
            assert!(matches!(error.get_ref().downcast_ref(), Some(Error::Unauthenticated(_))), "{error:?}");
            assert!(watcher.status().borrow().expect("it has one").is_stale());
        }
        ctl(&["user", "add", "user:secret"]);
        ctl(&["user", "grant-role", "user", "user"]);
        let (_, data) = soon("the data", watcher.get()).await.expect("there is one again");
        assert_eq!(data.as_deref(), Some("2"));
        ctl(&["put", "w/one", "3"]);
        let (_, data) = soon("the data", watcher.get()).await.expect("there is one again");
        assert_eq!(data.as_deref(), Some("3"), "it watches again");
    });
}

fn wrong_password(etcd: &Etcd) {
    let server = server(etcd);
    run(async {
        for (user, password) in [("user", "wrong"), ("nobody", "secret"), ("user", "")] {
            let refused = soon("an answer", patient([server.endpoint()]).user(user, password).connect()).await;
            let error = refused.expect_err("nobody has this password");
            assert!(matches!(error, Error::Unauthenticated(_)), "{user}: {error:?}");
            assert!(!error.to_string().contains("wrong"), "{error}");
        }
        let refused = soon("an answer", patient([server.endpoint()]).connect()).await;
        // Without a user: whoever may say how it is, may still not read.
        let client = match refused {
            Ok(client) => client,
            Err(error) => return assert!(matches!(error, Error::Unauthenticated(_)), "{error:?}"),
        };
        let given = soon("an answer", key(&client, "w/one").watch().get()).await;
        let Err(GetError::Backend(error)) = given else { panic!("{given:?}") };
        assert!(matches!(error.get_ref().downcast_ref(), Some(Error::Unauthenticated(_))), "{error:?}");
    });
}

fn switched(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        // There are no users yet.
        let client = connect(&server.endpoint()).await;
        let written = client.key("w/one").expect("a key");
        soon("a write", written.set("1")).await.expect("nobody has to authenticate");
        server.enable_auth("root's", "user", "secret", "w/");
        soon("a write", written.set("2")).await.expect("it takes a token");
        Recorder::start(key(&client, "w/one").watch()).reaches_one("w/one", "2").await;
        insist(|| server.try_ctl(&["auth", "disable"]));
        soon("a write", written.set("3")).await.expect("it goes on without a token");
        Recorder::start(key(&client, "w/one").watch()).reaches_one("w/one", "3").await;
    });
}
