//! The lock for what is off the hot path.

#[cfg(event_core_loom)]
use loom::sync::Mutex;
#[cfg(event_core_shuttle)]
use shuttle::sync::Mutex;
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
use spin::Mutex;

/// Guards data that is touched for a few instructions at a time. No user code runs meanwhile, and nothing is
/// allocated.
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(data: T) -> Self {
        Self(Mutex::new(data))
    }

    #[cfg(not(any(event_core_loom, event_core_shuttle)))]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock())
    }

    #[cfg(any(event_core_loom, event_core_shuttle))]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().expect("a model has failed already"))
    }
}
