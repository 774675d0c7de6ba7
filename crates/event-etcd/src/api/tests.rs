//! Each message beside its bytes, which were written down by hand from etcd's definitions.
//!
//! A field begins with its number times eight, plus 0 for a number or 2 for what has a length. Fields with default values are
//! not sent.

use prost::Message;

use super::*;

/// What a request is sent as.
#[track_caller]
fn is_sent_as(request: impl Message + fmt::Debug, bytes: &[u8]) {
    assert_eq!(request.encode_to_vec(), bytes, "{request:?}");
}

/// What a response is read as.
#[track_caller]
fn is_read_as<A: Message + Default + PartialEq + fmt::Debug>(bytes: &[u8], response: A) {
    assert_eq!(A::decode(bytes).expect("it is well-formed"), response);
}

const HEADER: [u8; 9] = [
    0x0a, 7, // header, of 7 bytes
    0x08, 9, // cluster_id, which nobody reads
    0x18, 0xac, 0x02, // revision: 300
    0x20, 1, // raft_term, which nobody reads
];

fn header() -> Option<ResponseHeader> {
    Some(ResponseHeader { revision: 300 })
}

#[test]
fn ranges() {
    let request = RangeRequest {
        key: b"a".to_vec(),
        range_end: b"b".to_vec(),
        limit: 500,
        revision: 300,
        keys_only: true,
        min_mod_revision: 6,
    };
    is_sent_as(request, &[0x0a, 1, b'a', 0x12, 1, b'b', 0x18, 0xf4, 0x03, 0x20, 0xac, 0x02, 0x40, 1, 0x50, 6]);
    is_sent_as(RangeRequest { key: b"a".to_vec(), ..RangeRequest::default() }, &[0x0a, 1, b'a']);

    let pair = [0x12, 13, 0x0a, 1, b'k', 0x10, 1, 0x18, 2, 0x20, 3, 0x2a, 2, b'v', b'w'];
    let bytes = [&HEADER[..], &pair, &[0x18, 1, 0x20, 7]].concat();
    let pair = KeyValue { key: "k".into(), create_revision: 1, mod_revision: 2, value: "vw".into() };
    is_read_as(&bytes, RangeResponse { header: header(), kvs: vec![pair], more: true, count: 7 });
}

#[test]
fn writes() {
    let put = PutRequest { key: b"k".to_vec(), value: b"v".to_vec(), lease: 5 };
    let bytes = [0x0a, 1, b'k', 0x12, 1, b'v', 0x18, 5];
    is_sent_as(put.clone(), &bytes);
    is_read_as(&HEADER, PutResponse { header: header() });
    is_sent_as(DeleteRangeRequest { key: b"k".to_vec() }, &[0x0a, 1, b'k']);
    is_read_as(&[&HEADER[..], &[0x10, 1]].concat(), DeleteRangeResponse { header: header() });

    let compare = |mod_revision| Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: b"k".to_vec(),
        mod_revision: Some(mod_revision),
    };
    // The revision is one of a `oneof`: it is sent also when it is 0, which is that of a key that does not exist.
    is_sent_as(compare(0), &[0x10, 2, 0x1a, 1, b'k', 0x30, 0]);
    is_sent_as(compare(300), &[0x10, 2, 0x1a, 1, b'k', 0x30, 0xac, 0x02]);

    let range = RangeRequest { key: b"k".to_vec(), keys_only: true, ..RangeRequest::default() };
    let transaction = TxnRequest {
        compare: vec![compare(0)],
        success: vec![RequestOp { request_put: Some(put), ..RequestOp::default() }],
        failure: vec![RequestOp { request_range: Some(range), ..RequestOp::default() }],
    };
    let compared = [0x0a, 7, 0x10, 2, 0x1a, 1, b'k', 0x30, 0];
    let success = [&[0x12, 10, 0x12, 8][..], &bytes].concat();
    let failure = [0x1a, 7, 0x0a, 5, 0x0a, 1, b'k', 0x40, 1];
    is_sent_as(transaction, &[&compared[..], &success, &failure].concat());

    let found = [0x1a, 9, 0x0a, 7, 0x12, 5, 0x0a, 1, b'k', 0x18, 2];
    let pair = KeyValue { key: "k".into(), mod_revision: 2, ..KeyValue::default() };
    let range = RangeResponse { header: None, kvs: vec![pair], more: false, count: 0 };
    let response = ResponseOp { response_range: Some(range) };
    let failed = TxnResponse { header: header(), succeeded: false, responses: vec![response] };
    is_read_as(&[&HEADER[..], &found].concat(), failed);
    // What was put is answered with a response of its own, which nobody reads.
    let done = TxnResponse { header: header(), succeeded: true, responses: vec![ResponseOp::default()] };
    is_read_as(&[&HEADER[..], &[0x10, 1, 0x1a, 2, 0x12, 0]].concat(), done);
}

#[test]
fn watches() {
    let create = WatchCreateRequest {
        key: b"a".to_vec(),
        range_end: b"b".to_vec(),
        start_revision: 300,
        progress_notify: true,
        watch_id: 4,
    };
    let create = WatchRequest { create_request: Some(create), ..WatchRequest::default() };
    is_sent_as(create, &[0x0a, 13, 0x0a, 1, b'a', 0x12, 1, b'b', 0x18, 0xac, 0x02, 0x20, 1, 0x38, 4]);
    let cancel = WatchRequest { cancel_request: Some(WatchCancelRequest { watch_id: 4 }), ..WatchRequest::default() };
    is_sent_as(cancel, &[0x12, 2, 0x08, 4]);
    let progress = WatchRequest { progress_request: Some(WatchProgressRequest {}), ..WatchRequest::default() };
    is_sent_as(progress, &[0x1a, 0]);

    let created = WatchResponse { header: header(), watch_id: 4, created: true, ..WatchResponse::default() };
    is_read_as(&[&HEADER[..], &[0x10, 4, 0x18, 1]].concat(), created);
    let ended = [0x20, 1, 0x28, 0xac, 0x02, 0x32, 3, b'o', b'l', b'd'];
    let cancelled = WatchResponse {
        canceled: true,
        compact_revision: 300,
        cancel_reason: "old".into(),
        ..WatchResponse::default()
    };
    is_read_as(&ended, cancelled);
    // A stream that refuses a watch for want of a permission names it -1, in ten bytes.
    let minus_one = [&[0x10][..], &[0xff; 9], &[1]].concat();
    is_read_as(&minus_one, WatchResponse { watch_id: -1, ..WatchResponse::default() });

    let put = [0x5a, 10, 0x12, 8, 0x0a, 1, b'k', 0x18, 2, 0x2a, 1, b'v'];
    let delete = [0x5a, 9, 0x08, 1, 0x12, 5, 0x0a, 1, b'k', 0x18, 3];
    let pair = |mod_revision, value: &'static str| KeyValue {
        key: "k".into(),
        create_revision: 0,
        mod_revision,
        value: value.into(),
    };
    let events = vec![
        Event { r#type: EventType::Put.into(), kv: Some(pair(2, "v")) },
        Event { r#type: EventType::Delete.into(), kv: Some(pair(3, "")) },
    ];
    is_read_as(&[&put[..], &delete].concat(), WatchResponse { events, ..WatchResponse::default() });
}

#[test]
fn leases_and_the_rest() {
    is_sent_as(LeaseGrantRequest { ttl: 300 }, &[0x08, 0xac, 0x02]);
    is_read_as(&[&HEADER[..], &[0x10, 7, 0x18, 60]].concat(), LeaseGrantResponse { id: 7, ttl: 60 });
    is_sent_as(LeaseRevokeRequest { id: 7 }, &[0x08, 7]);
    is_read_as(&HEADER, LeaseRevokeResponse {});
    is_sent_as(LeaseKeepAliveRequest { id: 7 }, &[0x08, 7]);
    is_read_as(&[&HEADER[..], &[0x10, 7, 0x18, 60]].concat(), LeaseKeepAliveResponse { ttl: 60 });
    is_sent_as(StatusRequest {}, &[]);
    is_read_as(&[&HEADER[..], &[0x12, 1, b'3', 0x50, 1]].concat(), StatusResponse { is_learner: true });
    is_sent_as(MemberListRequest { linearizable: true }, &[0x08, 1]);
    let members = [
        0x12, 9, 0x08, 7, 0x12, 1, b'n', 0x22, 2, b'u', b'1', // of the ID 7, and a name, which nobody reads
        0x12, 2, 0x28, 1,
    ];
    let members_read = vec![
        ListedMember { client_urls: vec!["u1".into()], is_learner: false },
        ListedMember { client_urls: vec![], is_learner: true },
    ];
    is_read_as(&[&HEADER[..], &members].concat(), MemberListResponse { members: members_read });
}

#[test]
fn users_and_their_secrets() {
    let request = AuthenticateRequest { name: "me".into(), password: "pw".into() };
    is_sent_as(request.clone(), &[0x0a, 2, b'm', b'e', 0x12, 2, b'p', b'w']);
    assert!(!format!("{request:?}").contains("pw"));
    let response = AuthenticateResponse { token: "t0k".into() };
    is_read_as(&[&HEADER[..], &[0x12, 3, b't', b'0', b'k']].concat(), response.clone());
    assert!(!format!("{response:?}").contains("t0k"));
}
