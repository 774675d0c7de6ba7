//! Runs measurements on a thread of their own, so that a peer that panics or never comes back costs
//! one cell and not the run.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io;
use std::panic::{self, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The name of every thread that runs a peer's code, by which the panic hook knows them.
pub const THREAD_NAME: &str = "cell";

/// The first panic since it was last asked for.
static FIRST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// From now on, panics on threads named [`THREAD_NAME`] are kept for the report instead of printed.
pub fn keep_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(THREAD_NAME) {
            return print(info);
        }
        let what = message(info.payload());
        FIRST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }));
}

/// The first panic since the last call, in words; or that of `payload`, if another guard has asked for it.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> String {
    let first = FIRST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    format!("panicked: {}", first.unwrap_or_else(|| message(payload)))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").into()
}

/// A figure; or, in words, why there is none.
pub type Figure = Result<f64, String>;

type Job = Box<dyn FnOnce() -> Figure + Send>;

/// The thread that measures. Calls are served one at a time.
#[derive(Debug)]
pub struct Guard {
    patience: Duration,
    worker: Worker,
}

#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    outcomes: Receiver<Figure>,
}

impl Guard {
    /// A guard that gives each batch `patience` before it is given up.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub fn new(patience: Duration) -> io::Result<Self> {
        Ok(Self { patience, worker: Worker::start()? })
    }

    /// Measures one batch, and comes back in any case.
    ///
    /// A batch that does not end is left behind with its threads. They sleep, because that is what
    /// a lost wake-up looks like.
    pub fn run(&mut self, batch: impl FnOnce() -> Figure + Send + 'static) -> Figure {
        // The worker ends only when this end of the channel is dropped; if it did not, the next
        // line says so.
        let _ = self.worker.jobs.send(Box::new(batch));
        match self.worker.outcomes.recv_timeout(self.patience) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => {
                self.worker = Worker::start().map_err(|error| format!("hung, and no new thread: {error}"))?;
                Err(format!("hung: not over after {} s", self.patience.as_secs_f32()))
            }
            Err(RecvTimeoutError::Disconnected) => Err("the measuring thread ended".into()),
        }
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (jobs, todo) = channel::<Job>();
        let (done, outcomes) = channel();
        thread::Builder::new().name(THREAD_NAME.into()).spawn(move || {
            for batch in todo {
                // What an earlier cell left behind is not this one's.
                FIRST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
                let measured = catch_unwind(AssertUnwindSafe(batch));
                // Nobody listens any more to a thread that was given up.
                let _ = done.send(measured.unwrap_or_else(|payload| Err(panicked(&*payload))));
            }
        })?;
        Ok(Self { jobs, outcomes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Column, Role};
    use crate::harness::nanoseconds;
    use crate::rows::store::Store;
    use crate::rows::{Row, StoreRow};

    /// A peer that does something wrong when it is set to 3.
    struct Broken<const HOW: u8>;

    const PANICS: u8 = 0;
    const SLEEPS: u8 = 1;
    const FORGETS: u8 = 2;

    impl<const HOW: u8> Store for Broken<HOW> {
        type Value = ();

        fn new(_watchers: usize) {}

        fn set((): &(), data: u64) {
            match (HOW, data) {
                (PANICS, 3) => panic!("set to {data}"),
                (SLEEPS, 3) => loop {
                    thread::park();
                },
                _ => {}
            }
        }

        fn read((): &()) -> u64 {
            1
        }
    }

    fn outcome<const HOW: u8>(guard: &mut Guard) -> String {
        let column = Column::new("broken", Role::Peer, None, "").store::<Broken<HOW>>();
        guard.run(move || nanoseconds(column.run(Row::Store(StoreRow::Set), 5))).unwrap_err()
    }

    #[test]
    fn what_breaks_is_named_and_the_next_cell_is_measured() {
        keep_panics();
        let mut guard = Guard::new(Duration::from_secs(3)).unwrap();
        assert_eq!(outcome::<PANICS>(&mut guard), "panicked: set to 3");
        assert_eq!(outcome::<SLEEPS>(&mut guard), "hung: not over after 3 s");
        assert_eq!(outcome::<FORGETS>(&mut guard), "wrong last value: 1 instead of 5");
        assert_eq!(outcome::<PANICS>(&mut guard), "panicked: set to 3");
    }
}
