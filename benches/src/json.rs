//! Every figure of a run, for other programs.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use crate::harness::{Cell, Plan};
use crate::machine::{Machine, load};
use crate::rows::Row;
use crate::stats::Quartiles;

/// Writes the run to `file`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(file: &Path, machine: &Machine, plan: Plan, rows: &[(Row, Vec<Cell>)]) -> io::Result<()> {
    let run = json!({
        "machine": {
            "processor": machine.processor,
            "cores": machine.cores,
            "compiler": machine.compiler,
            "opt_level": machine.optimisation,
            "read_modify_write_ns": machine.read_modify_write,
            "load_before": machine.load,
            "load_after": load(),
        },
        "plan": { "rounds": plan.rounds, "batch_ns": plan.batch.as_nanos() as u64 },
        "unit": "ns per operation",
        "rows": rows.iter().map(|(row, cells)| json!({
            "row": row.to_string(),
            "cells": cells.iter().map(cell).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    fs::write(file, format!("{run:#}\n"))
}

fn cell(cell: &Cell) -> Value {
    let (column, version) = (cell.column.name, cell.column.version());
    match &cell.figures {
        Ok(figures) => {
            let quartiles = Quartiles::of(figures);
            json!({
                "column": column,
                "version": version,
                "iterations_per_batch": cell.iterations,
                "median": quartiles.map(|quartiles| quartiles.median),
                "lower_quartile": quartiles.map(|quartiles| quartiles.lower),
                "upper_quartile": quartiles.map(|quartiles| quartiles.upper),
                "figures": figures,
            })
        }
        Err(why) => json!({ "column": column, "version": version, "broken": why }),
    }
}
