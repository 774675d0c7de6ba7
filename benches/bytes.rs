//! What a value and its watchers cost in bytes, and how often the operations allocate, beside the peers: counted, not timed.

use std::process::ExitCode;
use std::{env, fs};

use event_benches::bytes::BytesRow;
use event_benches::peers::columns;
use event_benches::rows::{CheckRow, FollowRow, LargeRow, ProduceRow, Row, SpecialRow, StoreRow};
use serde_json::{Value, json};

// Counts for each thread apart, as the tests do. All that is asked of it runs on this thread.
#[path = "../tests/src/allocator.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is a module of a library, too")]
mod allocator;

#[global_allocator]
static ALLOCATOR: allocator::CountingAllocator = allocator::CountingAllocator;

const HELP: &str = "\
What values and watchers cost in bytes, and how often operations allocate.

Usage: cargo bench -p event-benches --bench bytes [-- OPTIONS]

  --json FILE  also write the figures to FILE
  --help       this text";

/// Rows of one thread, whose allocations are counted.
const ROWS: [Row; 12] = [
    Row::Store(StoreRow::Set),
    Row::Follow(FollowRow::SetGet),
    Row::Store(StoreRow::Read),
    Row::Follow(FollowRow::WaitCycle),
    Row::Follow(FollowRow::Churn),
    Row::Follow(FollowRow::WaitingChurn),
    Row::Check(CheckRow),
    Row::Large(LargeRow::Text),
    Row::Large(LargeRow::Array),
    Row::Special(SpecialRow::OnlyProducer),
    Row::Produce(ProduceRow::WaitCycle),
    Row::Special(SpecialRow::Unchanged),
];

fn main() -> ExitCode {
    let mut file = None;
    // `cargo bench` adds `--bench`; a test runner that takes this for a test adds nothing, and gets nothing.
    let mut arguments = env::args().skip(1).peekable();
    if arguments.peek().is_none() {
        return ExitCode::SUCCESS;
    }
    while let Some(argument) = arguments.next() {
        match (&*argument, &mut file) {
            ("--bench", _) => {}
            ("--json", file) if arguments.peek().is_some() => *file = arguments.next(),
            ("--help" | "-h", _) => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("bytes: no option {argument}\n\n{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    let rows = BytesRow::ALL.map(|row| (row.to_string(), cells(|column| column.bytes_of(row, allocator::live_bytes))));
    let allocations =
        ROWS.map(|row| (row.to_string(), cells(|column| column.offers(row).then(|| per_operation(column, row)))));
    for (heading, rows) in [("bytes", &rows[..]), ("allocations per operation", &allocations)] {
        println!("{heading}");
        for (row, cells) in rows {
            println!("  {row}");
            cells.iter().for_each(|(column, figure)| println!("    {figure:10.2} {column}"));
        }
    }
    let Some(file) = file else { return ExitCode::SUCCESS };
    let all = json!({ "bytes": rows.map(entry), "allocations": allocations.map(entry) });
    match fs::write(&file, format!("{all:#}\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bytes: {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn cells(figure: impl Fn(&event_benches::column::Column) -> Option<f64>) -> Vec<(&'static str, f64)> {
    columns().iter().filter_map(|column| Some((column.name, figure(column)?))).collect()
}

/// By the difference of two runs, so that start and warm-up do not count.
fn per_operation(column: &event_benches::column::Column, row: Row) -> f64 {
    const OPERATIONS: u64 = 1000;
    let run = |operations| {
        allocator::allocations_of(|| {
            column.run(row, operations).unwrap_or_else(|why| panic!("{}, {row}: {why}", column.name));
        })
    };
    let (once, twice) = (run(OPERATIONS), run(2 * OPERATIONS));
    twice.abs_diff(once) as f64 / OPERATIONS as f64
}

fn entry((row, cells): (String, Vec<(&str, f64)>)) -> Value {
    let cells: Vec<_> = cells.iter().map(|(column, figure)| json!({ "column": column, "figure": figure })).collect();
    json!({ "row": row, "cells": cells })
}
