//! Elects one leader among the processes that share an etcd cluster: a lease, a key that only one of them can create, and a watch
//! on it.

use core::time::Duration;

use event_etcd::{BoxError, CodedValue, Error, EtcdClient, EtcdValue, Lease, Text};

/// The office of the leader: a key, under which the name of the leader is stored for as long as it leads.
#[derive(Clone, Debug)]
pub struct Office {
    client: EtcdClient,
    key: String,
    holder: CodedValue<String>,
}

/// A term in the office. Dropped, it ends with its lease; [`resign`](Self::resign) ends it immediately.
#[derive(Debug)]
pub struct Term {
    office: Office,
    name: String,
    /// What the leader writes with this is refused once it has lost the office, and deleted with the lease.
    pub lease: Lease,
}

impl Office {
    /// The office with this key. All candidates name the same one.
    pub fn new(client: &EtcdClient, key: &str) -> Result<Self, Error> {
        let holder = EtcdValue::builder(client).key(key).codec(Text).build()?;
        Ok(Self { client: client.clone(), key: key.into(), holder })
    }

    /// Waits until this candidate is elected. Its name must be its own. After an error (nobody answered), campaign again.
    pub async fn campaign(&self, name: &str, time_to_live: Duration) -> Result<Term, BoxError> {
        loop {
            self.wait(|holder| holder.is_none()).await?;
            let lease = self.client.lease(time_to_live).await?;
            // Revision 0: nobody holds it.
            match self.client.key(&*self.key)?.with_lease(&lease).compare_and_set(0, name).await {
                Ok(_) => return Ok(Term { office: self.clone(), name: name.into(), lease }),
                // Another candidate was faster.
                Err(Error::Conflict { .. }) => lease.revoke().await?,
                // Perhaps it was written nevertheless.
                Err(error) => return lease.revoke().await.and(Err(error)).map_err(BoxError::from),
            }
        }
    }

    /// Waits until this is true of the leader's name.
    pub async fn wait(&self, is_so: impl Fn(Option<&str>) -> bool) -> Result<(), BoxError> {
        let mut watcher = self.holder.watch();
        // The first get would wait for a key that does not exist.
        let mut holder = match watcher.get().backlog_only().await {
            Err(error) if error.is_backlog_done() => None,
            got => got?,
        };
        while !is_so(holder.as_deref()) {
            holder = watcher.get().await?;
        }
        Ok(())
    }
}

impl Term {
    /// Does the leader's work, and drops it as soon as the office is lost: `None`. Without an answer from the cluster that is when the
    /// lease ends by this process's own clock, before another candidate can be elected. So the work must not block its thread.
    pub async fn act<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.lease.lost() => None,
            // Somebody has deleted the key.
            Ok(()) = self.office.wait(|holder| holder != Some(&self.name)) => None,
            done = work => Some(done),
        }
    }

    /// Leaves the office to the next candidate.
    pub async fn resign(self) -> Result<(), Error> {
        self.lease.revoke().await
    }
}
