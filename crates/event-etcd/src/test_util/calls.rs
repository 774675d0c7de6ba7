//! The calls that the fake cluster answers, each with one request and one response.

use prost::Message;
use tonic::Status;

use super::store::Store;
use crate::api::{LeaseGrantRequest, LeaseRevokeRequest, StatusResponse};

/// The largest request that writes: etcd's default.
const LARGEST_WRITE: usize = 3 << 19;

/// Answers the call with this path.
pub(super) fn answer(store: &mut Store, path: &str, request: &[u8]) -> Result<Vec<u8>, Status> {
    match path {
        "/etcdserverpb.KV/Range" => encode(store.range(&decode(request)?)),
        "/etcdserverpb.KV/Put" => encode(store.put(decode_write(request)?)),
        "/etcdserverpb.KV/DeleteRange" => encode(store.delete(&decode_write(request)?)),
        "/etcdserverpb.KV/Txn" => encode(store.transaction(decode_write(request)?)),
        "/etcdserverpb.Lease/LeaseGrant" => encode(store.grant(decode::<LeaseGrantRequest>(request)?.ttl)),
        "/etcdserverpb.Lease/LeaseRevoke" => encode(store.revoke(decode::<LeaseRevokeRequest>(request)?.id)),
        "/etcdserverpb.Maintenance/Status" => encode(Ok(StatusResponse::default())),
        "/etcdserverpb.Auth/Authenticate" => {
            Err(Status::failed_precondition("etcdserver: authentication is not enabled"))
        }
        _ => Err(Status::unimplemented(format!("the fake cluster does not answer {path}"))),
    }
}

pub(super) fn decode<Q: Message + Default>(request: &[u8]) -> Result<Q, Status> {
    Q::decode(request).map_err(|error| Status::internal(format!("a malformed request: {error}")))
}

fn decode_write<Q: Message + Default>(request: &[u8]) -> Result<Q, Status> {
    if request.len() > LARGEST_WRITE {
        return Err(Status::invalid_argument("etcdserver: request is too large"));
    }
    decode(request)
}

fn encode<A: Message>(response: Result<A, Status>) -> Result<Vec<u8>, Status> {
    response.map(|response| response.encode_to_vec())
}
