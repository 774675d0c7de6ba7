//! A client of a cluster, which any number of values and watchers share.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use event_core::{MemoryReader, MemoryValue};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::error::Error;
use crate::hub::{Command, Hub};
use crate::lease::Terms;
use crate::map::Maps;
use crate::members::Members;
use crate::options::ClientBuilder;
use crate::range::KeyRange;
use crate::status::Status;
use crate::store::Store;
use crate::stores::Stores;

/// A client of an etcd cluster. Clones are the same client: one connection, one stream for the watches of all.
///
/// It works on the tokio runtime that it was made on. What it makes can be used from any executor.
#[derive(Clone)]
pub struct EtcdClient(Arc<Shared>, /** What all keys begin with. */ Arc<[u8]>);

struct Shared {
    members: Arc<Members>,
    commands: UnboundedSender<Command>,
    status: MemoryReader<Status>,
    next_id: AtomicU64,
    stores: Stores,
    maps: Maps,
    terms: Terms,
    runtime: Handle,
}

impl EtcdClient {
    /// Prepares a client of the cluster with these endpoints, such as `http://127.0.0.1:2379`. One member is asked at a
    /// time, and the next one when that fails; so name several.
    pub fn builder<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> ClientBuilder {
        ClientBuilder::new(endpoints)
    }

    /// Connects to one of these endpoints, with the options that [`builder`](Self::builder) begins with.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`].
    pub async fn connect<E: AsRef<str>>(endpoints: impl IntoIterator<Item = E>) -> Result<Self, Error> {
        Self::builder(endpoints).connect().await
    }

    /// Uses a channel of tonic's that exists, to one member or several. Which of these is asked is for the channel to decide,
    /// and how it notices that a connection is dead. Nobody authenticates: for a user, and for members that are left when they
    /// fail, use [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// [`Error::NoRuntime`].
    pub fn from_channel(channel: tonic::transport::Channel) -> Result<Self, Error> {
        Self::start(Members::of_channel(channel))
    }

    pub(crate) fn start(members: Members) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let members = Arc::new(members);
        let (commands, requests) = unbounded_channel();
        let status = MemoryValue::with_value(Status::Connecting);
        let reader = status.reader();
        runtime.spawn(Hub::new(Arc::clone(&members), requests, status).run());
        Ok(Self(
            Arc::new(Shared {
                members,
                commands,
                status: reader,
                next_id: AtomicU64::new(1),
                stores: Stores::default(),
                maps: Maps::default(),
                terms: Terms::default(),
                runtime,
            }),
            Arc::default(),
        ))
    }

    /// The connection state of the client. It is in sync while the stream that carries all watches is open.
    /// [`EtcdWatcher::status`](crate::EtcdWatcher::status) is that of one watcher.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.0.status.clone()
    }

    /// The same client with all keys below a prefix: those of values, maps and writes that are made of it get the prefix in the
    /// cluster, and lose it when they are returned. In a namespace, another one is below it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use event_etcd::EtcdClient;
    /// # async fn example(client: EtcdClient) -> Result<(), event_etcd::Error> {
    /// let tenant = client.namespace("tenant 7/");
    /// tenant.key("limit")?.set("17").await?; // "tenant 7/limit" in the cluster
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn namespace(&self, prefix: impl AsRef<[u8]>) -> Self {
        Self(Arc::clone(&self.0), [&*self.1, prefix.as_ref()].concat().into())
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.1
    }

    pub(crate) fn members(&self) -> &Members {
        &self.0.members
    }

    /// The leases that it keeps.
    pub(crate) fn terms(&self) -> &Terms {
        &self.0.terms
    }

    /// A number that no other watcher of this client has.
    pub(crate) fn next_id(&self) -> u64 {
        // Ordering: the numbers have to differ, nothing else.
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// What is known of a range, which its watchers share.
    pub(crate) fn store(&self, range: KeyRange) -> Arc<Store> {
        self.0.stores.get(range, || self.next_id())
    }

    pub(crate) fn maps(&self) -> &Maps {
        &self.0.maps
    }

    /// Tells the hub something, if it is still there.
    pub(crate) fn tell(&self, command: Command) -> Result<(), ()> {
        self.0.commands.send(command).map_err(|_| ())
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// Runs a future that needs tokio, whoever polls it.
    pub(crate) async fn on_runtime<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _entered = self.0.runtime.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

impl fmt::Debug for EtcdClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0.status.borrow().map(|status| status.to_string());
        f.debug_struct("EtcdClient").field("options", self.members().options()).field("status", &status).finish()
    }
}
