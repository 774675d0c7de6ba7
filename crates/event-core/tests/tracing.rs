//! What is told through `tracing`.

#![cfg(feature = "tracing")]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use event_core::MemoryValue;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

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
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
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
fn a_get_that_does_not_wait_has_no_span() {
    let notebook = Notebook::default();
    let _default = tracing::subscriber::set_default(notebook.clone());
    let value = MemoryValue::with_value(1);
    notebook.take();
    assert!(pin!(value.watch().get()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(notebook.take(), "");
}
