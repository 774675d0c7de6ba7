//! Passwords are nowhere to be read; and TLS.

use event_etcd::{EtcdClient, EtcdValue};
use event_test_servers::{Etcd, Options, Server};

use crate::support::{Test, decode, on_runtime};

#[cfg(not(feature = "tls"))]
pub(crate) const TESTS: &[Test] = &[("no password is in what is shown of anything", debug)];
#[cfg(feature = "tls")]
pub(crate) const TESTS: &[Test] = &[
    ("no password is in what is shown of anything", debug),
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
