//! A value whose items are encoded and decoded by a codec.

use std::fmt;
use std::sync::Arc;

use event_core::{MemoryReader, Watch};

use crate::codec::{Codec, DecodeError};
use crate::error::Error;
use crate::range::Readable;
use crate::status::Status;
use crate::value::{Builder, EtcdValue};
use crate::watcher::EtcdWatcher;

/// An [`EtcdValue`] whose items are encoded and decoded by a [`Codec`]. Its watchers return `None` for a key that was deleted.
///
/// An item that cannot be decoded is an error of the get, a [`DecodeError`] that names the key.
///
/// # Examples
///
/// ```no_run
/// use event_etcd::{EtcdClient, EtcdValue, Text};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = EtcdClient::connect(["http://127.0.0.1:2379"]).await?;
/// let limit = EtcdValue::<u32>::builder(&client).key("config/limit").codec(Text).build()?;
/// limit.set(&17).await?;
/// assert_eq!(limit.watch().get().await?, Some(17));
/// # Ok(())
/// # }
/// ```
pub struct CodedValue<T> {
    value: EtcdValue<Option<T>>,
    codec: Arc<dyn Codec<T>>,
}

impl<T: 'static> CodedValue<T> {
    /// A new watcher; see [`EtcdValue::watch`].
    #[must_use]
    pub fn watch(&self) -> EtcdWatcher<Option<T>> {
        self.value.watch()
    }

    /// See [`EtcdValue::status`].
    #[must_use]
    pub fn status(&self) -> MemoryReader<Status> {
        self.value.status()
    }

    /// The same value without the codec, to be written in other ways: with a lease, or if it is as it was seen.
    #[must_use]
    pub fn bytes(&self) -> &EtcdValue<Option<T>> {
        &self.value
    }

    /// What [`set`](Self::set) stores for an item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it cannot be encoded, with the key and the cause.
    pub fn encode(&self, item: &T) -> Result<Vec<u8>, Error> {
        self.codec.encode(item).map_err(|cause| {
            let key = Readable(self.value.key_name());
            Error::InvalidArgument(format!("the item for {key} cannot be encoded: {cause}"))
        })
    }

    /// Stores an item; see [`EtcdValue::set`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it cannot be encoded, and those of [`EtcdValue::set`].
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`].
    pub async fn set(&self, item: &T) -> Result<i64, Error> {
        self.value.set(self.encode(item)?).await
    }

    /// Stores bytes as they are; see [`EtcdValue::set`].
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`].
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`].
    pub async fn set_bytes(&self, bytes: impl Into<Vec<u8>>) -> Result<i64, Error> {
        self.value.set(bytes).await
    }

    /// Deletes the key; see [`EtcdValue::delete`].
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`].
    ///
    /// # Cancel safety
    ///
    /// As [`EtcdValue::set`].
    pub async fn delete(&self) -> Result<i64, Error> {
        self.value.delete().await
    }
}

impl<T: 'static> Watch for CodedValue<T> {
    type Item = Option<T>;
    type Watcher = EtcdWatcher<Option<T>>;

    fn watch(&self) -> EtcdWatcher<Option<T>> {
        self.watch()
    }
}

/// The same value.
impl<T> Clone for CodedValue<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), codec: Arc::clone(&self.codec) }
    }
}

impl<T> fmt::Debug for CodedValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodedValue").field("value", &self.value).finish_non_exhaustive()
    }
}

/// Prepares a [`CodedValue`]. Made by [`Builder::codec`].
#[must_use = "nothing comes of it before `build`"]
pub struct CodedBuilder<T> {
    builder: Builder<Option<T>>,
    codec: Arc<dyn Codec<T>>,
}

impl<T: 'static> CodedBuilder<T> {
    pub(crate) fn of(builder: Builder<Option<T>>, codec: impl Codec<T>) -> Self {
        Self { builder, codec: Arc::new(codec) }
    }

    /// See [`Builder::initial`].
    pub fn initial(mut self, item: T) -> Self
    where
        T: Clone + Send + Sync,
    {
        self.builder = self.builder.initial(Some(item));
        self
    }

    /// The value. No request is made yet.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn build(self) -> Result<CodedValue<T>, Error> {
        let codec = Arc::clone(&self.codec);
        let builder = self.builder.decoder(move |key, bytes| {
            let decoded = bytes.map(|bytes| codec.decode(bytes)).transpose();
            Ok(decoded.map_err(|cause| DecodeError::new(&Arc::from(key), cause))?)
        });
        Ok(CodedValue { value: builder.build()?, codec: self.codec })
    }
}

impl<T> fmt::Debug for CodedBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodedBuilder").field("builder", &self.builder).finish_non_exhaustive()
    }
}
