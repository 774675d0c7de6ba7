//! What is told through `tracing`.

#![cfg(feature = "tracing")]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_supervisor::{BoxError, Context, Signal, Supervisor};
use support::{How, Journal, OnCancel, Puppet, Sim, without_jitter};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps all events as text, with the path of the span that they are in.
#[derive(Clone, Debug)]
struct Listener {
    level: Level,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    last_id: AtomicU64,
    paths: Mutex<BTreeMap<u64, String>>,
    within: Mutex<Vec<u64>>,
    events: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    fn new(level: Level) -> Self {
        Self { level, heard: Arc::default() }
    }

    /// What is heard while `f` runs. One at a time: whether anyone listens to an event is remembered for all threads.
    fn hear(&self, f: impl FnOnce()) -> Vec<String> {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = lock(&ONE);
        tracing::subscriber::with_default(self.clone(), f);
        std::mem::take(&mut *lock(&self.heard.events))
    }
}

/// The fields by name.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // event-core has events of its own, if some other crate asks for them.
        metadata.target() != "event_core" && *metadata.level() <= self.level
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.heard.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = Fields::default();
        span.record(&mut fields);
        assert_eq!(span.metadata().name(), "runnable");
        lock(&self.heard.paths).insert(id, fields.0.remove("path").unwrap_or_default());
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let mut text = format!("{} ", event.metadata().level());
        match lock(&self.heard.within).last() {
            Some(id) => text += &lock(&self.heard.paths)[id],
            None => text += "nowhere",
        }
        text = text + ": " + &message;
        for (name, value) in fields.0 {
            text += &format!(", {name}={value}");
        }
        lock(&self.heard.events).push(text);
    }

    fn enter(&self, id: &Id) {
        lock(&self.heard.within).push(id.into_u64());
    }

    fn exit(&self, _: &Id) {
        lock(&self.heard.within).pop();
    }
}

/// A tree with a member that ignores cancellation: it dies, is restarted, and stopped.
fn play(listener: &Listener) -> Vec<String> {
    listener.hear(|| {
        let sim = Sim::new(0);
        let journal = Journal::new(&sim);
        let deaf = Puppet::new(&journal, "deaf").on_cancel(OnCancel::Ignore);
        let root = Puppet::new(&journal, "root").healthy().runs([&deaf]);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(root);
        sim.settle();
        deaf.ends(How::Err);
        sim.advance(Duration::from_secs(1));
        deaf.signals(Signal::Done);
        sim.settle();
        supervisor.cancel_all();
        sim.advance(Duration::from_secs(4));
        assert!(!lock(&listener.heard.events).iter().any(|event| event.starts_with("ERROR")), "too early");
        sim.block_on(supervisor.stop());
    })
}

#[test]
fn what_happens_to_a_runnable_is_told_with_its_path() {
    let told = play(&Listener::new(Level::TRACE));
    let expected = [
        "DEBUG root: started",
        "DEBUG root: healthy",
        "DEBUG root.deaf: started",
        "WARN root.deaf: died, error=it was told to fail",
        "INFO root.deaf: will be restarted, delay=500ms",
        "DEBUG root.deaf: started",
        "WARN root.deaf: signalled out of order, signal=Done, why=it has not signalled that it is healthy",
        "DEBUG root.deaf: done",
        "ERROR root.deaf: was told to end and did not within the grace period, grace=5s",
        "DEBUG root.deaf: cancelled",
        "DEBUG root: cancelled",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_ignores_cancellation_is_reported_by_name_even_if_only_errors_are_heard() {
    let told = play(&Listener::new(Level::ERROR));
    assert_eq!(told, ["ERROR root.deaf: was told to end and did not within the grace period, grace=5s"]);
}

#[cfg(feature = "std")]
#[test]
fn a_panic_because_of_cancellation_is_told() {
    let told = Listener::new(Level::WARN).hear(|| {
        let sim = Sim::new(0);
        let journal = Journal::new(&sim);
        let root = Puppet::new(&journal, "root").on_cancel(OnCancel::End(How::Panic));
        let supervisor = Supervisor::start(sim.runtime(), root);
        sim.settle();
        sim.block_on(supervisor.stop());
    });
    assert_eq!(told, ["WARN root: failed while it was being cancelled, error=panicked: it was told to panic"]);
}

#[test]
fn what_a_runnable_tells_is_within_its_span() {
    let told = Listener::new(Level::INFO).hear(|| {
        let sim = Sim::new(0);
        let supervisor = Supervisor::start(sim.runtime(), async |cx: Context| {
            tracing::info!("before");
            cx.sleep(Duration::from_secs(1)).await;
            tracing::info!("after");
            cx.cancelled().await;
            Ok::<_, BoxError>(())
        });
        sim.advance(Duration::from_secs(2));
        tracing::info!("outside");
        sim.block_on(supervisor.stop());
    });
    assert_eq!(told, ["INFO root: before", "INFO root: after", "INFO nowhere: outside"]);
}

#[test]
fn signals_that_mean_nothing_are_warnings() {
    let told = Listener::new(Level::WARN).hear(|| {
        let sim = Sim::new(0);
        let journal = Journal::new(&sim);
        let (a, b) = (Puppet::new(&journal, "a").healthy(), Puppet::new(&journal, "b"));
        let supervisor = Supervisor::start(sim.runtime(), Puppet::new(&journal, "root").runs([&a]).runs([&b]));
        sim.settle();
        for signal in [Signal::Healthy, Signal::Done, Signal::Done, Signal::Healthy] {
            a.signals(signal);
        }
        b.signals(Signal::Done);
        sim.settle();
        a.ends(How::Ok);
        b.ends(How::Err);
        sim.settle();
        for signal in [Signal::Healthy, Signal::Done] {
            a.context().signal(signal);
            b.context().signal(signal);
        }
        supervisor.cancel_all();
        // That it is being cancelled it may not know yet.
        sim.block_on(supervisor.stop());
    });
    let expected = [
        "a: signalled out of order, signal=Healthy, why=it has signalled that before",
        "a: signalled out of order, signal=Done, why=it has signalled that before",
        "a: signalled out of order, signal=Healthy, why=it has signalled that it is done",
        "b: signalled out of order, signal=Done, why=it has not signalled that it is healthy",
        "b: died, error=it was told to fail",
        "a: signalled out of order, signal=Healthy, why=its run has ended",
        "b: signalled out of order, signal=Healthy, why=its run has ended",
        "a: signalled out of order, signal=Done, why=its run has ended",
        "b: signalled out of order, signal=Done, why=its run has ended",
    ];
    assert_eq!(told, expected.map(|event| format!("WARN root.{event}")));
}
