//! What makes items of bytes.

use event_core::BackendError;

use crate::codec::BoxError;

/// A decoder of any type, which can be copied for one more watcher.
pub(crate) trait Decode<T>: Send {
    fn decode(&mut self, key: &[u8], bytes: Option<&[u8]>) -> Result<T, BackendError>;
    fn duplicate(&self) -> Box<dyn Decode<T>>;
}

struct Function<F>(F);

impl<T, F> Decode<T> for Function<F>
where
    F: FnMut(&[u8], Option<&[u8]>) -> Result<T, BoxError> + Clone + Send + 'static,
{
    fn decode(&mut self, key: &[u8], bytes: Option<&[u8]>) -> Result<T, BackendError> {
        (self.0)(key, bytes).map_err(BackendError::new)
    }

    fn duplicate(&self) -> Box<dyn Decode<T>> {
        Box::new(Self(self.0.clone()))
    }
}

/// A decoder out of a closure.
pub(crate) fn of_function<T, F>(function: F) -> Box<dyn Decode<T>>
where
    F: FnMut(&[u8], Option<&[u8]>) -> Result<T, BoxError> + Clone + Send + 'static,
{
    Box::new(Function(function))
}
