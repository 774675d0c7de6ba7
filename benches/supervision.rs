//! Supervision beside a `JoinSet` and beside task-supervisor: what starting, changing, restarting and stopping cost per runnable.
//!
//! In each round every column starts a number of runnables on a current-thread runtime of tokio, changes the state of some of them,
//! restarts some, and stops all. Printed are the medians of the rounds, in nanoseconds per runnable, and the medians of the rounds'
//! ratios of the first column to the `JoinSet`.
//!
//! "Seen": somebody has a reader of the tree's state, so that every change publishes a tree, as with somebody who watches. Nobody
//! looks at these.
//!
//! A `JoinSet` with a `CancellationToken` is what tasks cost that nobody supervises: it has no names, no state and no restarts, so its
//! restart is what a program does by hand. task-supervisor restarts single tasks by name, in one flat set; there are no groups,
//! no children, and no state that a run reports.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "benchmarks have std")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use event_benches::machine::load;
use event_benches::stats::Quartiles;
use event_tokio::CancellationToken;
use event_tokio::event_core::MemoryReader;
use event_tokio::supervisor::{self, BoxError, Context, Signal, Supervisor, Tree};
use task_supervisor::{SupervisedTask, SupervisorBuilder, SupervisorHandle, TaskResult};
use tokio::runtime::Builder;
use tokio::task::{AbortHandle, JoinSet, yield_now};

const HELP: &str = "\
Supervision beside a JoinSet and beside task-supervisor, in nanoseconds per runnable.

Usage: cargo bench -p event-benches --bench supervision [-- OPTIONS]

Options:
  --sizes LIST   how many runnables there are (10,1000,100000)
  --columns TEXT only the columns whose name contains TEXT
  --rounds N     rounds for each size (7)
  --quick        few rounds of few runnables: a smoke test, whose figures mean little
  --json FILE    ignored; for the other benchmarks, which cargo gives the same options
  --help         this text";

/// So many runnables change their state, and so many are restarted.
const SOME: usize = 100;

/// What is measured, in this order.
const WORKS: [&str; 4] = ["start", "change of state", "restart", "stop"];

/// Nanoseconds for each of the works; `None` for what a column has not.
type Figures = [Option<f64>; WORKS.len()];

/// How often a runnable has begun.
type Begun = Arc<AtomicUsize>;

async fn until_begun(begun: &Begun, times: usize) {
    while begun.load(Ordering::Relaxed) < times {
        yield_now().await;
    }
}

/// Something that keeps tasks going.
trait Column {
    /// Starts runnables, which count themselves as soon as they do their work.
    fn start(number: usize, begun: &Begun) -> Self;

    /// Changes the state of the first runnables. False if they have none.
    fn change(&self, number: usize) -> bool;

    /// Restarts the runnable with that number. It is ready when the old run has ended.
    async fn restart(&mut self, number: usize, begun: &Begun);

    /// Lets all of them end, and waits for that.
    async fn stop(self);
}

/// A supervisor, whose state somebody can see or nobody.
struct Ours<const SEEN: bool> {
    tree: Supervisor,
    contexts: Arc<Mutex<Vec<Context>>>,
    _state: Option<MemoryReader<Tree>>,
}

async fn parent(cx: Context, number: usize, begun: Begun, contexts: Arc<Mutex<Vec<Context>>>) -> Result<(), BoxError> {
    for number in 0..number {
        let (begun, contexts) = (Arc::clone(&begun), Arc::clone(&contexts));
        cx.run(number.to_string(), move |cx: Context| {
            if number < SOME {
                contexts.lock().unwrap_or_else(PoisonError::into_inner).push(cx.clone());
            }
            child(cx, Arc::clone(&begun))
        })?;
    }
    cx.children_healthy().await;
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

async fn child(cx: Context, begun: Begun) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    begun.fetch_add(1, Ordering::Relaxed);
    cx.cancelled().await;
    Ok(())
}

impl<const SEEN: bool> Column for Ours<SEEN> {
    fn start(number: usize, begun: &Begun) -> Self {
        let (begun, contexts) = (Arc::clone(begun), Arc::default());
        let keep = Arc::clone(&contexts);
        let tree = supervisor::start(move |cx| parent(cx, number, Arc::clone(&begun), Arc::clone(&keep)));
        Self { _state: SEEN.then(|| tree.state()), tree, contexts }
    }

    fn change(&self, number: usize) -> bool {
        let contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts[..number].iter().for_each(|cx| cx.signal(Signal::Done));
        true
    }

    async fn restart(&mut self, number: usize, begun: &Begun) {
        let before = begun.load(Ordering::Relaxed);
        self.tree.restart(&format!("root.{number}")).expect("it is there");
        until_begun(begun, before + 1).await;
    }

    async fn stop(self) {
        self.tree.stop().await;
    }
}

/// A `JoinSet`, and what a program adds to it for these works.
struct Bare {
    tasks: JoinSet<()>,
    end: CancellationToken,
    some: Vec<AbortHandle>,
}

impl Bare {
    fn spawn(&mut self, begun: &Begun) -> AbortHandle {
        let (begun, end) = (Arc::clone(begun), self.end.clone());
        self.tasks.spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            end.cancelled().await;
        })
    }
}

impl Column for Bare {
    fn start(number: usize, begun: &Begun) -> Self {
        let mut this = Self { tasks: JoinSet::new(), end: CancellationToken::new(), some: Vec::new() };
        for number in 0..number {
            let task = this.spawn(begun);
            if number < SOME {
                this.some.push(task);
            }
        }
        this
    }

    fn change(&self, _: usize) -> bool {
        false
    }

    async fn restart(&mut self, number: usize, begun: &Begun) {
        let before = begun.load(Ordering::Relaxed);
        self.some[number].abort();
        self.tasks.join_next().await;
        self.some[number] = self.spawn(begun);
        until_begun(begun, before + 1).await;
    }

    async fn stop(mut self) {
        self.end.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

#[derive(Clone)]
struct Task(Begun);

impl SupervisedTask for Task {
    async fn run(self, cancel: task_supervisor::CancellationToken) -> TaskResult {
        self.0.fetch_add(1, Ordering::Relaxed);
        cancel.cancelled().await;
        Ok(())
    }
}

impl Column for SupervisorHandle {
    fn start(number: usize, begun: &Begun) -> Self {
        let task = Task(Arc::clone(begun));
        let tasks = (0..number)
            .fold(SupervisorBuilder::new(), |tasks, number| tasks.with_task(&number.to_string(), task.clone()));
        tasks.spawn()
    }

    fn change(&self, _: usize) -> bool {
        false
    }

    async fn restart(&mut self, number: usize, begun: &Begun) {
        let before = begun.load(Ordering::Relaxed);
        self.restart_task(&number.to_string()).await.expect("it is there");
        until_begun(begun, before + 1).await;
    }

    async fn stop(self) {
        self.shutdown().await.expect("all of them end");
    }
}

/// One life of a number of runnables.
async fn life<C: Column>(number: usize) -> Figures {
    let some = number.min(SOME);
    let begun = Begun::default();
    let took = |since: Instant, operations: usize| Some(since.elapsed().as_nanos() as f64 / operations as f64);

    let since = Instant::now();
    let mut column = C::start(number, &begun);
    until_begun(&begun, number).await;
    let start = took(since, number);

    // Wake-ups of what has just begun are no part of the rest.
    yield_now().await;
    let since = Instant::now();
    let change = if column.change(some) { took(since, some) } else { None };

    let since = Instant::now();
    for number in 0..some {
        column.restart(number, &begun).await;
    }
    let restart = took(since, some);

    let since = Instant::now();
    column.stop().await;
    [start, change, restart, took(since, number)]
}

/// The mean of so many lives.
fn lives<C: Column>(number: usize, times: usize) -> Figures {
    let runtime = Builder::new_current_thread().enable_time().build().expect("there is a thread");
    let sum = (0..times).fold([Some(0.0); WORKS.len()], |sum, _| {
        let life = runtime.block_on(life::<C>(number));
        std::array::from_fn(|work| sum[work].zip(life[work]).map(|(sum, took)| sum + took))
    });
    sum.map(|sum| sum.map(|sum| sum / times as f64))
}

type Lives = fn(usize, usize) -> Figures;

const COLUMNS: [(&str, Lives); 4] = [
    (OURS, lives::<Ours<false>>),
    ("event-tokio, seen", lives::<Ours<true>>),
    (BARE, lives::<Bare>),
    ("task-supervisor", lives::<SupervisorHandle>),
];

const OURS: &str = "event-tokio";
const BARE: &str = "JoinSet";

fn main() -> ExitCode {
    let (mut sizes, mut rounds, mut wanted) = (vec![10, 1_000, 100_000], 7, String::new());
    let mut arguments = std::env::args().skip(1).peekable();
    // `cargo test --benches` passes nothing, and wants nothing measured.
    if arguments.peek().is_none() {
        return ExitCode::SUCCESS;
    }
    while let Some(argument) = arguments.next() {
        match &*argument {
            // What cargo adds.
            "--bench" => {}
            "--quick" => (sizes, rounds) = (vec![10, 1_000], 2),
            "--help" | "-h" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--sizes" | "--columns" | "--rounds" | "--json" => {
                let Some(text) = arguments.next() else { return wrong(&argument) };
                match &*argument {
                    "--columns" => wanted = text,
                    "--json" => {}
                    "--rounds" => match text.parse() {
                        Ok(number) if number > 0 => rounds = number,
                        _ => return wrong(&argument),
                    },
                    _ => match text.split(',').map(|size| size.parse().ok().filter(|size| *size > 0)).collect() {
                        Some(list) => sizes = list,
                        None => return wrong(&argument),
                    },
                }
            }
            _ => return wrong(&argument),
        }
    }
    let columns: Vec<_> = COLUMNS.into_iter().filter(|(name, _)| name.contains(&wanted)).collect();
    println!("{rounds} rounds, in nanoseconds per runnable; load before: {}\n", load());
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    println!("| | {} | to the JoinSet |\n|---|{}---:|", names.join(" | "), "---:|".repeat(names.len()));
    for size in sizes {
        measure(size, &columns, rounds);
    }
    println!("\nLoad after, this run included: {}", load());
    ExitCode::SUCCESS
}

fn wrong(argument: &str) -> ExitCode {
    eprintln!("what {argument:?} asks for is not clear\n\n{HELP}");
    ExitCode::from(2)
}

fn measure(size: usize, columns: &[(&str, Lives)], rounds: usize) {
    // Few runnables are soon over.
    let times = (2_000 / size).max(1);
    let mut all: Vec<Vec<Figures>> = vec![Vec::new(); columns.len()];
    for round in 0..rounds {
        for turn in 0..columns.len() {
            let which = (round + turn) % columns.len();
            all[which].push(columns[which].1(size, times));
        }
    }
    for (work, name) in WORKS.into_iter().enumerate() {
        let of = |column: usize| all[column].iter().map(|round| round[work]).collect::<Option<Vec<_>>>();
        let median = |column| of(column).and_then(|figures| Quartiles::of(&figures)).map(|quartiles| quartiles.median);
        let entries: Vec<_> = (0..columns.len())
            .map(|column| median(column).map_or("–".into(), |median| format!("{median:.0}")))
            .collect();
        let at = |name| columns.iter().position(|column| column.0 == name).and_then(of);
        let ratio = at(OURS).zip(at(BARE)).and_then(|(ours, bare)| Quartiles::of_ratio(&ours, &bare));
        let ratio = ratio
            .map_or("–".into(), |ratio| format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.lower, ratio.upper));
        println!("| {size}: {name} | {} | {ratio} |", entries.join(" | "));
    }
}
