//! Who is measured: one file per peer, each with its column and its implementations of the traits
//! of the rows.
//!
//! What runs in the timed loops is marked `#[inline]` in all of them alike. Without that it would
//! be a matter of luck, of how the compiler cuts this crate into units, which peer is called and
//! which is inlined.

use crate::column::Column;

mod arc_swap;
mod arcshift;
mod async_watch;
mod asyncband;
mod await_values;
mod condvar;
mod embassy;
mod event_listener;
mod eyeball;
mod floor;
mod futures_signals;
mod go;
mod hazarc;
mod n0_watcher;
mod ours;
mod postage;
mod see;
mod tokio_watch;
mod watchable;

/// Every column, in the order of the tables.
#[must_use]
pub fn columns() -> Vec<Column> {
    vec![
        ours::COLUMN,
        ours::SHARDS_COLUMN,
        tokio_watch::COLUMN,
        eyeball::COLUMN,
        futures_signals::COLUMN,
        embassy::COLUMN,
        embassy::ONE_THREAD_COLUMN,
        async_watch::COLUMN,
        n0_watcher::COLUMN,
        asyncband::COLUMN,
        see::COLUMN,
        await_values::COLUMN,
        postage::COLUMN,
        watchable::COLUMN,
        event_listener::COLUMN,
        arc_swap::COLUMN,
        hazarc::COLUMN,
        arcshift::COLUMN,
        condvar::COLUMN,
        go::COLUMN,
        floor::COLUMN,
    ]
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::columns;
    use crate::column::Role;
    use crate::guard::Guard;
    use crate::harness::nanoseconds;
    use crate::rows::{MOST_WATCHERS, Row, Scheduler};

    /// Every row checks by itself that what was delivered is what was set.
    #[test]
    fn every_peer_delivers_in_every_row_that_it_offers() {
        // A peer that loses a wake-up would otherwise keep the test waiting for ever.
        let mut guard = Guard::new(Duration::from_secs(30)).unwrap();
        for column in columns() {
            for row in Row::all().into_iter().filter(|row| column.offers(*row)) {
                // Three peers are known to break there now and then; the report says so, by name.
                let two_workers = matches!(row, Row::FanOut(row) if row.scheduler != Scheduler::CurrentThread);
                // Some take a time that grows with the square of the tasks.
                let many = matches!(row, Row::FanOut(row) if row.tasks > MOST_WATCHERS) && column.role == Role::Peer;
                if many || two_workers && ["futures-signals", "async-watch", "see"].contains(&column.name) {
                    continue;
                }
                let outcome = guard.run(move || match row {
                    Row::Fairness => column.fairness(Duration::from_millis(1)),
                    // Some read 100,000 keys a hundred times for one change.
                    Row::Map(_) => nanoseconds(column.run(row, 1)),
                    _ => nanoseconds(column.run(row, 5)),
                });
                assert!(outcome.is_ok(), "{}, {row}: {outcome:?}", column.name);
            }
        }
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let mut names: Vec<_> = columns().iter().map(|column| column.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        let ours = columns().iter().filter(|column| column.role == Role::Ours).count();
        assert_eq!(ours, 1);
    }
}
