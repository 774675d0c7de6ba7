//! Runs one hot path a given number of times, for a tool that counts instructions;
//! `instructions.sh` calls it.

use core::error::Error;
use std::env;
use std::process::ExitCode;

use event_benches::peers::columns;
use event_benches::rows::{FollowRow, Row, SpecialRow, StoreRow};

const PATHS: [(&str, Row); 7] = [
    ("set", Row::Store(StoreRow::Set)),
    ("set_idle", Row::Follow(FollowRow::SetIdle)),
    ("set_get", Row::Follow(FollowRow::SetGet)),
    ("read", Row::Store(StoreRow::Read)),
    ("wait_cycle", Row::Follow(FollowRow::WaitCycle)),
    ("only_producer", Row::Special(SpecialRow::OnlyProducer)),
    ("unchanged", Row::Special(SpecialRow::Unchanged)),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [path, iterations, column] = arguments.as_slice() else {
        let (paths, columns) = (PATHS.map(|(name, _)| name).join(" "), columns());
        let columns: Vec<_> = columns.iter().map(|column| column.name).collect();
        eprintln!("usage: counts PATH ITERATIONS COLUMN\npaths: {paths}\ncolumns: {}", columns.join(", "));
        // Not an error: a test runner that takes this for a test gives no arguments.
        return Ok(());
    };
    let (_, row) = PATHS.into_iter().find(|(name, _)| name == path).ok_or("no such path")?;
    let column = columns().into_iter().find(|other| other.name == column).ok_or("no such column")?;
    let iterations = iterations.parse()?;
    column.run(row, iterations)?;
    Ok(())
}
