//! What is told through `tracing`, if that is wanted.

use core::time::Duration;

use event_core::Signal;

#[cfg(feature = "tracing")]
mod imp {
    /// The span of a runnable.
    #[derive(Clone, Debug)]
    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn of(path: &str) -> Self {
            // Of the highest level: whoever listens to anything hears where it comes from.
            Self(tracing::error_span!(parent: None, "runnable", path))
        }

        pub(crate) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
            self.0.in_scope(f)
        }
    }

    macro_rules! tell {
        ($level:ident, $span:expr, $($rest:tt)*) => { $span.within(|| tracing::$level!($($rest)*)) };
    }
    macro_rules! tell_outside {
        ($error:ident, $message:literal) => {
            tracing::error!($error, $message)
        };
    }
    pub(crate) use {tell, tell_outside};
}

#[cfg(not(feature = "tracing"))]
mod imp {
    /// Nothing is told.
    #[derive(Clone, Debug)]
    pub(crate) struct Span(());

    impl Span {
        pub(crate) fn of(_: &str) -> Self {
            Self(())
        }

        pub(crate) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
            f()
        }
    }

    macro_rules! tell {
        ($level:ident, $span:expr, $($name:ident $(= ?$value:ident)?,)* $message:literal) => {{
            let _ = $span;
            $(let _ = &$name;)*
        }};
    }
    macro_rules! tell_outside {
        ($error:ident, $message:literal) => {{
            let _ = $error;
        }};
    }
    pub(crate) use {tell, tell_outside};
}

pub(crate) use imp::Span;
use imp::{tell, tell_outside};

impl Span {
    pub(crate) fn started(&self) {
        tell!(debug, self, "started");
    }

    pub(crate) fn healthy(&self) {
        tell!(debug, self, "healthy");
    }

    pub(crate) fn done(&self) {
        tell!(debug, self, "done");
    }

    pub(crate) fn died(&self, error: &str) {
        tell!(warn, self, error, "died");
    }

    pub(crate) fn restarts_in(&self, delay: Duration) {
        tell!(info, self, delay = ?delay, "will be restarted");
    }

    pub(crate) fn cancelled(&self) {
        tell!(debug, self, "cancelled");
    }

    pub(crate) fn failed_at_end(&self, error: &str) {
        tell!(warn, self, error, "failed while it was being cancelled");
    }

    pub(crate) fn gave_up(&self, error: &str) {
        tell!(error, self, error, "died too often and will not be restarted");
    }

    pub(crate) fn meaningless(&self, signal: Signal, why: &str) {
        tell!(warn, self, signal = ?signal, why, "signalled out of order");
    }

    pub(crate) fn cannot_measure_grace(&self, error: &str) {
        tell!(error, self, error, "the grace period cannot be measured and counts as over");
    }

    pub(crate) fn overdue(&self, grace: Duration) {
        tell!(error, self, grace = ?grace, "was told to end and did not within the grace period");
    }
}

/// The runtime has panicked.
pub(crate) fn cannot_spawn(error: &str) {
    tell_outside!(error, "the runtime cannot start a task");
}

/// Something has panicked where nobody can be told otherwise.
pub(crate) fn panicked(error: &str) {
    tell_outside!(error, "a waker, a hook or the runtime panicked");
}
