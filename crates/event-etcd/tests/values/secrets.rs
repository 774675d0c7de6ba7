//! Passwords are nowhere to be read; and TLS.

use event_etcd::{EtcdClient, EtcdValue};
use event_test_servers::{Etcd, Options, Server};

use crate::support::{Test, decode, on_runtime};

pub(crate) const TESTS: &[Test] = &[
    ("no password is in what is shown of anything", debug),
    #[cfg(feature = "tracing")]
    ("what is told through tracing has no secrets", traced::without_secrets),
    #[cfg(feature = "tls")]
    ("over TLS a client checks who the cluster is, and shows who it is", tls::both_ways),
    #[cfg(feature = "tls-native-roots")]
    (tls::NATIVE, tls::native_roots),
];

fn debug(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.enable_auth("secret of root", "user", "hunter2", "mine/");
    on_runtime(async {
        let builder = EtcdClient::builder([server.endpoint()]).user("user", "hunter2");
        let early = EtcdClient::builder(["http://user:hunter2@127.0.0.1:2379"]);
        let mut shown = format!("{builder:?} {early:?} {:?}", early.clone().connect_lazy().unwrap_err());
        let client = builder.connect().await.unwrap();
        let value = EtcdValue::builder(&client).key("mine/a").decoder(decode);
        shown += &format!("{value:?}");
        let value = value.build().unwrap();
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        watcher.get().await.unwrap();
        let lease = client.lease(std::time::Duration::from_secs(5)).await.unwrap();
        shown += &format!("{client:#?} {value:#?} {watcher:#?} {lease:?} {:?}", client.key("mine/b").unwrap());
        server.kill();
        watcher.status().watch().get().filter(|status| status.is_stale()).await.unwrap();
        shown += &format!("{client:?} {watcher:?} {:?} {:?}", watcher.status(), client.status());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("\"user\"") && shown.contains("mine/a"), "{shown}");
    });
}

#[cfg(feature = "tracing")]
mod traced {
    use std::fmt::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use event_etcd::{EtcdMap, Seen, Text};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Writes everything down that comes from this project.
    #[derive(Clone, Default)]
    struct Notebook(Arc<Mutex<String>>);

    thread_local! {
        /// Whether what happens on this thread is written down.
        static NOTES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    struct Fields<'a>(&'a mut String);

    impl Visit for Fields<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    impl Notebook {
        fn note(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields<'_>)) {
            if !NOTES.get() {
                return;
            }
            let mut notes = self.0.lock().unwrap();
            write!(notes, "{}", metadata.name()).unwrap();
            record(&mut Fields(&mut notes));
            notes.push('\n');
        }
    }

    impl Subscriber for Notebook {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("event_")
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.note(span.metadata(), |fields| span.record(fields));
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, values: &Record<'_>) {
            if NOTES.get() {
                values.record(&mut Fields(&mut self.0.lock().unwrap()));
            }
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.note(event.metadata(), |fields| event.record(fields));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    pub(super) fn without_secrets(etcd: &Etcd) {
        let notebook = Notebook::default();
        // The runtime is on this thread. One of this thread alone would miss what other tests' threads have come upon before.
        tracing::subscriber::set_global_default(notebook.clone()).expect("no other test has one");
        NOTES.set(true);
        // Tokens of this kind all begin in the same way.
        let server = Server::start(etcd, Options::new().short_tokens(60));
        server.enable_auth("secret of root", "user", "hunter2", "mine/");
        on_runtime(async {
            EtcdClient::builder([server.endpoint()]).user("user", "wrong one").connect().await.unwrap_err();
            let builder = EtcdClient::builder([server.endpoint()]).user("user", "hunter2").follow_members(true);
            let client = builder.connect().await.unwrap();
            let value = EtcdValue::builder(&client).key("mine/a").decoder(decode).build().unwrap();
            let lease = client.lease(Duration::from_secs(5)).await.unwrap();
            value.with_lease(&lease).set("stored first").await.unwrap();
            let mut watcher = value.watch();
            watcher.get().await.unwrap();
            let written = value.compare_and_set(watcher.seen(), "stored then").await.unwrap();
            value.compare_and_set(Seen::Absent, "stored never").await.unwrap_err();
            watcher.get().await.unwrap();
            let map: EtcdMap<String, u32> = EtcdMap::builder(&client).prefix("mine/").map(Text).build().unwrap();
            map.reached(written).await.unwrap();
            assert_eq!(map.failures().len(), 1, "it is no number");
            EtcdValue::builder(&client).key("theirs").decoder(decode).build().unwrap().set("stored").await.unwrap_err();
            tokio::time::sleep(Duration::from_secs(2)).await;
            server.kill();
            watcher.status().watch().get().filter(|status| status.is_stale()).await.unwrap();
            value.set("stored no more").await.unwrap_err();
            lease.lost().await;
        });
        let notes = notebook.0.lock().unwrap();
        for expected in [
            " message=connected member=\"http://",
            "stream member=\"http://",
            "message=stream opened",
            "message=told responses=",
            "message=stream lost",
            "list range=",
            "message=listed revision=",
            "lease id=",
            "message=lease renewed",
            "message=lease not renewed",
            "message=lease lost",
            "message=member failed",
            "mine/a",
        ] {
            assert!(notes.contains(expected), "{expected:?} is not in\n{notes}");
        }
        // As text, and as bytes are shown.
        let bytes = |text: &str| format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned();
        for secret in ["hunter2", "wrong one", "secret of root", "stored", "eyJ"] {
            assert!(!notes.contains(secret) && !notes.contains(&bytes(secret)), "{secret:?} is in\n{notes}");
        }
    }
}

#[cfg(feature = "tls")]
mod tls {
    use event_etcd::{Certificate, Identity, TlsOptions};

    use super::*;

    #[cfg(feature = "tls-native-roots")]
    pub(super) const NATIVE: &str = "over TLS without options, a client trusts what the system trusts";

    /// What the system trusts is read from the file that the environment names, so a process of its own connects.
    #[cfg(feature = "tls-native-roots")]
    pub(super) fn native_roots(etcd: &Etcd) {
        const ENDPOINT: &str = "EVENT_ETCD_TEST_NATIVE_ROOTS";
        if let Ok(endpoint) = std::env::var(ENDPOINT) {
            on_runtime(async { EtcdClient::connect([endpoint]).await.expect("the system vouches for the server") });
            return;
        }
        let certificates = event_test_servers::certificates();
        let server = Server::start(etcd, Options::new().tls(&certificates));
        let trusted = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("native-roots.pem");
        std::fs::write(&trusted, certificates.ca_pem()).expect("cargo made the folder");
        let mut process = std::process::Command::new(std::env::current_exe().expect("it has a path"));
        process.args(["--exact", NATIVE]).env(ENDPOINT, server.endpoint()).env("SSL_CERT_FILE", trusted);
        let output = process.output().expect("it can be started again");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    pub(super) fn both_ways(etcd: &Etcd) {
        let certificates = event_test_servers::certificates();
        let server = Server::start(etcd, Options::new().tls(&certificates).client_certificates());
        let (certificate, key) = (certificates.client_certificate_pem(), certificates.client_key_pem());
        let trusted = || TlsOptions::new().ca_certificate(Certificate::from_pem(certificates.ca_pem()));
        let known = || trusted().identity(Identity::from_pem(certificate, key));
        on_runtime(async {
            let connect = |tls| EtcdClient::builder([server.endpoint()]).tls(tls).connect();
            connect(TlsOptions::new()).await.expect_err("nobody vouches for the server");
            connect(trusted()).await.expect_err("nobody vouches for the client");
            let builder = EtcdClient::builder([server.endpoint()]).tls(known());
            assert!(!format!("{builder:?}").contains(key.lines().nth(1).expect("a key has lines")));
            let client = builder.connect().await.unwrap();
            let value = EtcdValue::builder(&client).key("a").decoder(decode).build().unwrap();
            value.set("1").await.unwrap();
            let mut watcher = value.watch();
            assert_eq!(watcher.get().await.unwrap().1.as_deref(), Some("1"));
            server.restart();
            while value.set("2").await.is_err() {}
            assert_eq!(watcher.get().await.unwrap().1.as_deref(), Some("2"));
            let plain = server.endpoint().replace("https", "http");
            let refused = EtcdClient::builder([plain]).tls(known()).connect().await.unwrap_err();
            assert!(refused.to_string().contains("https://"), "{refused}");
        });
    }
}
