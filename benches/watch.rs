//! `event_tokio::watch` beside tokio's own watch channel, method by method, in nanoseconds.
//!
//! The operations are written once and compiled for both channels. In each round every row runs one batch on the one and one on
//! the other, in alternating order; printed are the medians, and the median and quartiles of the rounds' ratios.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "benchmarks have std")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use event_benches::machine::load;
use event_benches::stats::Quartiles;

const HELP: &str = "\
event_tokio::watch beside tokio::sync::watch, in nanoseconds per operation.

Usage: cargo bench -p event-benches --bench watch [-- OPTIONS]

Options:
  --rows TEXT   only the rows whose name contains TEXT
  --rounds N    batches per cell (400)
  --quick       few rounds: a smoke test, whose figures mean little
  --json FILE   ignored; for the other benchmarks, which cargo gives the same options
  --help        this text";

/// Runs so many operations and says how long they took.
type Run = fn(u64) -> Duration;

/// The operations on one of the channels.
macro_rules! operations {
    ($name:ident, $($watch:ident)::+) => {
        mod $name {
            use std::future::Future;
            use std::hint::black_box;
            use std::pin::pin;
            use std::task::{Context, Waker};
            use std::time::{Duration, Instant};

            use $($watch)::+ as watch;

            fn is_ready(future: impl Future) -> bool {
                pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
            }

            fn timed(operations: u64, mut operation: impl FnMut(u64)) -> Duration {
                (1..100).for_each(&mut operation);
                let start = Instant::now();
                (0..operations).for_each(operation);
                start.elapsed()
            }

            pub(super) const ROWS: &[(&str, super::Run)] = &[
                ("send", |operations| {
                    let (sender, _receiver) = watch::channel(0);
                    timed(operations, |n| black_box(&sender).send(black_box(n)).unwrap())
                }),
                ("send, changed, borrow", |operations| {
                    let (sender, mut receiver) = watch::channel(0);
                    timed(operations, |n| {
                        black_box(&sender).send(black_box(n)).unwrap();
                        assert!(is_ready(receiver.changed()));
                        assert_eq!(*black_box(&receiver).borrow(), n);
                    })
                }),
                ("wait, send, changed, borrow_and_update", |operations| {
                    let (sender, mut receiver) = watch::channel(0);
                    timed(operations, |n| {
                        let mut cx = Context::from_waker(Waker::noop());
                        {
                            let mut changed = pin!(receiver.changed());
                            assert!(changed.as_mut().poll(&mut cx).is_pending());
                            black_box(&sender).send(black_box(n)).unwrap();
                            assert!(changed.as_mut().poll(&mut cx).is_ready());
                        }
                        assert_eq!(*black_box(&mut receiver).borrow_and_update(), n);
                    })
                }),
                ("borrow", |operations| {
                    let (_sender, receiver) = watch::channel(7);
                    timed(operations, |_| assert_eq!(*black_box(&receiver).borrow(), 7))
                }),
                ("borrow of a sender", |operations| {
                    let (sender, _receiver) = watch::channel(7);
                    timed(operations, |_| assert_eq!(*black_box(&sender).borrow(), 7))
                }),
                ("borrow_and_update", |operations| {
                    let (_sender, mut receiver) = watch::channel(7);
                    timed(operations, |_| assert_eq!(*black_box(&mut receiver).borrow_and_update(), 7))
                }),
                ("has_changed: no", |operations| {
                    let (_sender, receiver) = watch::channel(7);
                    timed(operations, |_| assert!(!black_box(&receiver).has_changed().unwrap()))
                }),
                ("has_changed: yes", |operations| {
                    let (sender, receiver) = watch::channel(7);
                    sender.send(8).unwrap();
                    timed(operations, |_| assert!(black_box(&receiver).has_changed().unwrap()))
                }),
                ("mark_unchanged", |operations| {
                    let (_sender, mut receiver) = watch::channel(7);
                    timed(operations, |_| black_box(&mut receiver).mark_unchanged())
                }),
                ("changed, pending", |operations| {
                    let (_sender, mut receiver) = watch::channel(7);
                    timed(operations, |_| assert!(!is_ready(black_box(&mut receiver).changed())))
                }),
                ("wait_for what is there", |operations| {
                    let (_sender, mut receiver) = watch::channel(7);
                    timed(operations, |_| assert!(is_ready(black_box(&mut receiver).wait_for(|n| *n == 7))))
                }),
                ("send_modify", |operations| {
                    let (sender, _receiver) = watch::channel(7_u64);
                    timed(operations, |n| black_box(&sender).send_modify(|value| *value = n))
                }),
                ("send_if_modified: true", |operations| {
                    let (sender, _receiver) = watch::channel(7_u64);
                    timed(operations, |n| {
                        assert!(black_box(&sender).send_if_modified(|value| {
                            *value = n;
                            true
                        }));
                    })
                }),
                ("send_if_modified: false", |operations| {
                    let (sender, _receiver) = watch::channel(7_u64);
                    timed(operations, |_| assert!(!black_box(&sender).send_if_modified(|value| black_box(*value) == 0)))
                }),
                ("send_replace", |operations| {
                    let (sender, _receiver) = watch::channel(7_u64);
                    timed(operations, |n| _ = black_box(black_box(&sender).send_replace(n)))
                }),
                ("clone and drop a receiver", |operations| {
                    let (_sender, receiver) = watch::channel(7_u64);
                    timed(operations, |_| drop(black_box(&receiver).clone()))
                }),
            ];
        }
    };
}

operations!(ours, event_tokio::watch);
operations!(theirs, tokio::sync::watch);

fn main() -> ExitCode {
    let (mut rows, mut rounds, batch) = (String::new(), 400, Duration::from_micros(50));
    let mut arguments = std::env::args().skip(1).peekable();
    // `cargo test --benches` passes nothing, and wants nothing measured.
    if arguments.peek().is_none() {
        return ExitCode::SUCCESS;
    }
    while let Some(argument) = arguments.next() {
        match &*argument {
            // What cargo adds.
            "--bench" => {}
            "--quick" => rounds = 5,
            "--help" | "-h" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--rows" | "--rounds" | "--json" => match (&*argument, arguments.next()) {
                ("--rows", Some(text)) => rows = text,
                ("--json", Some(_)) => {}
                ("--rounds", Some(text)) => match text.parse() {
                    Ok(number) if number > 0 => rounds = number,
                    _ => return wrong(&argument),
                },
                _ => return wrong(&argument),
            },
            _ => return wrong(&argument),
        }
    }
    println!("{rounds} rounds; load before: {}\n", load());
    println!("| | event-tokio, ns | tokio, ns | ratio (quartiles) |\n|---|---:|---:|---:|");
    for (&(name, ours), &(_, theirs)) in ours::ROWS.iter().zip(theirs::ROWS).filter(|(row, _)| row.0.contains(&*rows)) {
        measure(name, [ours, theirs], rounds, batch);
    }
    println!("\nLoad after, this run included: {}", load());
    ExitCode::SUCCESS
}

fn wrong(argument: &str) -> ExitCode {
    eprintln!("what {argument:?} asks for is not clear\n\n{HELP}");
    ExitCode::from(2)
}

fn measure(name: &str, runs: [Run; 2], rounds: usize, batch: Duration) {
    let operations = runs.map(|run| fitting(run, batch));
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let took = runs[which](operations[which]);
            figures[which].push(took.as_nanos() as f64 / operations[which] as f64);
        }
    }
    let [ours, theirs] = figures.each_ref().map(|figures| Quartiles::of(figures).expect("there is a round"));
    let ratio = Quartiles::of_ratio(&figures[0], &figures[1]).expect("there is a round");
    println!(
        "| {name} | {:.1} | {:.1} | {:.2} ({:.2} to {:.2}) |",
        ours.median, theirs.median, ratio.median, ratio.lower, ratio.upper
    );
}

/// How many operations take about as long as `batch`. This also warms up.
fn fitting(run: Run, batch: Duration) -> u64 {
    let mut operations = 100;
    loop {
        let start = Instant::now();
        let took = run(operations);
        if took * 4 >= batch || start.elapsed() > batch {
            let fits = operations as f64 * batch.as_secs_f64() / took.as_secs_f64().max(1e-9);
            return (fits as u64).max(1);
        }
        operations *= 4;
    }
}
