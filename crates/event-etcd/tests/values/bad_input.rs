//! What cannot be done is said at once, by name, and with what to do.

use std::time::Duration;

use event_core::GetError;
use event_etcd::{Error, EtcdClient, EtcdValue, Seen};
use event_test_servers::{Etcd, Options, Server};

use crate::support::{Item, Test, decode, on_runtime, on_shared_server};

pub(crate) const TESTS: &[Test] = &[
    ("an empty key, and a range without keys, are refused when the value is made", keys),
    ("what was left out is named", left_out),
    ("an endpoint that is none is refused before anything is connected", endpoints),
    ("endpoints where nobody listens are named, with the reason", nobody),
    ("a wrong password is refused at once", password),
    ("a user is no obstacle where authentication is off", no_users),
    ("a cluster with users refuses a client without", no_user),
    ("a lease that does not exist is named, and nothing is written", lease),
    ("a lease of no time, and one for ever, are refused", no_time),
    ("data over the limit are refused, and nothing is written", too_large),
    ("a range cannot be written as a whole", range),
    ("without a runtime there is no client", no_runtime),
];

fn refused(error: Error, says: &[&str]) {
    let text = error.to_string();
    assert!(matches!(error, Error::InvalidArgument(_)), "{error:?}");
    for part in says {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

fn keys(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let client = &place.client;
        let of = || EtcdValue::<Item>::builder(client).decoder(decode);
        refused(of().key("").build().unwrap_err(), &["key", "empty"]);
        refused(of().range("b".."a").build().unwrap_err(), &[r#""b".."a""#, "after its start"]);
        refused(of().range("a".."a").build().unwrap_err(), &["no keys"]);
        refused(of().range("".."a").build().unwrap_err(), &["prefix(\"\")"]);
        refused(client.key("").unwrap_err(), &["key", "empty"]);
    });
}

fn left_out(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let builder = || EtcdValue::<Item>::builder(&place.client);
        refused(builder().key("a").build().unwrap_err(), &["decoder"]);
        refused(builder().decoder(decode).build().unwrap_err(), &["key", "range", "prefix"]);
    });
}

fn endpoints(_: &Etcd) {
    on_runtime(async {
        for (endpoint, says) in [
            ("", "URL"),
            ("127.0.0.1:2379", "http://"),
            ("not a url", "URL"),
            ("ftp://127.0.0.1:2379", "http://"),
            ("http://127.0.0.1:2379/v3", "port"),
            ("http://127.0.0.1:99999", "65535"),
            ("http://", "URL"),
        ] {
            refused(EtcdClient::connect([endpoint]).await.unwrap_err(), &[says, endpoint]);
        }
        refused(EtcdClient::connect::<&str>([]).await.unwrap_err(), &["no endpoint", "http://127.0.0.1:2379"]);
        if !cfg!(feature = "tls") {
            refused(EtcdClient::connect(["https://127.0.0.1:2379"]).await.unwrap_err(), &["`tls`"]);
        }
        let with_password = EtcdClient::connect(["http://root:hunter2@127.0.0.1:2379"]).await.unwrap_err();
        assert!(!with_password.to_string().contains("hunter2"));
        refused(with_password, &["pass it as a user"]);
    });
}

fn nobody(_: &Etcd) {
    on_runtime(async {
        let error = EtcdClient::connect(["http://127.0.0.1:1", "http://127.0.0.1:2"]).await.unwrap_err();
        let text = error.to_string();
        let Error::Unreachable(causes) = error else { panic!("{error:?}") };
        assert_eq!(causes.len(), 2);
        assert!(text.contains("http://127.0.0.1:1: ") && text.contains("http://127.0.0.1:2: "), "{text}");
        assert!(text.contains("refused"), "{text}");
    });
}

fn password(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.enable_auth("secret of root", "user", "secret of user", "mine/");
    on_runtime(async {
        for (user, password) in [("user", "secret of root"), ("nobody", "secret of user")] {
            let error = EtcdClient::builder([server.endpoint()]).user(user, password).connect().await.unwrap_err();
            assert!(matches!(error, Error::Unauthenticated(_)), "{error:?}");
            assert!(!error.to_string().contains(password), "{error}");
        }
        let client = EtcdClient::builder([server.endpoint()]).user("user", "secret of user").connect().await.unwrap();
        client.key("mine/a").unwrap().set("1").await.unwrap();
        let denied = client.key("others/a").unwrap().set("1").await.unwrap_err();
        assert!(matches!(denied, Error::PermissionDenied), "{denied:?}");
    });
}

fn no_users(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let client = EtcdClient::builder([&place.endpoint]).user("user", "secret").connect().await.unwrap();
        let revision = client.key(place.name("a")).unwrap().set("1").await.unwrap();
        assert!(revision > 0);
    });
}

fn no_user(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    server.enable_auth("secret of root", "user", "secret of user", "mine/");
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let error = client.key("mine/a").unwrap().set("1").await.unwrap_err();
        assert!(matches!(error, Error::Unauthenticated(_)), "{error:?}");
        let value = EtcdValue::builder(&client).key("mine/a").decoder(decode).build().unwrap();
        let GetError::Backend(error) = value.watch().get().await.unwrap_err() else {
            panic!("it came from the cluster")
        };
        assert!(matches!(error.get_ref().downcast_ref(), Some(Error::Unauthenticated(_))), "{error:?}");
    });
}

fn lease(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        for error in [
            value.with_lease(4711).set("1").await.unwrap_err(),
            value.with_lease(4711).compare_and_set(Seen::Absent, "1").await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::LeaseNotFound { lease: 4711 }), "{error:?}");
            assert!(error.to_string().contains("4711"));
        }
        value.compare_and_set(Seen::Absent, "1").await.expect("there is nothing yet");
    });
}

fn no_time(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for time in [Duration::ZERO, Duration::MAX] {
            refused(place.client.lease(time).await.unwrap_err(), &["lease", "second"]);
        }
    });
}

fn too_large(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        // etcd reads the first and refuses; gRPC does not even read the second.
        for bytes in [1_600_000, 5_000_000] {
            for error in [
                value.set(vec![b'x'; bytes]).await.unwrap_err(),
                value.compare_and_set(Seen::Absent, vec![b'x'; bytes]).await.unwrap_err(),
            ] {
                assert!(matches!(error, Error::TooLarge { bytes: named } if named == bytes), "{error:?}");
            }
        }
        value.compare_and_set(Seen::Absent, "1").await.expect("there is nothing yet");
    });
}

fn range(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        refused(place.all().set("1").await.unwrap_err(), &["range", "EtcdClient::key"]);
        refused(place.all().delete().await.unwrap_err(), &["range"]);
    });
}

fn no_runtime(_: &Etcd) {
    let error = EtcdClient::builder(["http://127.0.0.1:2379"]).connect_lazy().unwrap_err();
    assert!(matches!(error, Error::NoRuntime));
    assert!(error.to_string().contains("tokio"));
}
