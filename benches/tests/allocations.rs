//! No row of ours allocates in its steady state: twice as many operations allocate as often as once as many.

#![allow(clippy::tests_outside_test_module, reason = "this is a test target")]

use event_benches::column::{Column, Role};
use event_benches::peers::columns;
use event_benches::rows::{LargeRow, Row, Scheduler, Work};

// Counts for each thread apart, so only rows of one thread are asked here; `tests/tests/allocations.rs` has setters and readers on
// several threads.
#[path = "../../tests/src/allocator.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is a module of a library, too")]
mod allocator;

#[global_allocator]
static ALLOCATOR: allocator::CountingAllocator = allocator::CountingAllocator;

/// Whether all of the row runs on this thread, and what it sets is not itself on the heap.
fn is_steady(row: Row) -> bool {
    match row {
        Row::Store(_) | Row::Follow(_) | Row::Special(_) | Row::Produce(_) | Row::Check(_) | Row::Confirmed(_) => true,
        Row::Large(row) => row == LargeRow::Array,
        Row::FanOut(row) => row.scheduler == Scheduler::CurrentThread && row.work == Work::Light,
        // Several threads; and a change of a persistent map is a path of new nodes.
        Row::Threads(_) | Row::Fairness | Row::Blocking(_) | Row::Map(_) => false,
    }
}

fn allocations_per_operation(column: &Column, row: Row) -> f64 {
    const OPERATIONS: u64 = 20;
    let of = |operations| {
        allocator::allocations_of(|| {
            column.run(row, operations).unwrap_or_else(|why| panic!("{}, {row}: {why}", column.name));
        })
    };
    // What is allocated once in a program's life.
    of(1);
    let (once, twice) = (of(OPERATIONS), of(2 * OPERATIONS));
    (twice as f64 - once as f64) / OPERATIONS as f64
}

#[test]
fn no_steady_row_of_ours_allocates() {
    for (role, fewest) in [(Role::Ours, 16), (Role::Variant, 2)] {
        let ours = columns().into_iter().find(|column| column.role == role).expect("there is a column of ours");
        let rows: Vec<_> = Row::all().into_iter().filter(|row| is_steady(*row) && ours.offers(*row)).collect();
        assert!(rows.len() >= fewest, "{}: only {} rows are steady", ours.name, rows.len());
        for row in rows {
            assert_eq!(allocations_per_operation(&ours, row), 0.0, "{}, {row}", ours.name);
        }
    }
}

/// Otherwise the test above could not fail.
#[test]
fn what_allocates_is_found() {
    let columns = columns();
    let ours = columns.iter().find(|column| column.role == Role::Ours).expect("there is a column of ours");
    // The text that is set, and the one that is got.
    assert_eq!(allocations_per_operation(ours, Row::Large(LargeRow::Text)), 2.0);
}
