//! What is told through `tracing` (feature `tracing`). Without the feature, nothing is left of this.

pub(crate) use imp::{Wait, closed, set};

#[cfg(feature = "tracing")]
mod imp {
    use core::any::type_name;

    use tracing::Span;

    use crate::version::Version;

    /// The span of a get that waits, from the first poll that finds nothing to the end.
    #[derive(Debug, Default)]
    pub(crate) struct Wait(Option<Span>);

    impl Wait {
        pub(crate) fn begins<T>(&mut self) {
            self.0.get_or_insert_with(
                || tracing::trace_span!(target: "event_core", "get waits", item = type_name::<T>()),
            );
        }

        pub(crate) fn ends(&mut self) {
            self.0 = None;
        }
    }

    pub(crate) fn set<T>(version: Version) {
        tracing::trace!(target: "event_core", item = type_name::<T>(), version = version.raw(), "set");
    }

    pub(crate) fn closed<T>() {
        tracing::trace!(target: "event_core", item = type_name::<T>(), "closed");
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    use crate::version::Version;

    /// Nothing.
    #[derive(Debug, Default)]
    pub(crate) struct Wait(());

    impl Wait {
        #[inline(always)]
        pub(crate) fn begins<T>(&mut self) {}

        #[inline(always)]
        pub(crate) fn ends(&mut self) {}
    }

    #[inline(always)]
    pub(crate) fn set<T>(_: Version) {}

    #[inline(always)]
    pub(crate) fn closed<T>() {}
}
