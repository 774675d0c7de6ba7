//! Writing: under one key, with the revision of the cluster as the result.

use std::fmt;
use std::future::Future;

use etcd_client::{Compare, CompareOp, GetOptions, PutOptions, Txn, TxnOp, TxnOpResponse};
use tokio::time::{Instant, sleep};

use crate::client::EtcdClient;
use crate::error::{Error, Failure};
use crate::members::without_name;
use crate::pauses::Pauses;
use crate::range::{KeyRange, Readable};

/// One key of the cluster, to be written.
///
/// [`EtcdValue`](crate::EtcdValue) has the same methods for a value that is one key; this is for the keys of a range, or
/// where there is nothing to watch.
#[derive(Clone)]
pub struct EtcdKey {
    client: EtcdClient,
    key: Vec<u8>,
    lease: i64,
}

impl EtcdClient {
    /// A key, to be written.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it is empty.
    pub fn key(&self, key: impl Into<Vec<u8>>) -> Result<EtcdKey, Error> {
        let range = KeyRange::key(key)?;
        Ok(EtcdKey { client: self.clone(), key: range.start().to_vec(), lease: 0 })
    }
}

impl EtcdKey {
    /// The same key; what this handle sets is deleted when the lease ends. 0 stands for no lease.
    #[must_use]
    pub fn with_lease(self, lease: i64) -> Self {
        Self { lease, ..self }
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
        let put = |mut client: etcd_client::Client| {
            let (key, data) = (self.key.clone(), data.clone());
            async move { client.put(key, data, self.options()).await }
        };
        let mut response = self.client.write(put).await.map_err(|failure| self.explain(failure, length))?;
        Ok(revision(response.take_header()))
    }

    /// Stores data if the key was last written by the revision `seen`; see
    /// [`EtcdValue::compare_and_set`](crate::EtcdValue::compare_and_set).
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::compare_and_set`](crate::EtcdValue::compare_and_set).
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set).
    pub async fn compare_and_set(&self, seen: i64, data: impl Into<Vec<u8>>) -> Result<i64, Error> {
        let data = data.into();
        let length = data.len();
        let write = |mut client: etcd_client::Client| {
            let unchanged = Compare::mod_revision(&*self.key, CompareOp::Equal, seen);
            let put = TxnOp::put(&*self.key, &*data, self.options());
            let look = TxnOp::get(&*self.key, Some(GetOptions::new().with_keys_only()));
            let transaction = Txn::new().when([unchanged]).and_then([put]).or_else([look]);
            async move { client.txn(transaction).await }
        };
        let mut response = self.client.write(write).await.map_err(|failure| self.explain(failure, length))?;
        if response.succeeded() {
            return Ok(revision(response.take_header()));
        }
        let found = response.op_responses().into_iter().find_map(|found| match found {
            TxnOpResponse::Get(found) => found.kvs().first().map(etcd_client::KeyValue::mod_revision),
            _ => None,
        });
        Err(Error::Conflict { mod_revision: found.unwrap_or(0) })
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
        let delete = |mut client: etcd_client::Client| {
            let key = self.key.clone();
            async move { client.delete(key, None).await }
        };
        let mut response = self.client.write(delete).await.map_err(|failure| self.explain(failure, 0))?;
        Ok(revision(response.take_header()))
    }

    fn options(&self) -> Option<PutOptions> {
        (self.lease != 0).then(|| PutOptions::new().with_lease(self.lease))
    }

    /// What etcd's texts mean here. They are those of its `rpctypes`, and of gRPC for what it does not even read.
    fn explain(&self, error: Error, length: usize) -> Error {
        match error {
            Error::LeaseNotFound { .. } => Error::LeaseNotFound { lease: self.lease },
            Error::Other(cause) if cause.contains("too large") || cause.contains("larger than max") => {
                Error::TooLarge { bytes: length }
            }
            error => error,
        }
    }
}

impl EtcdClient {
    /// Has one member write something. Those that cannot be reached are passed over, for as long as a request may take.
    pub(crate) async fn write<T, F>(&self, request: impl Fn(etcd_client::Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        self.on_runtime(self.write_here(request)).await
    }

    async fn write_here<T, F>(&self, request: impl Fn(etcd_client::Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        let options = self.members().options();
        let begun = Instant::now();
        let mut pauses = Pauses::new(options.max_pause);
        let mut causes: Vec<(String, String)> = Vec::new();
        loop {
            match self.members().ask(&request).await {
                Ok(done) => return Ok(done),
                Err(Failure::Permanent(error)) => return Err(error),
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
                return Err(Error::Unreachable(causes));
            }
            sleep(pauses.next()).await;
        }
    }
}

/// The revision of the cluster when it answered.
fn revision(header: Option<etcd_client::ResponseHeader>) -> i64 {
    header.map_or(0, |header| header.revision())
}

impl fmt::Debug for EtcdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtcdKey({}, lease {})", Readable(&self.key), self.lease)
    }
}
