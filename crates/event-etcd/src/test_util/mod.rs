//! A cluster in memory, for tests of code that uses this crate. (Feature `test-util`.)
//!
//! A [`FakeCluster`] is made and used without a server, a network or a file. Its clients are [`EtcdClient`]s like any other, so code
//! that takes an [`EtcdValue`](crate::EtcdValue), an [`EtcdMap`](crate::EtcdMap), a [`Lease`](crate::Lease) or the client itself
//! is tested as it is:
//!
//! ```
//! use event_core::prelude::*;
//! use event_etcd::test_util::FakeCluster;
//! use event_etcd::{EtcdValue, Text};
//!
//! /// What is to be tested.
//! async fn next_limit(limits: &mut impl Watcher<Item = Option<u32>>) -> u32 {
//!     limits.get().filter(Option::is_some).await.ok().flatten().unwrap_or(10)
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)] // in a test: #[tokio::test(start_paused = true)]
//! async fn main() -> Result<(), event_etcd::Error> {
//!     let cluster = FakeCluster::new();
//!     let limit: event_etcd::CodedValue<u32> =
//!         EtcdValue::builder(&cluster.client()).key("limit").codec(Text).build()?;
//!     let mut limits = limit.watch();
//!
//!     cluster.put("limit", "17"); // as somebody else would
//!     assert_eq!(next_limit(&mut limits).await, 17);
//!
//!     cluster.disconnect(); // what happens meanwhile is delivered afterwards
//!     cluster.put("limit", "18");
//!     cluster.compact();
//!     assert_eq!(next_limit(&mut limits).await, 18);
//!
//!     limit.set(&19).await?;
//!     assert_eq!(cluster.get("limit").as_deref(), Some(&b"19"[..]));
//!     Ok(())
//! }
//! ```
//!
//! # Time
//!
//! Leases expire by tokio's clock, and the time limits of clients go by it, too. On a paused clock (`start_paused = true`, feature
//! `test-util` of tokio, on its single-threaded scheduler) time passes only while all tasks wait: a lease of an hour expires without
//! an hour's wait, and a test that passes does not depend on how busy the machine is. The connections are pipes in memory for this
//! reason: while something is on its way through a socket, a paused clock would run ahead of it.
//!
//! # What it imitates
//!
//! Everything that the clients of this crate ask a cluster for: ranges at any revision that is not compacted, in pages; writes and
//! transactions; watches from a revision on, with what was missed, in the order of revisions; leases, which are kept alive, expire and
//! are revoked, and take their keys along in one revision. Its refusals have etcd's codes and texts. The tests of this crate send the
//! same requests to it and to a real server and compare the answers; and the suite that values and maps have to pass on real
//! servers passes on it.
//!
//! # What it does not imitate
//!
//! - Members that disagree. There is no election and no quorum: a [`FakeMember`] that answers is up to date, and can write.
//! - Users, passwords, TLS, alarms, quotas, learners, snapshots on a disk. Nothing is kept beyond the process.
//! - Calls and options of etcd's API that this crate does not use: a client of another kind, connected to a
//!   [`channel`](FakeCluster::channel), is refused with `Unimplemented`, or an option that it sends is ignored.
//! - How long things take: there is no latency, and every request that can be answered is answered immediately.
//! - Leases of which nobody knows when they end: etcd's end up to half a second late, and are prolonged when the leader changes. Here
//!   they end a tenth of a second after their time to live, which is after [`Lease::lost`](crate::Lease::lost).
//! - Progress notifications that nobody asked for (etcd's come every ten minutes).
//! - Room: what was overwritten is kept until [`compact`](FakeCluster::compact), and what a paused client does not fetch is queued.

use std::fmt;
use std::sync::Arc;

use tonic::transport::Channel;

use self::cluster::Cluster;
use self::links::Whose;
use self::wire::Connector;
use crate::api::{DeleteRangeRequest, PutRequest};
use crate::client::EtcdClient;
use crate::error::Error;
use crate::members::Members;
use crate::options::ClientBuilder;

mod calls;
mod cluster;
mod links;
mod store;
mod watches;
mod wire;

/// A cluster in memory. Clones are the same cluster, which exists for as long as they or its clients do.
///
/// The [module](self) has an example, and what is imitated and what is not.
///
/// What is called on it takes effect immediately, in one step, also while the cluster does not answer its clients: it stands for
/// what happens on the other side of the network. It can be called from any thread.
#[derive(Clone)]
pub struct FakeCluster {
    cluster: Arc<Cluster>,
    first: u64,
}

/// One member of a [`FakeCluster`], whose clients can be cut off while those of the others are answered.
#[derive(Clone)]
pub struct FakeMember {
    cluster: Arc<Cluster>,
    number: u64,
}

impl FakeCluster {
    /// An empty one, at revision 1, like that of etcd.
    #[must_use]
    pub fn new() -> Self {
        let cluster = Arc::new(Cluster::new());
        Self { first: cluster.add_member(), cluster }
    }

    // Clients.

    /// A client, with the options that [`EtcdClient::builder`] begins with. Each call makes another one, with a connection of its own.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn client(&self) -> EtcdClient {
        self.client_with(|options| options)
    }

    /// A client with options, such as a shorter [`request_timeout`](ClientBuilder::request_timeout).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn client_with(&self, options: impl FnOnce(ClientBuilder) -> ClientBuilder) -> EtcdClient {
        self.first().client_with(options)
    }

    /// A channel of tonic's to the cluster, for [`EtcdClient::from_channel`] and for what else takes one.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.first().channel()
    }

    /// Another member: its clients see the same keys, and can be [paused](FakeMember::pause) by themselves.
    ///
    /// The clients that the cluster itself makes are those of one member, too, which has no handle.
    #[must_use]
    pub fn member(&self) -> FakeMember {
        FakeMember { number: self.cluster.add_member(), cluster: Arc::clone(&self.cluster) }
    }

    fn first(&self) -> FakeMember {
        FakeMember { number: self.first, cluster: Arc::clone(&self.cluster) }
    }

    // What others do.

    /// Stores something under a key, as another process would, and returns the revision that this made.
    ///
    /// # Panics
    ///
    /// If the key is empty.
    pub fn put(&self, key: impl Into<Vec<u8>>, data: impl Into<Vec<u8>>) -> i64 {
        let request = PutRequest { key: key.into(), value: data.into(), ..PutRequest::default() };
        let put = self.cluster.with(|store| store.put(request).map(|_| store.revision()));
        put.unwrap_or_else(|_| panic!("the key is empty; etcd has no such key"))
    }

    /// Deletes a key, as another process would, and returns the revision that does not have it.
    pub fn delete(&self, key: impl Into<Vec<u8>>) -> i64 {
        let request = DeleteRangeRequest { key: key.into() };
        self.cluster.with(|store| {
            // Without a key there is nothing to delete.
            let _ = store.delete(&request);
            store.revision()
        })
    }

    /// What is stored under a key.
    #[must_use]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.cluster.with(|store| store.get(key.as_ref()).map(<[u8]>::to_vec))
    }

    /// The current revision.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.cluster.with(|store| store.revision())
    }

    /// Compacts: what was before the current revision is forgotten. A watcher that missed something of it lists again.
    pub fn compact(&self) {
        self.cluster.with(|store| store.compact());
    }

    // Leases.

    /// The leases that there are, in the order in which they were granted.
    #[must_use]
    pub fn leases(&self) -> Vec<i64> {
        self.cluster.with(|store| store.leases())
    }

    /// The lease that a key was written with, if it was written with one.
    #[must_use]
    pub fn lease_of(&self, key: impl AsRef<[u8]>) -> Option<i64> {
        self.cluster.with(|store| store.lease_of(key.as_ref()))
    }

    /// Ends a lease, as if its time were over, and deletes what was written with it. `false` if there is no such lease.
    pub fn expire(&self, lease: i64) -> bool {
        self.cluster.with(|store| store.revoke(lease).is_ok())
    }

    // Failures.

    /// Pauses all members, as SIGSTOP would: they keep their connections and answer nothing. Requests wait, until they
    /// are given up or the members are [resumed](Self::resume). Leases go on expiring.
    pub fn pause(&self) {
        self.cluster.links.set_paused(Whose::All, true);
    }

    /// Resumes all members, also those that were paused one by one.
    pub fn resume(&self) {
        self.cluster.links.set_paused(Whose::All, false);
    }

    /// Ends all connections. Clients may connect again immediately.
    pub fn disconnect(&self) {
        self.cluster.links.cut(Whose::All);
    }
}

impl FakeMember {
    /// A client of this member; see [`FakeCluster::client`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn client(&self) -> EtcdClient {
        self.client_with(|options| options)
    }

    /// A client of this member, with options; see [`FakeCluster::client_with`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn client_with(&self, options: impl FnOnce(ClientBuilder) -> ClientBuilder) -> EtcdClient {
        let options = options(ClientBuilder::new::<&str>([]));
        let client = self.connect(&options).and_then(|channel| {
            let members = Members::of_channel_with(channel, options);
            EtcdClient::start(members)
        });
        client.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A channel of tonic's to this member; see [`FakeCluster::channel`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let channel = self.connect(&ClientBuilder::new::<&str>([]));
        channel.unwrap_or_else(|error| panic!("{error}"))
    }

    fn connect(&self, options: &ClientBuilder) -> Result<Channel, Error> {
        tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let endpoint = options.endpoint("http://fake").map_err(|error| Error::Other(error.to_string()))?;
        let connector = Connector { cluster: Arc::clone(&self.cluster), member: self.number };
        Ok(endpoint.connect_with_connector_lazy(connector))
    }

    /// Pauses this member only; see [`FakeCluster::pause`]. For its clients this is as if they were cut off from the cluster, which
    /// goes on without them.
    pub fn pause(&self) {
        self.cluster.links.set_paused(Whose::Member(self.number), true);
    }

    /// Resumes this member. While the whole cluster is paused, it stays paused.
    pub fn resume(&self) {
        self.cluster.links.set_paused(Whose::Member(self.number), false);
    }

    /// Ends the connections to this member. Clients may connect again immediately.
    pub fn disconnect(&self) {
        self.cluster.links.cut(Whose::Member(self.number));
    }
}

impl Default for FakeCluster {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is stored: it may be secret.
        f.debug_struct("FakeCluster").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeMember").field("number", &self.number).finish_non_exhaustive()
    }
}
