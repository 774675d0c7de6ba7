//! What makes items of bytes.

use event_core::BackendError;

/// A decoder of any type, which can be copied for one more watcher.
pub(crate) trait Decode<T>: Send {
    fn decode(&mut self, key: &[u8], bytes: Option<&[u8]>) -> Result<T, BackendError>;
    fn duplicate(&self) -> Box<dyn Decode<T>>;
}

struct Function<F, E> {
    function: F,
    error: std::marker::PhantomData<fn() -> E>,
}

impl<T, F, E> Decode<T> for Function<F, E>
where
    F: FnMut(&[u8], Option<&[u8]>) -> Result<T, E> + Clone + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    fn decode(&mut self, key: &[u8], bytes: Option<&[u8]>) -> Result<T, BackendError> {
        (self.function)(key, bytes).map_err(BackendError::new)
    }

    fn duplicate(&self) -> Box<dyn Decode<T>> {
        Box::new(Self { function: self.function.clone(), error: self.error })
    }
}

/// A decoder out of a closure.
pub(crate) fn of_function<T, F, E>(function: F) -> Box<dyn Decode<T>>
where
    F: FnMut(&[u8], Option<&[u8]>) -> Result<T, E> + Clone + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    Box::new(Function { function, error: std::marker::PhantomData })
}
