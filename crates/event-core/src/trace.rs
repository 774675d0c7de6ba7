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

#[cfg(all(test, feature = "tracing", not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::sync::Arc;
    use core::fmt::Write;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Waker};
    use std::sync::Mutex;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use crate::MemoryValue;

    /// Writes everything down.
    #[derive(Clone, Default)]
    struct Notebook(Arc<Mutex<String>>);

    impl Notebook {
        fn note(&self, what: &str, metadata: &Metadata<'_>, fields: impl FnOnce(&mut Fields)) {
            if metadata.target() == "event_core" {
                let mut text = Fields(format!("{what} {}", metadata.name()));
                fields(&mut text);
                let mut notes = self.0.lock().unwrap();
                notes.push_str(&text.0);
                notes.push('\n');
            }
        }

        fn take(&self) -> String {
            core::mem::take(&mut self.0.lock().unwrap())
        }
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn core::fmt::Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    impl Subscriber for Notebook {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.note("span", span.metadata(), |fields| span.record(fields));
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.note("event", event.metadata(), |fields| event.record(fields));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}

        fn try_close(&self, _: Id) -> bool {
            self.0.lock().unwrap().push_str("end of span\n");
            true
        }
    }

    #[test]
    fn sets_closes_and_waits_are_told() {
        let notebook = Notebook::default();
        let _default = tracing::subscriber::set_default(notebook.clone());
        let value = MemoryValue::<u8>::new();
        let mut watcher = value.watch();
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut get = pin!(watcher.get());
            assert!(get.as_mut().poll(&mut cx).is_pending());
            assert!(get.as_mut().poll(&mut cx).is_pending());
            assert_eq!(notebook.take(), "span get waits item=\"u8\"\n");
            value.set(1);
            let set = notebook.take();
            assert!(set.starts_with("event ") && set.contains("message=set") && set.contains("version=1"), "{set}");
            assert!(get.as_mut().poll(&mut cx).is_ready());
            assert_eq!(notebook.take(), "end of span\n");
        }
        drop(pin!(watcher.get()).poll(&mut cx));
        assert_eq!(notebook.take(), "span get waits item=\"u8\"\nend of span\n");
        value.close();
        let closed = notebook.take();
        assert!(closed.contains("message=closed"), "{closed}");
        value.close();
        value.set(2);
        assert_eq!(notebook.take(), "");
    }

    #[test]
    fn every_publication_is_told() {
        let notebook = Notebook::default();
        let _default = tracing::subscriber::set_default(notebook.clone());
        let value = MemoryValue::with_value(0);
        let publications: [fn(&MemoryValue<i32>); 7] = [
            |value| _ = value.set(1),
            |value| _ = value.try_set(2),
            |value| _ = value.replace(3),
            |value| _ = value.set_if_not_eq(4),
            |value| _ = value.update(|n| *n += 1),
            |value| _ = value.compare_and_set(value.version(), 6),
            MemoryValue::clear,
        ];
        for (version, publish) in (2..).zip(publications) {
            notebook.take();
            publish(&value);
            let set = notebook.take();
            assert!(set.contains("message=set") && set.contains(&format!("version={version}")), "{version}: {set}");
        }
    }

    #[test]
    fn a_get_that_does_not_wait_has_no_span() {
        let notebook = Notebook::default();
        let _default = tracing::subscriber::set_default(notebook.clone());
        let value = MemoryValue::with_value(1);
        notebook.take();
        assert!(pin!(value.watch().get()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(notebook.take(), "");
    }
}
