//! Measures a row: calibrates every cell, then lets the columns take turns for some rounds.
//!
//! The usual libraries, criterion and divan, finish one benchmark before they start the next. On a
//! machine that others use as well, or that changes its clock, the columns of a row would then be
//! measured on what amounts to different machines; so this is a small harness of our own.

use core::time::Duration;

use crate::column::Column;
use crate::guard::{Figure, Guard};
use crate::rows::{Outcome, Row};

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Batches per cell.
    pub rounds: usize,
    /// How long one batch is meant to take.
    pub batch: Duration,
    /// When a batch is given up.
    pub patience: Duration,
    /// Whether rows that take long are measured even if nobody asks for them by name.
    pub long_rows: bool,
}

/// What came out of one cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Whose cell it is.
    pub column: Column,
    /// Iterations per batch.
    pub iterations: u64,
    /// Nanoseconds per operation, or the row's other unit, one figure a round; or, in words, why there are none.
    pub figures: Result<Vec<f64>, String>,
}

/// Measures `row` for every column that offers it.
///
/// A column that hangs, panics or delivers something wrong drops out of the row, and the others go
/// on.
pub fn measure(row: Row, columns: &[Column], plan: Plan, guard: &mut Guard) -> Vec<Cell> {
    let offered = columns.iter().copied().filter(|column| column.offers(row));
    let mut cells: Vec<Cell> = offered.map(|column| calibrated(column, row, plan, guard)).collect();
    for round in 0..plan.rounds {
        // Rotated, so that no column always runs in the wake of the same other one.
        for turn in 0..cells.len() {
            let place = (round + turn) % cells.len();
            let cell = &mut cells[place];
            let Ok(figures) = &mut cell.figures else {
                continue;
            };
            match batch(cell.column, row, cell.iterations, plan, guard) {
                Ok(figure) => figures.push(figure / per_figure(row, cell.iterations)),
                Err(why) => cell.figures = Err(format!("{why} (round {} of {})", round + 1, plan.rounds)),
            }
        }
    }
    cells
}

/// Finds how many iterations take as long as the plan says; this also warms the cell up.
fn calibrated(column: Column, row: Row, plan: Plan, guard: &mut Guard) -> Cell {
    /// At most this many times as many iterations in the next attempt: short attempts are a poor
    /// guess.
    const GROWTH: u64 = 20;
    let mut iterations = 1;
    loop {
        let took = match batch(column, row, iterations, plan, guard) {
            // Takes as long as it is told to.
            Ok(_) if row == Row::Fairness => return Cell { column, iterations, figures: Ok(Vec::new()) },
            Ok(nanoseconds) => nanoseconds,
            Err(why) => {
                return Cell { column, iterations, figures: Err(format!("{why} (calibration)")) };
            }
        };
        let wanted = plan.batch.as_nanos() as f64;
        let fitting = (wanted * iterations as f64 / took.max(1.0)).ceil() as u64;
        if took >= wanted / 4.0 {
            return Cell { column, iterations: fitting.max(1), figures: Ok(Vec::with_capacity(plan.rounds)) };
        }
        iterations = fitting.clamp(iterations + 1, iterations * GROWTH);
    }
}

/// Runs one batch: the nanoseconds of all its iterations, or the figure of a row of another unit.
fn batch(column: Column, row: Row, iterations: u64, plan: Plan, guard: &mut Guard) -> Figure {
    match row {
        Row::Fairness => guard.run(move || column.fairness(plan.batch)),
        _ => guard.run(move || nanoseconds(column.run(row, iterations))),
    }
}

/// What a batch's figure is divided by.
fn per_figure(row: Row, iterations: u64) -> f64 {
    if row == Row::Fairness { 1.0 } else { (iterations * row.operations_per_iteration()) as f64 }
}

pub(crate) fn nanoseconds(outcome: Outcome) -> Figure {
    outcome.map(|took| took.as_nanos() as f64)
}
