//! Leases: what was written with one is deleted when its holder is gone for too long.

use std::fmt;
use std::time::Duration;

use event_core::{MemoryReader, MemoryValue};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::client::EtcdClient;
use crate::error::{Error, Failure};
use crate::pauses::Pauses;

/// A lease that is kept alive in the background for as long as this exists.
///
/// Dropped, it is left to expire, and the keys that were written with it are deleted then; [`revoke`](Self::revoke) has
/// that done at once.
pub struct Lease {
    client: EtcdClient,
    id: i64,
    time_to_live: Duration,
    lost: MemoryReader<()>,
    keeper: JoinHandle<()>,
}

impl EtcdClient {
    /// Is granted a lease that lasts at least this long (in whole seconds, rounded up) after this process was last heard
    /// of, and keeps it alive.
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set); [`Error::InvalidArgument`] for no time at all.
    ///
    /// # Cancel safety
    ///
    /// A lease that was granted meanwhile expires by itself.
    pub async fn lease(&self, time_to_live: Duration) -> Result<Lease, Error> {
        let seconds = time_to_live.as_secs().saturating_add(u64::from(time_to_live.subsec_nanos() > 0));
        let Some(seconds) = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
            return Err(Error::InvalidArgument(format!(
                "a lease cannot last {time_to_live:?}; it takes a second at least, and not for ever"
            )));
        };
        let granted = self.write(|client| async move { client.lease_grant(seconds).await }).await?;
        let (id, seconds) = (granted.id, granted.ttl.unsigned_abs());
        let time_to_live = Duration::from_secs(seconds);
        let lost = MemoryValue::new();
        let reader = lost.reader();
        let keeper = self.runtime().spawn(keep_alive(self.clone(), id, time_to_live, lost));
        Ok(Lease { client: self.clone(), id, time_to_live, lost: reader, keeper })
    }
}

impl Lease {
    /// Its number, for [`EtcdValue::with_lease`](crate::EtcdValue::with_lease).
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// How long it lasts after this process was last heard of.
    #[must_use]
    pub fn time_to_live(&self) -> Duration {
        self.time_to_live
    }

    /// Waits until the cluster says that the lease is no more, because this process could not reach it in time or somebody
    /// revoked it. What was written with it is deleted then. While nobody can be reached, this waits on.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub async fn lost(&self) {
        // It is told by data, or by the end of the runtime that kept it alive.
        let _ = self.lost.watch().get().await;
    }

    /// Ends the lease, and deletes what was written with it.
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set); none if it was lost before.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the lease expires by itself.
    pub async fn revoke(self) -> Result<(), Error> {
        self.keeper.abort();
        let id = self.id;
        match self.client.write(|client| async move { client.lease_revoke(id).await }).await {
            Ok(_) | Err(Error::LeaseNotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("id", &self.id).field("time_to_live", &self.time_to_live).finish_non_exhaustive()
    }
}

/// Keeps a lease alive until a member says that it is gone. Each time this asks whichever member has its turn, for which
/// one answer is enough.
async fn keep_alive(client: EtcdClient, id: i64, time_to_live: Duration, lost: MemoryValue<()>) {
    let mut pauses = Pauses::new(client.members().options().max_pause.min(time_to_live / 4));
    loop {
        match client.members().ask(|client| async move { client.lease_keep_alive(id).await }).await {
            Ok(_) => {
                pauses.reset();
                sleep(time_to_live / 3).await;
            }
            Err(Failure::Permanent(Error::LeaseNotFound { .. })) => break,
            Err(_) => sleep(pauses.next()).await,
        }
    }
    lost.set(());
}
