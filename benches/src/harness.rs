//! Measures a row: calibrates every cell, then lets the columns take turns for some rounds.
//!
//! The usual libraries, criterion and divan, finish one benchmark before they start the next. On a
//! machine that others use as well, or that changes its clock, the columns of a row would then be
//! measured on what amounts to different machines; so this is a small harness of our own.

use core::time::Duration;

use crate::column::Column;
use crate::guard::Guard;
use crate::rows::Row;

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Batches per cell.
    pub rounds: usize,
    /// How long one batch is meant to take.
    pub batch: Duration,
    /// When a batch is given up.
    pub patience: Duration,
}

/// What came out of one cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Whose cell it is.
    pub column: Column,
    /// Iterations per batch.
    pub iterations: u64,
    /// Nanoseconds per operation, one figure a round; or, in words, why there are none.
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
            match guard.run(cell.column, row, cell.iterations) {
                Ok(took) => figures.push(per_operation(took, row, cell.iterations)),
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
        let took = match guard.run(column, row, iterations) {
            Ok(took) => took,
            Err(why) => {
                return Cell { column, iterations, figures: Err(format!("{why} (calibration)")) };
            }
        };
        let per_iteration = took.as_nanos().max(1) as f64 / iterations as f64;
        let fitting = (plan.batch.as_nanos() as f64 / per_iteration).ceil() as u64;
        if took >= plan.batch / 4 {
            return Cell { column, iterations: fitting.max(1), figures: Ok(Vec::with_capacity(plan.rounds)) };
        }
        iterations = fitting.clamp(iterations + 1, iterations * GROWTH);
    }
}

fn per_operation(took: Duration, row: Row, iterations: u64) -> f64 {
    took.as_nanos() as f64 / (iterations * row.operations_per_iteration()) as f64
}
