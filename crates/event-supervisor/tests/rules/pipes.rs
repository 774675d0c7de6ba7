//! A pipe and whoever receives from it, in one group.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::{MemoryValue, pipe};
use event_supervisor::{BoxError, Context, Signal, Supervisor, boxed};

use crate::support::{How, Journal, Mailbox, Puppet, Sim, scenario, stop, without_jitter};

/// What the receiver has, and nothing before it was given something. It forgets that when it is restarted.
type Received = Arc<Mutex<Option<u32>>>;

fn received(received: &Received) -> Option<u32> {
    *received.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tree with a group of a pipe, a receiver and somebody else, whom `dies` kills.
fn start<F: Future<Output = u32> + Send>(
    sim: &Sim,
    piped: impl Fn() -> event_supervisor::BoxRunnable + Send + 'static,
    receive: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> (Supervisor, Received, Puppet) {
    let journal = Journal::new(sim);
    let (has, dies) = (Received::default(), Puppet::new(&journal, "dies").healthy());
    let (keeps, other) = (Arc::clone(&has), dies.clone());
    let root = move |cx: Context| {
        let receiver = {
            let (keeps, receive) = (Arc::clone(&keeps), receive.clone());
            move |cx: Context| {
                let (keeps, receive) = (Arc::clone(&keeps), receive.clone());
                async move {
                    *keeps.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    cx.signal(Signal::Healthy);
                    let receive = async {
                        loop {
                            let item = receive().await;
                            *keeps.lock().unwrap_or_else(PoisonError::into_inner) = Some(item);
                        }
                    };
                    futures_lite::future::or(receive, cx.cancelled()).await;
                    Ok::<_, BoxError>(())
                }
            }
        };
        let started = cx.run_group([("pipe", piped()), ("receiver", boxed(receiver)), ("dies", boxed(other.clone()))]);
        async move {
            started?;
            cx.signal(Signal::Healthy);
            cx.cancelled().await;
            Ok::<_, BoxError>(())
        }
    };
    let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(root);
    (supervisor, has, dies)
}

fn assert_each_restart_delivers_what_is_present(
    sim: &Sim,
    value: &MemoryValue<u32>,
    (supervisor, has, dies): (Supervisor, Received, Puppet),
) {
    value.set(1);
    sim.settle();
    assert_eq!(received(&has), Some(1));
    for _ in 0..3 {
        for how in How::deaths() {
            dies.ends(how);
            sim.advance(Duration::from_secs(200));
            assert_eq!(received(&has), value.load(), "without a new set");
        }
        value.update(|value| *value += 1);
        sim.settle();
        assert_eq!(received(&has), value.load());
    }
    // And if it is set while the group does not run.
    dies.ends(How::Err);
    sim.settle();
    value.set(100);
    sim.settle();
    assert_ne!(received(&has), Some(100));
    sim.advance(Duration::from_secs(200));
    assert_eq!(received(&has), Some(100));
    stop(sim, supervisor);
}

#[test]
fn after_every_restart_a_pipe_delivers_the_present_value_into_a_channel() {
    scenario("a pipe into a channel", |sim| {
        let (value, mailbox) = (MemoryValue::new(), Mailbox::new());
        let (reader, sender) = (value.reader(), mailbox.clone());
        let piped = move || boxed(pipe(reader.clone(), sender.clone()));
        let receive = move || {
            let mailbox = mailbox.clone();
            async move { mailbox.receive().await }
        };
        assert_each_restart_delivers_what_is_present(sim, &value, start(sim, piped, receive));
    });
}

#[test]
fn after_every_restart_a_pipe_delivers_the_present_value_into_another_value() {
    scenario("a pipe into a value", |sim| {
        let (value, copy) = (MemoryValue::new(), MemoryValue::new());
        let (reader, to) = (value.reader(), copy.clone());
        let piped = move || boxed(pipe(reader.clone(), to.clone()));
        let receive = move || {
            let copy = copy.clone();
            async move {
                let item = copy.watch().get().await.expect("it is never closed");
                // What was received is gone: only the pipe can bring it again.
                copy.clear();
                item
            }
        };
        assert_each_restart_delivers_what_is_present(sim, &value, start(sim, piped, receive));
    });
}

#[test]
fn a_pipe_whose_value_is_closed_dies() {
    scenario("the value of a pipe is closed", |sim| {
        let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
        let supervisor =
            Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(pipe(value.reader(), copy.clone()));
        sim.settle();
        drop(value);
        sim.settle();
        let tree = supervisor.state().load().expect("there is always a tree");
        assert_eq!(tree.to_string(), "dead  root  restart in 500ms, last error: the value of the pipe is closed");
        assert_eq!(copy.load(), Some(1));
        stop(sim, supervisor);
    });
}
