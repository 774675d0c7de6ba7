//! Leases: what was written with one is deleted when its holder is gone for too long.

use std::fmt;
use std::time::Duration;

use event_core::{MemoryReader, MemoryValue};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::client::EtcdClient;
use crate::error::{Error, Failure};
use crate::pauses::Pauses;

/// The number of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseId(pub(crate) i64);

impl From<i64> for LeaseId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl From<&Lease> for LeaseId {
    fn from(lease: &Lease) -> Self {
        Self(lease.id)
    }
}

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
        let asked = Instant::now();
        let granted = self.write(|client| async move { client.lease_grant(seconds).await }).await?;
        let (id, seconds) = (granted.id, granted.ttl.unsigned_abs());
        let time_to_live = Duration::from_secs(seconds);
        let lost = MemoryValue::new();
        let reader = lost.reader();
        let keeper = self.runtime().spawn(keep_alive(self.clone(), id, time_to_live, asked + time_to_live, lost));
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

    /// Waits until the lease is lost: the cluster says that it has expired or was revoked; or no member has answered for the time to
    /// live, by the clock of this process.
    ///
    /// In the second case this is ready before the cluster can delete the keys, and before it can grant them to somebody else: the time is
    /// counted from when the last request that was answered was sent. (While the computer sleeps, the clock may stand still.) What this
    /// client is asked to write with the lease from then on is refused with [`Error::LeaseNotFound`], even if the cluster
    /// can be reached again and has the lease for some moments more.
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

/// Keeps a lease alive until a member says that it is gone, or nobody has answered until it `expires`. Each time this asks the member
/// whose turn it is; one answer is enough.
async fn keep_alive(client: EtcdClient, id: i64, time_to_live: Duration, mut expires: Instant, lost: MemoryValue<()>) {
    let members = client.members();
    // What is left after the first third is enough for an attempt with each member, and one more.
    let attempts = u32::try_from(members.count()).unwrap_or(u32::MAX).saturating_add(1);
    let patience = time_to_live * 2 / 3 / attempts;
    let mut pauses = Pauses::new(members.options().max_pause.min(time_to_live / 4));
    let mut failures = 0;
    loop {
        let asked = Instant::now();
        if asked >= expires {
            break;
        }
        let request = members.ask_within(patience, |client| async move { client.lease_keep_alive(id).await });
        match timeout_at(expires, request).await {
            Ok(Ok(_)) => {
                expires = asked + time_to_live;
                failures = 0;
                pauses.reset();
                sleep(time_to_live / 3).await;
            }
            Err(_) | Ok(Err(Failure::Permanent(Error::LeaseNotFound { .. }))) => break,
            Ok(Err(_)) => {
                failures += 1;
                // The others first, without a pause.
                if failures % members.count() == 0 {
                    sleep_until(expires.min(Instant::now() + pauses.next())).await;
                }
            }
        }
    }
    client.note_lost(id);
    lost.set(());
}
