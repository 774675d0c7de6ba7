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
use crate::members::Members;
use crate::options::ClientBuilder;
use crate::status::Status;

/// A client of an etcd cluster. Clones are the same client: one connection, one stream for the watches of all.
///
/// It works on the tokio runtime that it was made on. What it makes can be used from any executor.
#[derive(Clone)]
pub struct EtcdClient(Arc<Shared>);

struct Shared {
    members: Arc<Members>,
    commands: UnboundedSender<Command>,
    status: MemoryReader<Status>,
    next_id: AtomicU64,
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
        let (next_id, terms) = (AtomicU64::new(1), Terms::default());
        Ok(Self(Arc::new(Shared { members, commands, status: reader, next_id, terms, runtime })))
    }

    /// How the client stands to the cluster. It is in sync while the stream that carries the watches of everyone is open.
    /// [`EtcdWatcher::status`](crate::EtcdWatcher::status) tells it of one watcher.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.0.status.clone()
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
