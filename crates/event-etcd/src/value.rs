//! A value that is kept in the cluster, under one key or as all keys of a range.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use event_core::{MemoryReader, Watch};

use crate::client::EtcdClient;
use crate::codec::{BoxError, Codec, Text};
use crate::coded::CodedBuilder;
use crate::decoder::{Decode, of_function};
use crate::error::Error;
use crate::lease::LeaseOfWrite;
use crate::map::MapBuilder;
use crate::range::KeyRange;
use crate::seen::Seen;
use crate::status::Status;
use crate::watcher::{EtcdWatcher, Initial};
use crate::write::EtcdKey;

/// A value kept in an etcd cluster: what is stored under a key, or under each key of a range.
///
/// It is a [`Watch`], so it can be watched, piped and combined like any other value. Writing is asynchronous, and returns
/// the revision of the cluster that it made. Making one costs nothing; requests begin with the first get of a watcher.
pub struct EtcdValue<T> {
    client: EtcdClient,
    range: KeyRange,
    lease: LeaseOfWrite,
    /// Only ever duplicated. The lock makes the value `Sync` though the decoder need not be.
    decoder: Mutex<Box<dyn Decode<T>>>,
    initial: Option<Initial<T>>,
}

impl<T> EtcdValue<T> {
    /// Prepares a value. It needs [`key`](Builder::key), [`range`](Builder::range) or [`prefix`](Builder::prefix), and a
    /// [`decoder`](Builder::decoder).
    pub fn builder(client: &EtcdClient) -> Builder<T> {
        Builder { client: client.clone(), range: None, prefix: Vec::new(), decoder: None, initial: None }
    }

    /// A new watcher. Its first get asks the cluster for what is stored, and returns that; the next ones wait for changes. While
    /// there is no such key, or none in the range, the first get waits for one; with
    /// [`backlog_only`](event_core::Get::backlog_only) it ends instead.
    #[must_use]
    pub fn watch(&self) -> EtcdWatcher<T> {
        EtcdWatcher::new(self.client.clone(), self.range.clone(), self.duplicate_decoder(), self.initial.clone())
    }

    /// The connection state of the client that this value belongs to. [`EtcdWatcher::status`] is that of one watcher.
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.client.status()
    }

    /// Stores data under the key, as it is. The result is the revision of the cluster that has it.
    ///
    /// Unreachable members are skipped. If a member was asked and did not answer, no other member is asked: the first may have stored
    /// the data, and a second attempt could overwrite what other clients have stored since.
    ///
    /// # Errors
    ///
    /// [`Error::Unanswered`], [`Error::TooLarge`], [`Error::LeaseNotFound`], [`Error::PermissionDenied`],
    /// [`Error::Unreachable`]; [`Error::InvalidArgument`] if this is a range, for which there is [`EtcdClient::key`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the request back if it is on its way.
    pub async fn set(&self, data: impl Into<Vec<u8>>) -> Result<i64, Error> {
        self.writer()?.set(data).await
    }

    /// As [`set`](Self::set), if the key is still as it was seen: [`Seen::Absent`], or the revision that wrote it last, which
    /// a write returned or [`EtcdWatcher::seen`] tells.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if it is not, [`Error::InvalidArgument`] if `seen` is a revision below 1, and those of
    /// [`set`](Self::set).
    ///
    /// # Cancel safety
    ///
    /// As [`set`](Self::set).
    pub async fn compare_and_set(&self, seen: impl Into<Seen>, data: impl Into<Vec<u8>>) -> Result<i64, Error> {
        self.writer()?.compare_and_set(seen, data).await
    }

    /// Deletes the key, if it is there. The result is a revision of the cluster that does not have it.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    ///
    /// # Cancel safety
    ///
    /// As [`set`](Self::set).
    pub async fn delete(&self) -> Result<i64, Error> {
        self.writer()?.delete().await
    }

    /// The same value; what this handle sets is deleted when the lease ends. It takes a [`&Lease`](crate::Lease), or the number
    /// of a lease (0 stands for no lease). Once the lease is [lost](crate::Lease::lost), nothing is written any more.
    #[must_use]
    pub fn with_lease(&self, lease: impl Into<LeaseOfWrite>) -> Self {
        Self { lease: lease.into().known_to(&self.client), ..self.clone() }
    }

    fn writer(&self) -> Result<EtcdKey, Error> {
        let Some(key) = self.range.as_key() else {
            return Err(Error::InvalidArgument(format!(
                "the value is the range {:?}; to write one of its keys, use EtcdClient::key",
                self.range
            )));
        };
        let key = key.get(self.client.prefix().len()..).unwrap_or_default();
        Ok(self.client.key(key)?.with_lease(self.lease.clone()))
    }

    /// The key, for texts; where a range starts.
    pub(crate) fn key_name(&self) -> &[u8] {
        self.range.start()
    }

    fn duplicate_decoder(&self) -> Box<dyn Decode<T>> {
        self.decoder.lock().unwrap_or_else(PoisonError::into_inner).duplicate()
    }
}

impl<T> Watch for EtcdValue<T> {
    type Item = T;
    type Watcher = EtcdWatcher<T>;

    fn watch(&self) -> EtcdWatcher<T> {
        self.watch()
    }
}

impl<T> Clone for EtcdValue<T> {
    /// The same value.
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            range: self.range.clone(),
            lease: self.lease.clone(),
            decoder: Mutex::new(self.duplicate_decoder()),
            initial: self.initial.clone(),
        }
    }
}

impl<T> fmt::Debug for EtcdValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdValue").field("range", &self.range).field("client", &self.client).finish_non_exhaustive()
    }
}

/// Prepares an [`EtcdValue`].
#[must_use = "nothing comes of it before `build`"]
pub struct Builder<T> {
    client: EtcdClient,
    range: Option<Result<KeyRange, Error>>,
    /// What all keys of the range begin with, if that is how it was named.
    prefix: Vec<u8>,
    decoder: Option<Box<dyn Decode<T>>>,
    initial: Option<Initial<T>>,
}

impl<T> Builder<T> {
    /// The value is what is stored under a key.
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.prefix.clear();
        self.range = Some(KeyRange::key(key));
        self
    }

    /// The value is all that is stored under keys from the start of the range up to, but not including, its end, in the
    /// order of their bytes. Each get returns a change of one key.
    pub fn range<K: Into<Vec<u8>>>(mut self, range: Range<K>) -> Self {
        self.prefix.clear();
        self.range = Some(KeyRange::range(range));
        self
    }

    /// The value is all that is stored under keys that begin with this; all keys there are if it is empty. Each get returns
    /// a change of one key.
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.prefix = prefix.into();
        self.range = Some(Ok(KeyRange::prefix(&*self.prefix)));
        self
    }

    /// Makes an item of a key and what is stored under it, which is `None` when the key was deleted.
    ///
    /// Each watcher has a clone of it, which runs in the watcher's task, once for each get, on what that is about to return.
    /// Its error comes out of that get as [`GetError::Backend`](event_core::GetError::Backend), and the watcher continues
    /// with the next change.
    /// The error is any, so `?` works on all of them.
    pub fn decoder<F>(mut self, decoder: F) -> Self
    where
        F: FnMut(&[u8], Option<&[u8]>) -> Result<T, BoxError> + Clone + Send + 'static,
    {
        self.decoder = Some(of_function(decoder));
        self
    }

    /// What the first get of a watcher returns if it is not known yet what is stored: what was known in an earlier run, say. The
    /// next get returns what is stored, even if that is the same. The watcher's [status](EtcdWatcher::status) is not in sync
    /// meanwhile.
    pub fn initial(mut self, item: T) -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        self.initial = Some(Arc::new(move || item.clone()));
        self
    }

    /// A value whose items are decoded, and encoded when they are set, by this. Its watchers return `None` for a key that was
    /// deleted.
    pub fn codec<C: Codec<T>>(self, codec: C) -> CodedBuilder<T>
    where
        T: 'static,
    {
        let initial = self.initial.map(|initial| -> Initial<Option<T>> { Arc::new(move || Some(initial())) });
        let builder = Builder { client: self.client, range: self.range, prefix: self.prefix, decoder: None, initial };
        CodedBuilder::of(builder, codec)
    }

    /// A map instead of a value, with the keys of the range as [`Text`](crate::Text), and what is stored under them decoded by this.
    /// See [`MapBuilder::map`].
    pub fn map<K, C: Codec<T>>(self, codec: C) -> MapBuilder<K, T>
    where
        K: Ord + Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
        Text: Codec<K>,
    {
        self.map_with(Text, codec)
    }

    /// As [`map`](Self::map), with a codec for the keys. See [`MapBuilder::map_with`].
    pub fn map_with<K, N: Codec<K>, C: Codec<T>>(self, keys: N, codec: C) -> MapBuilder<K, T>
    where
        K: Ord + Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        MapBuilder::of(self.client, self.range, self.prefix).map_with(keys, codec)
    }

    /// The value. No request is made yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the key is empty, if the range cannot have keys, or if something was left out.
    pub fn build(self) -> Result<EtcdValue<T>, Error> {
        let missing = |what: &str| Error::InvalidArgument(format!("the value has no {what}"));
        let range = self.range.ok_or_else(|| missing("key; call key, range or prefix"))??;
        let decoder = self.decoder.ok_or_else(|| missing("decoder; call decoder"))?;
        let (range, initial) = (range.within(self.client.prefix()), self.initial);
        Ok(EtcdValue {
            client: self.client,
            range,
            lease: LeaseOfWrite::default(),
            decoder: Mutex::new(decoder),
            initial,
        })
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("range", &self.range).finish_non_exhaustive()
    }
}
