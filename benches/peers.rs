//! event-core beside its peers, in nanoseconds; `cargo bench -p event-benches -- --help` tells
//! more.

use core::error::Error;
use std::process::ExitCode;
use std::{env, io};

use event_benches::args::{HELP, Request, parse};
use event_benches::column::Column;
use event_benches::guard::{Guard, keep_panics};
use event_benches::machine::{Machine, load};
use event_benches::peers::columns;
use event_benches::rows::Row;
use event_benches::{harness, json, report};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match parse(env::args_os().skip(1))? {
        Request::Nothing => Ok(()),
        Request::Help => {
            print!("{HELP}");
            Ok(())
        }
        Request::Measure { rows, plan, json } => {
            let chosen = |row: &Row| match &rows {
                Some(pattern) => pattern.is_match(&row.to_string()),
                None => plan.long_rows || !row.is_long(),
            };
            let rows: Vec<_> = Row::all().into_iter().filter(chosen).collect();
            if rows.is_empty() {
                let names: Vec<_> = Row::all().iter().map(Row::to_string).collect();
                return Err(format!("no row has such a name; there are:\n{}", names.join("\n")).into());
            }
            let machine = Machine::here();
            let columns: Vec<_> = columns().into_iter().filter(Column::is_here).collect();
            println!("{}", report::heading(&machine, plan, &columns));
            keep_panics();
            let mut guard = Guard::new(plan.patience)?;
            let mut measured = Vec::new();
            for row in rows {
                eprintln!("measuring: {row}");
                measured.push((row, harness::measure(row, &columns, plan, &mut guard)));
            }
            print!("{}", report::tables(&columns, &measured));
            println!("\nLoad after, this run included: {}", load());
            if let Some(file) = json {
                json::write(&file, &machine, plan, &measured)
                    .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
            }
            Ok(())
        }
    }
}
