//! How data is written and read: as text, as it is, or as JSON.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::range::Readable;

/// What decoders and codecs fail with: any error, so that `?` works on all of them.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Encodes data of a type for the cluster, and decodes what is stored there.
///
/// [`Text`], [`Bytes`] and, with the feature `json`, `Json` are codecs. Both methods may run at any time and more than once for
/// the same data, and must depend on nothing but the codec and their argument.
///
/// # Examples
///
/// ```
/// use event_etcd::{BoxError, Codec, Text};
///
/// /// A pair of numbers, as in `3x4`.
/// struct Size;
///
/// impl Codec<(u32, u32)> for Size {
///     fn encode(&self, (width, height): &(u32, u32)) -> Result<Vec<u8>, BoxError> {
///         Ok(format!("{width}x{height}").into())
///     }
///
///     fn decode(&self, bytes: &[u8]) -> Result<(u32, u32), BoxError> {
///         let (width, height) = std::str::from_utf8(bytes)?.split_once('x').ok_or("there is no x")?;
///         Ok((width.parse()?, height.parse()?))
///     }
/// }
///
/// assert_eq!(Size.decode(&Size.encode(&(3, 4)).unwrap()).unwrap(), (3, 4));
/// assert_eq!(Codec::<u32>::decode(&Text, b"17").unwrap(), 17);
/// ```
pub trait Codec<T>: Send + Sync + 'static {
    /// What is stored for an item.
    ///
    /// # Errors
    ///
    /// If the item cannot be stored.
    fn encode(&self, item: &T) -> Result<Vec<u8>, BoxError>;

    /// The item for which this is stored.
    ///
    /// # Errors
    ///
    /// If it is stored for no item.
    fn decode(&self, bytes: &[u8]) -> Result<T, BoxError>;

    /// Whether these bytes are what [`encode`](Self::encode) returns for the item.
    ///
    /// A map compares what is stored with what it has, so this runs more often than `encode`. Implement it where it can be known
    /// without encoding.
    fn is_stored_as(&self, item: &T, bytes: &[u8]) -> bool {
        self.encode(item).is_ok_and(|encoded| encoded == bytes)
    }
}

/// Compares what is written to it with these bytes, of which it has the rest: what is written and differs is an error.
struct Expected<'a>(&'a [u8]);

impl Expected<'_> {
    fn meet(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }
}

impl fmt::Write for Expected<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.meet(text.as_bytes()).ok_or(fmt::Error)
    }
}

#[cfg(feature = "json")]
impl std::io::Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.meet(bytes).map(|()| bytes.len()).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The text that [`Display`](fmt::Display) writes and [`FromStr`](std::str::FromStr) parses, in UTF-8: strings, numbers,
/// addresses and whatever else has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text;

impl<T> Codec<T> for Text
where
    T: fmt::Display + std::str::FromStr,
    T::Err: Into<BoxError>,
{
    fn encode(&self, item: &T) -> Result<Vec<u8>, BoxError> {
        Ok(item.to_string().into_bytes())
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, BoxError> {
        std::str::from_utf8(bytes)?.parse().map_err(Into::into)
    }

    fn is_stored_as(&self, item: &T, bytes: &[u8]) -> bool {
        let mut expected = Expected(bytes);
        fmt::write(&mut expected, format_args!("{item}")).is_ok() && expected.0.is_empty()
    }
}

/// The bytes as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes;

macro_rules! bytes {
    ($($Item:ty)+) => { $(
        impl Codec<$Item> for Bytes {
            fn encode(&self, item: &$Item) -> Result<Vec<u8>, BoxError> {
                Ok(item.to_vec())
            }

            fn decode(&self, bytes: &[u8]) -> Result<$Item, BoxError> {
                Ok(bytes.into())
            }

            fn is_stored_as(&self, item: &$Item, bytes: &[u8]) -> bool {
                **item == *bytes
            }
        }
    )+ };
}

bytes! { Vec<u8> Box<[u8]> Arc<[u8]> }

/// JSON, by serde.
#[cfg(feature = "json")]
#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Json {
    fn encode(&self, item: &T) -> Result<Vec<u8>, BoxError> {
        Ok(serde_json::to_vec(item)?)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    fn is_stored_as(&self, item: &T, bytes: &[u8]) -> bool {
        let mut expected = Expected(bytes);
        serde_json::to_writer(&mut expected, item).is_ok() && expected.0.is_empty()
    }
}

/// What is stored under a key, or the key itself, is nothing that the codec can decode.
#[derive(Clone, Debug)]
pub struct DecodeError {
    key: Arc<[u8]>,
    cause: Arc<dyn StdError + Send + Sync>,
}

impl DecodeError {
    pub(crate) fn new(key: &Arc<[u8]>, cause: BoxError) -> Self {
        Self { key: Arc::clone(key), cause: cause.into() }
    }

    /// The key, as the cluster has it.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what is stored under {} cannot be decoded: {}", Readable(&self.key), self.cause)
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn knows<T>(codec: impl Codec<T>, item: &T) {
        let stored = codec.encode(item).expect("it can be stored");
        assert!(codec.is_stored_as(item, &stored));
        for at in 0..=stored.len() {
            let (mut longer, mut other) = (stored.clone(), stored.clone());
            longer.insert(at, b'0');
            assert!(!codec.is_stored_as(item, &longer), "{at}");
            if at < stored.len() {
                other[at] ^= 1;
                assert!(!codec.is_stored_as(item, &other) && !codec.is_stored_as(item, &stored[..at]), "{at}");
            }
        }
    }

    #[test]
    fn a_codec_knows_what_it_stores_without_storing_it() {
        knows(Text, &17);
        // Written in several parts.
        knows(Text, &core::net::SocketAddr::from(([192, 0, 2, 10], 80)));
        knows(Text, &"some text".to_owned());
        knows(Text, &String::new());
        knows(Bytes, &vec![1, 2, 3]);
        knows::<Arc<[u8]>>(Bytes, &Arc::from([1, 2, 3]));
        #[cfg(feature = "json")]
        knows(Json, &(1, Some("x".to_owned()), vec![true, false]));
    }
}
