//! Writing: under one key, with the revision of the cluster as the result.

use std::fmt;
use std::future::Future;

use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::api::{
    self, Compare, CompareResult, CompareTarget, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
};
use crate::client::EtcdClient;
use crate::error::{Error, Failure};
use crate::lease::LeaseOfWrite;
use crate::members::without_name;
use crate::pauses::Pauses;
use crate::range::{KeyRange, Readable};
use crate::seen::Seen;

/// One key of the cluster, to be written.
///
/// [`EtcdValue`](crate::EtcdValue) has the same methods for a value that is one key; this is for the keys of a range, or
/// where there is nothing to watch.
#[derive(Clone)]
pub struct EtcdKey {
    client: EtcdClient,
    key: Vec<u8>,
    lease: LeaseOfWrite,
}

impl EtcdClient {
    /// A key, to be written.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it is empty.
    pub fn key(&self, key: impl Into<Vec<u8>>) -> Result<EtcdKey, Error> {
        let range = KeyRange::key(key)?.within(self.prefix());
        Ok(EtcdKey { client: self.clone(), key: range.start().to_vec(), lease: LeaseOfWrite::default() })
    }
}

impl EtcdKey {
    /// The same key; what this handle sets is deleted when the lease ends; see
    /// [`EtcdValue::with_lease`](crate::EtcdValue::with_lease).
    #[must_use]
    pub fn with_lease(self, lease: impl Into<LeaseOfWrite>) -> Self {
        Self { lease: lease.into().known_to(&self.client), ..self }
    }

    /// Stores data under the key; see [`EtcdValue::set`](crate::EtcdValue::set).
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    pub async fn set(&self, data: impl Into<Vec<u8>>) -> Result<i64, Error> {
        let data = data.into();
        let length = data.len();
        let put = |client: api::Client| {
            let request = self.put(&data);
            async move { client.put(request).await }
        };
        let response =
            self.client.write_under(&self.lease, put).await.map_err(|failure| self.explain(failure, length))?;
        Ok(api::revision(response.header.as_ref()))
    }

    /// Stores data if the key is still as it was seen; see
    /// [`EtcdValue::compare_and_set`](crate::EtcdValue::compare_and_set).
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::compare_and_set`](crate::EtcdValue::compare_and_set).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    pub async fn compare_and_set(&self, seen: impl Into<Seen>, data: impl Into<Vec<u8>>) -> Result<i64, Error> {
        let (seen, data) = (seen.into().mod_revision()?, data.into());
        let length = data.len();
        let write = |client: api::Client| {
            let unchanged = Compare {
                result: CompareResult::Equal.into(),
                target: CompareTarget::Mod.into(),
                key: self.key.clone(),
                mod_revision: Some(seen),
            };
            let put = RequestOp { request_put: Some(self.put(&data)), ..RequestOp::default() };
            let key = RangeRequest { key: self.key.clone(), keys_only: true, ..RangeRequest::default() };
            let look = RequestOp { request_range: Some(key), ..RequestOp::default() };
            let transaction = TxnRequest { compare: vec![unchanged], success: vec![put], failure: vec![look] };
            async move { client.txn(transaction).await }
        };
        let response =
            self.client.write_under(&self.lease, write).await.map_err(|failure| self.explain(failure, length))?;
        if response.succeeded {
            return Ok(api::revision(response.header.as_ref()));
        }
        let found = response.responses.into_iter().find_map(|response| response.response_range);
        let found = found.and_then(|range| range.kvs.first().map(|pair| pair.mod_revision));
        Err(Error::Conflict { found: found.map_or(Seen::Absent, Seen::Revision) })
    }

    /// Deletes the key, if it is there; see [`EtcdValue::delete`](crate::EtcdValue::delete).
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    pub async fn delete(&self) -> Result<i64, Error> {
        let delete = |client: api::Client| {
            let request = DeleteRangeRequest { key: self.key.clone() };
            async move { client.delete_range(request).await }
        };
        let response = self.client.write(delete).await.map_err(|failure| self.explain(failure, 0))?;
        Ok(api::revision(response.header.as_ref()))
    }

    fn put(&self, data: &[u8]) -> PutRequest {
        PutRequest { key: self.key.clone(), value: data.to_vec(), lease: self.lease.id }
    }

    /// What etcd's texts mean here. They are those of its `rpctypes`, and of gRPC for what it does not even read.
    fn explain(&self, error: Error, length: usize) -> Error {
        match error {
            Error::LeaseNotFound { .. } => Error::LeaseNotFound { lease: self.lease.id },
            Error::Other(cause) if cause.contains("too large") || cause.contains("larger than max") => {
                Error::TooLarge { bytes: length }
            }
            error => error,
        }
    }
}

impl EtcdClient {
    /// Has one member write something. Members that cannot be reached are skipped, for as long as a request may take.
    pub(crate) async fn write<T, F>(&self, request: impl Fn(api::Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        self.write_under(&LeaseOfWrite::default(), request).await
    }

    /// The same, for as long as the lease lasts.
    pub(crate) async fn write_under<T, F>(
        &self,
        lease: &LeaseOfWrite,
        request: impl Fn(api::Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        self.on_runtime(self.write_here(lease, request, false)).await
    }

    /// The same for what may be done twice: a member that does not answer is left in time for all others.
    pub(crate) async fn write_repeatedly<T, F>(&self, request: impl Fn(api::Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        self.on_runtime(self.write_here(&LeaseOfWrite::default(), request, true)).await
    }

    async fn write_here<T, F>(
        &self,
        lease: &LeaseOfWrite,
        request: impl Fn(api::Client) -> F,
        may_repeat: bool,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let options = self.members().options();
        let begun = Instant::now();
        let mut pauses = Pauses::new(options.max_pause);
        let mut causes: Vec<(String, String)> = Vec::new();
        let members = u32::try_from(self.members().count()).unwrap_or(u32::MAX);
        let share = options.request_timeout / members;
        let mut unanswered = None;
        loop {
            lease.check()?;
            let asked = if may_repeat {
                self.members().ask_within(share, &request).await
            } else {
                self.members().ask(&request).await
            };
            match asked {
                Ok(done) => return Ok(done),
                Err(Failure::Permanent(error)) => return Err(error),
                Err(Failure::Transient { cause, sent: true }) if may_repeat => unanswered = Some(cause),
                Err(Failure::Transient { cause, sent: true }) => {
                    let waited = begun.elapsed();
                    let waited = (waited >= options.request_timeout).then_some(waited);
                    return Err(Error::Unanswered { waited, cause });
                }
                Err(Failure::Transient { cause, sent: false }) => {
                    let cause = without_name(&cause);
                    causes.retain(|(known, _)| *known != cause.0);
                    causes.push(cause);
                }
                Err(Failure::Compacted) => return Err(Error::Other("the revision is compacted".into())),
            }
            // Each member at least once, and then as long as one request may take.
            if begun.elapsed() >= options.request_timeout {
                return Err(match unanswered {
                    Some(cause) => Error::Unanswered { waited: Some(begun.elapsed()), cause },
                    None => Error::Unreachable(causes),
                });
            }
            sleep(pauses.next()).await;
        }
    }
}

impl fmt::Debug for EtcdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtcdKey({}, lease {})", Readable(&self.key), self.lease.id)
    }
}
