//! A harness for trees under test.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::fmt::Write;
use core::ops::Deref;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use event_supervisor::{Builder, Context, Runnable, State, Supervisor, Transition, Tree};
use tokio::time::timeout;

/// How long a tree may take, by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// A tree under test: the test fails when a runnable dies that was not [expected](Self::expect_deaths) to, when one does not
/// end in time, or when [`finish`](Self::finish) is forgotten. What it panics with names the runnables, and shows the tree.
///
/// Derefs to the [`Supervisor`].
///
/// Whatever the harness waits for takes at most [`patience`](Self::patience) of tokio's time, which may be
/// [paused](https://docs.rs/tokio/latest/tokio/time/fn.pause.html). A run that blocks its thread is named only if the test has another one: on a current-thread
/// runtime, everything stands still.
///
/// # Examples
///
/// ```
/// use event_tokio::supervisor::test_util::Harness;
/// use event_tokio::supervisor::{BoxError, Context, Signal};
///
/// async fn app(cx: Context) -> Result<(), BoxError> {
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tree = Harness::start(app);
/// tree.healthy("root").await;
/// tree.finish().await;
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it without `finish` is a failure"]
pub struct Harness {
    /// Until the end.
    supervisor: Option<Supervisor>,
    deaths: Arc<Mutex<Vec<String>>>,
    expected: BTreeSet<String>,
    patience: Duration,
}

impl Harness {
    /// Starts `root` on the runtime that this is called on, with the default settings.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(root: impl Runnable<Context> + 'static) -> Self {
        Self::with(super::builder(), root)
    }

    /// Starts `root` with other settings. The harness takes the place of the builder's [hook](Builder::on_transition).
    pub fn with(builder: Builder, root: impl Runnable<Context> + 'static) -> Self {
        let deaths = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&deaths);
        let builder = builder.on_transition(move |transition: &Transition| {
            if transition.to() == State::Dead {
                lock(&notes).push(transition.path().to_owned());
            }
        });
        Self { supervisor: Some(builder.start(root)), deaths, expected: BTreeSet::new(), patience: PATIENCE }
    }

    /// The runnable at `path` may die.
    pub fn expect_deaths(mut self, path: impl Into<String>) -> Self {
        self.expected.insert(path.into());
        self
    }

    /// How long whatever the harness waits for may take, 10 s by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits until the runnable at `path` is healthy or done.
    ///
    /// # Panics
    ///
    /// If it is not in time.
    pub async fn healthy(&self, path: &str) {
        let is_healthy =
            |tree: &Tree| tree.get(path).is_some_and(|status| matches!(status.state(), State::Healthy | State::Done));
        self.reaches(&format!("{path} to be healthy"), is_healthy).await;
    }

    /// Waits until the tree is so, and returns it.
    ///
    /// # Panics
    ///
    /// If it is not in time; `what` says what was waited for.
    pub async fn reaches(&self, what: &str, is_so: impl Fn(&Tree) -> bool) -> Tree {
        let state = self.state();
        match timeout(self.patience, state.watch().get().filter(is_so)).await {
            Ok(Ok(tree)) => tree,
            Ok(Err(_)) => panic!("the tree ended, and this waited for {what}:\n{}", self.tree()),
            Err(_) => panic!("this waited {:?} for {what}:\n{}", self.patience, self.tree()),
        }
    }

    fn tree(&self) -> Tree {
        self.state().load().unwrap_or_default()
    }

    /// Stops the tree, and checks that all went well.
    ///
    /// # Panics
    ///
    /// If a runnable died that was not expected to; if one did not end within the grace period; if the tree does not end in
    /// time.
    pub async fn finish(mut self) {
        let Some(supervisor) = self.supervisor.take() else { return };
        supervisor.cancel_all();
        let has_ended = timeout(self.patience, supervisor.ended()).await.is_ok();
        let tree = supervisor.state().load().unwrap_or_default();
        let mut report = String::new();
        if !has_ended {
            let hang = paths(&tree, |status| matches!(status.state(), State::New | State::Healthy));
            let late = paths(&tree, |status| status.is_overdue());
            // Parents wait for their children.
            let is_leaf = |path: &&String| !hang.iter().any(|other| other.starts_with(&format!("{path}.")));
            let who: Vec<_> = if late.is_empty() { hang.iter().filter(is_leaf).cloned().collect() } else { late };
            _ = writeln!(report, "the tree does not end; this hangs: {}", who.join(", "));
        }
        let late = paths(&tree, |status| status.is_overdue());
        if has_ended && !late.is_empty() {
            _ = writeln!(report, "these did not end within the grace period: {}", late.join(", "));
        }
        let deaths = lock(&self.deaths).clone();
        let unexpected: BTreeSet<_> = deaths.iter().filter(|path| !self.expected.contains(*path)).cloned().collect();
        if !unexpected.is_empty() {
            let unexpected: Vec<_> = unexpected.into_iter().collect();
            _ = writeln!(report, "these died: {}", unexpected.join(", "));
        }
        assert!(report.is_empty(), "{report}{tree}");
    }
}

fn paths(tree: &Tree, is_so: impl Fn(&event_supervisor::NodeStatus) -> bool) -> Vec<String> {
    tree.iter().filter(|(_, status)| is_so(status)).map(|(path, _)| path.to_owned()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deref for Harness {
    type Target = Supervisor;

    fn deref(&self) -> &Supervisor {
        self.supervisor.as_ref().expect("only `finish` takes it, and that takes the harness")
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        let is_forgotten = self.supervisor.take().is_some();
        assert!(!is_forgotten || thread::panicking(), "the harness was dropped without `finish`");
    }
}
