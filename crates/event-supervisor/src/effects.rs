//! What has to be done outside after something has happened in a tree.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use event_core::{MemoryValue, Signal};
use smallvec::SmallVec;

use crate::body::catch;
use crate::flag::Flag;
use crate::log::Span;
use crate::look_out::LookOut;
use crate::place::Place;
use crate::rest::Rest;
use crate::run::{Run, RunId, Starting};
use crate::runnable::BoxRunnable;
use crate::shared::Shared;
use crate::timer::Timer;

/// Collected while the tree is locked, performed when it is not: all of this may run code that is not ours.
#[derive(Default)]
pub(crate) struct Effects {
    notes: SmallVec<[(Arc<Run>, Note); 1]>,
    discarded: SmallVec<[Discarded; 1]>,
    /// Runs that were told to end, or have ended.
    pub(crate) cancelled: SmallVec<[Arc<Run>; 1]>,
    pub(crate) raise: Vec<Arc<Flag>>,
    pub(crate) starting: SmallVec<[Starting; 1]>,
    pub(crate) rests: Vec<Rest>,
    timers: Vec<(Timer, Duration)>,
    /// Of those that are told to end now.
    pub(crate) look_out: Option<Arc<LookOut>>,
    /// A run of each has ended.
    pub(crate) watched: SmallVec<[Arc<LookOut>; 1]>,
    /// The grace period of these has passed.
    pub(crate) overdue: Vec<Arc<Run>>,
    /// What says whether the children of this run are healthy or done, where that has changed.
    pub(crate) readiness: Vec<(MemoryValue<bool>, RunId)>,
    /// The tree has changed.
    pub(crate) publish: bool,
    /// The tree has ended.
    pub(crate) close: bool,
    /// Raised last.
    pub(crate) gone: Vec<Arc<Flag>>,
}

/// What is told through `tracing`.
pub(crate) enum Note {
    Healthy,
    Done,
    Died(Arc<str>),
    RestartsIn(Duration),
    Cancelled,
    FailedAtEnd(Arc<str>),
    GaveUp(Arc<str>),
    Meaningless(Signal, &'static str),
}

/// A runnable that is not needed any more.
struct Discarded {
    runnable: BoxRunnable,
    /// Of whom, unless nobody knows.
    of: Option<(Span, Place)>,
}

impl Effects {
    pub(crate) fn note(&mut self, run: &Arc<Run>, note: Note) {
        if cfg!(feature = "tracing") {
            self.notes.push((Arc::clone(run), note));
        }
    }

    pub(crate) fn discard(&mut self, runnable: BoxRunnable, span: Span, place: Place) {
        self.discarded.push(Discarded { runnable, of: Some((span, place)) });
    }

    pub(crate) fn discard_unknown(&mut self, runnable: BoxRunnable) {
        self.discarded.push(Discarded { runnable, of: None });
    }

    /// A timer that begins now.
    pub(crate) fn timer(&mut self, duration: Duration) -> Timer {
        let timer = Timer::new();
        self.timers.push((timer.clone(), duration));
        timer
    }

    /// Does all of it, whatever of it panics. Returns the message of the first panic, all but whose text was printed.
    pub(crate) fn perform(self, shared: &Arc<Shared>) -> Result<(), String> {
        let mut first = Ok(());
        let mut attempt = |f: &mut dyn FnMut()| {
            let done = catch(f);
            if first.is_ok() {
                first = done;
            }
        };
        let Self { notes, discarded, cancelled, raise, starting, rests, timers, .. } = self;
        for (run, note) in notes {
            attempt(&mut || note.tell(&run.span));
        }
        // Before anybody hears that they have ended.
        for Discarded { runnable, of } in discarded {
            let mut runnable = Some(runnable);
            let dropped = catch(|| match &of {
                Some((span, _)) => span.within(|| drop(runnable.take())),
                None => drop(runnable.take()),
            });
            if let (Err(panic), Some((span, place))) = (dropped, of) {
                let panic: Arc<str> = panic.into();
                attempt(&mut || span.failed_at_end(&panic));
                attempt(&mut || shared.failed_at_end(&place, &panic));
            }
        }
        for (timer, duration) in timers {
            // Without a timer it is never over: delays are not reset, and deaths count for ever.
            if let Ok(sleep) = shared.sleep(duration) {
                timer.start(sleep);
            }
        }
        for run in self.overdue {
            attempt(&mut || run.span.overdue(shared.settings.grace));
            attempt(&mut || run.drop_body());
        }
        for run in cancelled {
            attempt(&mut || run.cancelled.raise());
        }
        for flag in raise {
            attempt(&mut || flag.raise());
        }
        for look_out in self.watched {
            attempt(&mut || look_out.one_ended());
        }
        // What was woken last may have to wait for this thread: after that, nothing is woken but watchers of the tree.
        if let Some(look_out) = self.look_out {
            attempt(&mut || Arc::clone(&look_out).start(shared));
        }
        for run in starting {
            shared.spawn(run.into_task());
        }
        for rest in rests {
            attempt(&mut || rest.clone().start(shared));
        }
        for (value, parent) in self.readiness {
            // What is so now: another thread may have changed it again, and be done with this already. If it changes it while this
            // is being set, one of the two comes second, and asks again.
            let newest = |_: Option<&bool>| (shared.with_engine(|engine| engine.are_children_ready(parent)), ());
            attempt(&mut || _ = value.transition(newest));
        }
        if self.publish {
            attempt(&mut || shared.publish());
        }
        if self.close {
            // Each by itself: a waker that panics in the first does not keep the state open.
            attempt(&mut || shared.publish_last());
            attempt(&mut || shared.close());
        }
        for flag in self.gone {
            attempt(&mut || flag.raise());
        }
        attempt(&mut || shared.tell_transitions());
        first
    }
}

impl Note {
    fn tell(&self, span: &Span) {
        match self {
            Self::Healthy => span.healthy(),
            Self::Done => span.done(),
            Self::Died(error) => span.died(error),
            Self::RestartsIn(delay) => span.restarts_in(*delay),
            Self::Cancelled => span.cancelled(),
            Self::FailedAtEnd(error) => span.failed_at_end(error),
            Self::GaveUp(error) => span.gave_up(error),
            Self::Meaningless(signal, why) => span.meaningless(*signal, why),
        }
    }
}
