//! Members that cannot serve, which a stand-in of one plays.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message;
use tokio::net::TcpListener;
use tonic::Code;

use crate::api::{AuthenticateResponse, ListedMember, MemberListResponse, PutResponse, ResponseHeader, StatusResponse};
use crate::{Error, EtcdClient};

/// What a member answers to a call, by its path and the token that came with it.
type Answer = Result<Vec<u8>, (Code, &'static str)>;

/// A member that answers as it is told, on loopback, for as long as its runtime lives.
struct StandIn {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl StandIn {
    async fn start(answer: impl Fn(&str, Option<&str>) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let address = listener.local_addr().expect("it is bound");
        let (answer, calls) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(mut connection) = h2::server::handshake(socket).await else { return };
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        let token = request.headers().get("token").and_then(|token| token.to_str().ok());
                        respond_with(respond, answer(request.uri().path(), token));
                    }
                });
            }
        });
        Self { address, calls }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Answers one call as gRPC does: a message with its length before it and the status after it, or a status alone.
fn respond_with(mut respond: h2::server::SendResponse<prost::bytes::Bytes>, answer: Answer) {
    let head = http::Response::builder().header("content-type", "application/grpc");
    match answer {
        Ok(message) => {
            let mut stream = respond.send_response(head.body(()).expect("a response"), false).expect("an open stream");
            let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
            let frame: Vec<u8> = [&[0], &length[..], &message].concat();
            stream.send_data(frame.into(), false).expect("an open stream");
            let trailers = http::HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                http::HeaderValue::from_static("0"),
            )]);
            stream.send_trailers(trailers).expect("an open stream");
        }
        Err((code, text)) => {
            let head = head.header("grpc-status", i32::from(code)).header("grpc-message", text);
            respond.send_response(head.body(()).expect("a response"), true).expect("an open stream");
        }
    }
}

fn put(revision: i64) -> Answer {
    Ok(PutResponse { header: Some(ResponseHeader { revision }) }.encode_to_vec())
}

fn status(is_learner: bool) -> Answer {
    Ok(StatusResponse { is_learner }.encode_to_vec())
}

/// A member that can serve, and says the revision 7.
fn well(path: &str, _token: Option<&str>) -> Answer {
    if path.ends_with("/Status") { status(false) } else { put(7) }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), test).await.expect("it ends") });
}

#[test]
fn a_member_that_cannot_serve_is_passed_over_whatever_the_code() {
    for (code, text) in [
        (Code::FailedPrecondition, "etcdserver: rpc not supported for learner"),
        (Code::Unavailable, "etcdserver: rpc not supported for learner"),
        (Code::FailedPrecondition, "etcdserver: not leader"),
        (Code::Unavailable, "etcdserver: no leader"),
        (Code::Unavailable, "etcdserver: not capable"),
        (Code::DataLoss, "etcdserver: corrupt cluster"),
        (Code::ResourceExhausted, "etcdserver: too many requests"),
    ] {
        run(async move {
            let unable = StandIn::start(move |_, _| Err((code, text))).await;
            let able = StandIn::start(well).await;
            let client = EtcdClient::builder([unable.endpoint(), able.endpoint()]).connect_lazy().expect("endpoints");
            let written = client.key("a").expect("a key").set("1").await;
            assert_eq!(written.unwrap_or_else(|error| panic!("{code:?}, {text}: {error:?}")), 7);
            client.key("a").expect("a key").set("2").await.expect("the second member is well");
            assert_eq!((unable.calls(), able.calls()), (1, 2), "{code:?}, {text}");
        });
    }
}

#[test]
fn a_refused_request_is_not_taken_to_another_member() {
    run(async {
        let refusing = StandIn::start(|_, _| Err((Code::InvalidArgument, "etcdserver: request is too large"))).await;
        let able = StandIn::start(well).await;
        let client = EtcdClient::builder([refusing.endpoint(), able.endpoint()]).connect_lazy().expect("endpoints");
        let refused = client.key("a").expect("a key").set("1").await;
        assert!(matches!(refused, Err(Error::TooLarge { bytes: 1 })), "{refused:?}");
        assert_eq!(able.calls(), 0);
    });
}

#[test]
fn connecting_skips_a_learner() {
    run(async {
        let learner = StandIn::start(|_, _| status(true)).await;
        let alone = EtcdClient::connect([learner.endpoint()]).await;
        let Err(Error::Unreachable(causes)) = alone else { panic!("{alone:?}") };
        assert!(causes.len() == 1 && causes[0].1.contains("learner"), "{causes:?}");

        let able = StandIn::start(well).await;
        let asked = learner.calls();
        let client = EtcdClient::connect([learner.endpoint(), able.endpoint()]).await.expect("one can serve");
        assert_eq!(client.key("a").expect("a key").set("1").await.expect("it is the other one's turn"), 7);
        assert_eq!(learner.calls(), asked + 1);
    });
}

#[test]
fn connecting_without_a_user_is_answered_by_a_member_that_wants_one() {
    run(async {
        let wants = StandIn::start(|_, _| Err((Code::InvalidArgument, "etcdserver: user name is empty"))).await;
        let client = EtcdClient::connect([wants.endpoint()]).await.expect("it answered");
        let refused = client.key("a").expect("a key").set("1").await;
        assert!(matches!(refused, Err(Error::Unauthenticated(_))), "{refused:?}");
    });
}

#[test]
fn a_user_works_without_a_token_while_authentication_is_off() {
    run(async {
        let on = Arc::new(AtomicUsize::new(0));
        let switch = Arc::clone(&on);
        let member = StandIn::start(move |path, token| {
            let on = switch.load(Ordering::SeqCst) > 0;
            match (path.ends_with("/Authenticate"), on, token) {
                (true, true, _) => Ok(AuthenticateResponse { token: "t".into() }.encode_to_vec()),
                (true, false, _) => Err((Code::FailedPrecondition, "etcdserver: authentication is not enabled")),
                (false, true, None) => Err((Code::InvalidArgument, "etcdserver: user name is empty")),
                (false, false, Some(_)) => Err((Code::Unauthenticated, "etcdserver: invalid auth token")),
                _ => well(path, token),
            }
        })
        .await;
        let connecting = EtcdClient::builder([member.endpoint()]).user("user", "secret").connect().await;
        let client = connecting.expect("nobody has to authenticate");
        for state in [0, 1, 0, 1, 0] {
            on.store(state, Ordering::SeqCst);
            let written = client.key("a").expect("a key").set("1").await;
            assert_eq!(written.unwrap_or_else(|error| panic!("authentication {state}: {error:?}")), 7);
        }
    });
}

/// Members as a member lists them: the URLs of each, and whether it is a learner.
type Listed = Arc<Mutex<Vec<(Vec<String>, bool)>>>;

/// A member that is well and says these are the members.
async fn one_that_lists(members: &Listed) -> StandIn {
    let members = Arc::clone(members);
    StandIn::start(move |path, token| {
        if !path.ends_with("/MemberList") {
            return well(path, token);
        }
        let member = |(client_urls, is_learner): (Vec<String>, bool)| ListedMember { client_urls, is_learner };
        let members = members.lock().expect("nobody panics with it").clone().into_iter().map(member).collect();
        Ok(MemberListResponse { members }.encode_to_vec())
    })
    .await
}

#[test]
fn endpoints_follow_the_members_that_can_serve() {
    run(async {
        let (new, learner) = (StandIn::start(well).await, StandIn::start(well).await);
        let members = vec![
            (vec![], false),
            (vec![learner.endpoint()], true),
            (
                vec!["unix://nowhere".into(), "http://user:secret@127.0.0.1:1".into(), "http://127.0.0.1:1/".into()],
                false,
            ),
            (vec![format!("{}/", new.endpoint()), new.endpoint()], false),
        ];
        let old = one_that_lists(&Arc::new(Mutex::new(members))).await;
        for follow in [false, true] {
            let client =
                EtcdClient::builder([old.endpoint()]).follow_members(follow).connect().await.expect("it is well");
            let before = (old.calls(), new.calls());
            client.key("a").expect("a key").set("1").await.expect("one of them is well");
            let endpoints =
                if follow { vec!["http://127.0.0.1:1".into(), new.endpoint()] } else { vec![old.endpoint()] };
            assert_eq!(client.members().names(), endpoints);
            assert_eq!((old.calls() == before.0, new.calls() > before.1), (follow, follow));
            assert_eq!(learner.calls(), 0);
        }
    });
}

#[test]
fn a_list_of_members_that_nobody_can_reach_is_not_used() {
    run(async {
        for members in [vec![], vec![(vec![], false)], vec![(vec!["http://127.0.0.1:1".into()], false)]] {
            let member = one_that_lists(&Arc::new(Mutex::new(members))).await;
            let client = EtcdClient::builder([member.endpoint()]).follow_members(true).connect().await;
            let client = client.expect("it is well");
            assert_eq!(client.members().names(), [member.endpoint()]);
            client.key("a").expect("a key").set("1").await.expect("it is well");
        }
    });
}

#[test]
fn after_a_failure_the_members_are_asked_for_again() {
    run(async {
        let (listed, new) = (Listed::default(), StandIn::start(well).await);
        let (first, second) = (one_that_lists(&listed).await, one_that_lists(&listed).await);
        let is = |members: &[&StandIn]| {
            *listed.lock().expect("nobody panics with it") =
                members.iter().map(|member| (vec![member.endpoint()], false)).collect();
            members.iter().map(|member| member.endpoint()).collect::<Vec<_>>()
        };
        let before = is(&[&first, &second]);
        let client = EtcdClient::builder([first.endpoint()]).follow_members(true).connect().await.expect("it is well");
        assert_eq!(client.members().names(), before);
        let after = is(&[&second, &new]);
        client.members().failed(client.members().contact().await.expect("the first is well").turn());
        while client.members().names() != after {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}
