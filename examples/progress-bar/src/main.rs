//! The progress of a long job is a watched value. The job sets it as often as it likes and never waits for the terminal; the bar shows
//! the newest.
//!
//! `cargo run -p progress-bar`

#![allow(clippy::std_instead_of_core, reason = "a program has std")]

use std::thread;
use std::time::Duration;

use event_core::{MemoryWriter, prelude::*};
use indicatif::ProgressBar;

/// What there is to do.
const STEPS: u64 = 200_000;

/// The job is the only producer. The value is closed when it returns, or panics.
fn job(mut progress: MemoryWriter<u64>) {
    let mut sum = 0_u64;
    for step in 1..=STEPS {
        sum = (0..500).fold(sum, |sum, n| sum.rotate_left(3) ^ n ^ step);
        progress.set(step);
    }
    std::hint::black_box(sum);
}

fn main() {
    let progress = MemoryWriter::new();
    let mut shown = progress.watch();
    let job = thread::spawn(move || job(progress));

    let bar = ProgressBar::new(STEPS);
    let mut updates = 0;
    for step in shown.blocking_iter() {
        bar.set_position(step);
        updates += 1;
        thread::sleep(Duration::from_millis(20)); // a slow terminal
    }
    bar.finish();
    match job.join() {
        Ok(()) => println!("{STEPS} steps, shown {updates} times"),
        Err(_) => println!("the job has failed at step {}", shown.load().unwrap_or(0)),
    }
}
