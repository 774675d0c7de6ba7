//! Whether some time has passed.

use alloc::sync::Arc;
use core::mem;
use core::task::{Context, Waker};

use crate::body::catch;
use crate::lock::Lock;
use crate::runtime::BoxFuture;

/// A sleep that nobody waits for: now and then somebody asks whether it is over. So it needs no task and wakes nobody.
/// Clones are the same one.
#[derive(Clone)]
pub(crate) struct Timer(Arc<Lock<Sleep>>);

enum Sleep {
    /// Not yet, or never: the runtime could not.
    None,
    Going(BoxFuture<'static, ()>),
    Over,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Lock::new(Sleep::None)))
    }

    pub(crate) fn start(&self, sleep: BoxFuture<'static, ()>) {
        self.0.with(|state| *state = Sleep::Going(sleep));
    }

    /// Asks the runtime whether it is over. To be called where no tree is locked.
    pub(crate) fn check(&self) {
        let old = self.0.with(|state| {
            let Sleep::Going(sleep) = state else { return Sleep::None };
            // While this is locked: of two threads that ask at the same time, both shall know.
            let next = match catch(|| sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))) {
                Ok(polled) if polled.is_pending() => return Sleep::None,
                Ok(_) => Sleep::Over,
                Err(_) => Sleep::None,
            };
            mem::replace(state, next)
        });
        let _ = catch(|| drop(old));
    }

    /// What the last check found.
    pub(crate) fn is_over(&self) -> bool {
        self.0.with(|state| matches!(state, Sleep::Over))
    }
}
