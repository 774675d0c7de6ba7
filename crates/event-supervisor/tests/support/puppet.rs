//! Runnables that do as they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_core::MemoryValue;
use event_supervisor::{BoxError, Context, Handle, Runnable, Signal};
use futures_lite::future::or;

use super::journal::Journal;

/// A runnable that is commanded from outside. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Puppet {
    strings: Arc<Strings>,
}

#[derive(Debug)]
struct Strings {
    name: String,
    journal: Journal,
    /// What it does each time it is started.
    at_start: Mutex<Vec<Command>>,
    /// What it does once.
    queue: Mutex<VecDeque<Command>>,
    queued: MemoryValue<()>,
    on_cancel: Mutex<OnCancel>,
    ends_first: Mutex<Option<How>>,
    /// Those of all runs.
    contexts: Mutex<Vec<Context>>,
    /// Of all groups that it started, with the names of their members.
    handles: Mutex<Vec<(Vec<String>, Handle)>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Signal(Signal),
    /// Starts a group.
    Run(Vec<Puppet>),
    /// Its groups end one after the other.
    Ordered,
    /// A child's group may die so many times within that time.
    Limit(u32, Duration),
    /// Tells the group of the child with this name to end, or to start again.
    Cancel(String),
    Restart(String),
    End(How),
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Ok,
    Err,
    #[cfg(feature = "std")]
    Panic,
}

/// What is said of a death.
const NOT_DONE: &str = "returned without having signalled that it is done";
const FAILED: &str = "it was told to fail";
#[cfg(feature = "std")]
const PANICKED: &str = "panicked: it was told to panic";

/// What it does when it finds itself cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnCancel {
    End(How),
    After(Duration, How),
    /// It goes on waiting for commands.
    Ignore,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Puppet {
    pub(crate) fn new(journal: &Journal, name: impl Into<String>) -> Self {
        let strings = Strings {
            name: name.into(),
            journal: journal.clone(),
            at_start: Mutex::default(),
            queue: Mutex::default(),
            queued: MemoryValue::new(),
            on_cancel: Mutex::new(OnCancel::End(How::Ok)),
            ends_first: Mutex::default(),
            contexts: Mutex::default(),
            handles: Mutex::default(),
        };
        Self { strings: Arc::new(strings) }
    }

    fn at_start(self, command: Command) -> Self {
        lock(&self.strings.at_start).push(command);
        self
    }

    /// Signals healthy each time it is started.
    pub(crate) fn healthy(self) -> Self {
        self.at_start(Command::Signal(Signal::Healthy))
    }

    /// Signals that it is done, and returns, each time it is started.
    pub(crate) fn done(self) -> Self {
        self.at_start(Command::Signal(Signal::Done)).at_start(Command::End(How::Ok))
    }

    /// Starts a group each time it is started.
    pub(crate) fn runs<'a>(self, group: impl IntoIterator<Item = &'a Self>) -> Self {
        self.at_start(Command::Run(group.into_iter().cloned().collect()))
    }

    /// A child's group may die so many times within that time.
    pub(crate) fn limit(self, deaths: u32, window: Duration) -> Self {
        self.at_start(Command::Limit(deaths, window))
    }

    /// The newest group that it started which has a member of this name.
    pub(crate) fn handle(&self, name: &str) -> Handle {
        let handles = lock(&self.strings.handles);
        let found = handles.iter().rev().find(|(names, _)| names.iter().any(|known| known == name));
        found.unwrap_or_else(|| panic!("{} has started no {name}", self.name())).1.clone()
    }

    /// Its groups end one after the other.
    pub(crate) fn ordered(self) -> Self {
        self.at_start(Command::Ordered)
    }

    /// What it does when it finds itself cancelled. Otherwise it returns.
    pub(crate) fn on_cancel(self, on_cancel: OnCancel) -> Self {
        *lock(&self.strings.on_cancel) = on_cancel;
        self
    }

    /// When it is started for the first time, it ends at once.
    pub(crate) fn ending_first(self, how: How) -> Self {
        *lock(&self.strings.ends_first) = Some(how);
        self.ends(how);
        self
    }

    pub(crate) fn ends_first(&self) -> Option<How> {
        *lock(&self.strings.ends_first)
    }

    /// What it does each time it is started.
    pub(crate) fn script(&self) -> Vec<Command> {
        lock(&self.strings.at_start).clone()
    }

    pub(crate) fn how_it_cancels(&self) -> OnCancel {
        *lock(&self.strings.on_cancel)
    }

    pub(crate) fn name(&self) -> &str {
        &self.strings.name
    }

    /// It does this as soon as it can: if it does not run, after its next start.
    pub(crate) fn does(&self, command: Command) {
        lock(&self.strings.queue).push_back(command);
        self.strings.queued.set(());
    }

    pub(crate) fn signals(&self, signal: Signal) {
        self.does(Command::Signal(signal));
    }

    pub(crate) fn ends(&self, how: How) {
        self.does(Command::End(how));
    }

    /// The context of its last run.
    pub(crate) fn context(&self) -> Context {
        lock(&self.strings.contexts).last().expect("it was started").clone()
    }

    /// The contexts of all runs.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        lock(&self.strings.contexts).clone()
    }

    fn next(&self) -> Option<Command> {
        lock(&self.strings.queue).pop_front()
    }
}

impl Runnable<Context> for Puppet {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let presence = self.strings.journal.enter(cx.path());
        lock(&self.strings.contexts).push(cx.clone());
        let mut news = self.strings.queued.watch();
        let at_start = lock(&self.strings.at_start).clone();
        for command in at_start {
            if let Some(ending) = self.obey(command, &cx) {
                return ending;
            }
        }
        let mut is_told = false;
        loop {
            while let Some(command) = self.next() {
                if let Some(ending) = self.obey(command, &cx) {
                    return ending;
                }
            }
            let told = async {
                if is_told {
                    std::future::pending().await
                }
                cx.cancelled().await;
                true
            };
            let commanded = async {
                // The value is never closed before this is gone.
                _ = news.get().await;
                false
            };
            if or(told, commanded).await {
                is_told = true;
                presence.told();
                let on_cancel = *lock(&self.strings.on_cancel);
                match on_cancel {
                    OnCancel::End(how) => return how.end(),
                    OnCancel::After(duration, how) => {
                        cx.sleep(duration).await;
                        return how.end();
                    }
                    OnCancel::Ignore => {}
                }
            }
        }
    }
}

impl Puppet {
    fn obey(&self, command: Command, cx: &Context) -> Option<Result<(), BoxError>> {
        match command {
            Command::Signal(signal) => cx.signal(signal),
            Command::Ordered => _ = cx.ordered(),
            Command::Limit(deaths, window) => _ = cx.limit(deaths, window),
            Command::Cancel(name) => self.handle(&name).cancel(),
            Command::Restart(name) => self.handle(&name).restart(),
            Command::Run(group) => {
                let names = group.iter().map(|puppet| puppet.name().to_owned()).collect();
                let members = group.into_iter().map(|puppet| (puppet.name().to_owned(), puppet));
                match cx.run_group(members) {
                    Ok(handle) => lock(&self.strings.handles).push((names, handle)),
                    Err(error) => return Some(Err(error.into())),
                }
            }
            Command::End(how) => return Some(how.end()),
        }
        None
    }
}

impl How {
    pub(crate) fn end(self) -> Result<(), BoxError> {
        match self {
            Self::Ok => Ok(()),
            Self::Err => Err(FAILED.into()),
            // Not `panic`, which would print a message each time.
            #[cfg(feature = "std")]
            Self::Panic => std::panic::resume_unwind(Box::new("it was told to panic")),
        }
    }

    /// What is said of it if it is a death.
    pub(crate) fn error(self) -> &'static str {
        match self {
            Self::Ok => NOT_DONE,
            Self::Err => FAILED,
            #[cfg(feature = "std")]
            Self::Panic => PANICKED,
        }
    }

    pub(crate) fn is_panic(self) -> bool {
        !matches!(self, Self::Ok | Self::Err)
    }

    /// All ways to die.
    pub(crate) fn deaths() -> Vec<Self> {
        vec![
            Self::Ok,
            Self::Err,
            #[cfg(feature = "std")]
            Self::Panic,
        ]
    }
}
