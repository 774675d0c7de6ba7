//! As much of etcd's API as this crate uses: its messages, and the calls that exchange them.
//!
//! The API is published by etcd as Protocol Buffers definitions in `api/etcdserverpb/rpc.proto` and `api/mvccpb/kv.proto`, from
//! which generators make clients. What is needed here is a fraction of it, so it is written down instead: nobody who builds
//! this crate needs a generator or `protoc`. To check it against the definitions, compare two things:
//!
//! - each struct in `messages.rs` with the message of the same name: the type and the number (`tag`) of each field that is
//!   there. Fields that are left out are sent with their default values and ignored when they come;
//! - each path in `client.rs` with its service and method:
//!
//! | call | service | method | request | response |
//! |---|---|---|---|---|
//! | [`Client::range`] | `KV` | `Range` | `RangeRequest` | `RangeResponse` |
//! | [`Client::put`] | `KV` | `Put` | `PutRequest` | `PutResponse` |
//! | [`Client::delete_range`] | `KV` | `DeleteRange` | `DeleteRangeRequest` | `DeleteRangeResponse` |
//! | [`Client::txn`] | `KV` | `Txn` | `TxnRequest` | `TxnResponse` |
//! | [`Client::watch`] | `Watch` | `Watch` | stream of `WatchRequest` | stream of `WatchResponse` |
//! | [`Client::lease_grant`] | `Lease` | `LeaseGrant` | `LeaseGrantRequest` | `LeaseGrantResponse` |
//! | [`Client::lease_revoke`] | `Lease` | `LeaseRevoke` | `LeaseRevokeRequest` | `LeaseRevokeResponse` |
//! | [`Client::lease_keep_alive`] | `Lease` | `LeaseKeepAlive` | stream of `LeaseKeepAliveRequest` | stream of `LeaseKeepAliveResponse` |
//! | [`Client::status`] | `Maintenance` | `Status` | `StatusRequest` | `StatusResponse` |
//! | (with a user) | `Auth` | `Authenticate` | `AuthenticateRequest` | `AuthenticateResponse` |
//!
//! All services are in the package `etcdserverpb`. Two entries of the metadata belong to the API as well: `token`, with what
//! `Authenticate` returned, and `hasleader: true`, with which a member refuses when it has no leader.

mod client;
mod messages;

pub(crate) use client::Client;
pub(crate) use messages::*;
