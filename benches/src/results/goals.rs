//! The goals that the project has set itself, as far as they are rows here.

use core::fmt::Write as _;

use super::document::{OURS, median, spread};
use super::{Entry, Run, best};
use crate::column::{Column, Role};
use crate::rows::{FanOutRow, FollowRow, Row, SpecialRow, StoreRow, ThreadsRow, Work};
use crate::stats::Quartiles;

/// A row in which ours may take at most so much of another's time.
struct Goal {
    row: Row,
    /// What ours is there, where the name of the row does not say it.
    ours: &'static str,
    against: Against,
    /// At most this much of the other's time.
    most: f64,
}

/// Whom ours is compared with.
#[derive(Clone, Copy)]
enum Against {
    BestPeer,
    /// The best peer that several threads may set: others need not be safe for what they do.
    BestSharedPeer,
    /// The better one of the two that have a cache for each reader.
    Caches,
    Floor,
}

impl Against {
    fn has(self, column: Column) -> bool {
        match self {
            Against::BestPeer => column.role == Role::Peer,
            Against::BestSharedPeer => column.role == Role::Peer && column.offers(Row::Threads(ThreadsRow::Set)),
            Against::Caches => ["arc-swap", "hazarc"].contains(&column.name),
            Against::Floor => column.role == Role::Floor,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Against::BestPeer => "the best peer",
            Against::BestSharedPeer => "the best peer that several threads may set",
            Against::Caches => "the better of the two caches",
            Against::Floor => "the floor",
        }
    }
}

/// Why a goal may be missed.
const FAR_FROM_FLOOR: &str = "what is left of a delivery is four read-modify-writes, of which the floor has none: the ticket that a \
    setter gives back, the count in and out of a reader, and the bit that arms. Left out for a trial, with 1,000 tasks, on a machine \
    on which one takes 5 ns: tickets 5 of 60 ns on one thread, nothing of 66 on 2 workers; the reader's counts 8 of 60, and 20 of 66, \
    since the workers count at the same place. On one on which it takes 2 ns: tickets 0.3 of 43.5 and 3 of 75, counts 2.5 of 43.5 and \
    19 of 75. Tried: counts at two places as soon as readers have met, which is 48 bytes more for each value and 1 ns more for an only \
    producer: 60 instead of 66 on 2 workers. A value with 8 shards counts at eight places: 53 there, but 64 on one thread.";

/// How far waking so many tasks may be from the floor, and of how many on.
const FROM_FLOOR: f64 = 1.4;
const TASKS_FROM_FLOOR: usize = 100;

/// All of them, in the order of the rows.
fn goals() -> Vec<Goal> {
    Row::all().into_iter().flat_map(of).collect()
}

fn of(row: Row) -> Vec<Goal> {
    let goal = |ours, against, most| Goal { row, ours, against, most };
    match row {
        Row::Store(StoreRow::Set | StoreRow::Read)
        | Row::Follow(FollowRow::SetIdle | FollowRow::SetGet | FollowRow::WaitCycle)
        | Row::Threads(ThreadsRow::Set) => vec![goal("", Against::BestPeer, 1.0)],
        Row::Special(SpecialRow::OnlyProducer) => vec![goal("`MemoryWriter::set`", Against::BestSharedPeer, 0.6)],
        Row::Special(SpecialRow::Unchanged | SpecialRow::TwoUnchanged | SpecialRow::FourUnchanged) => {
            vec![goal("`CachedReader::load`", Against::Caches, 1.0)]
        }
        Row::FanOut(FanOutRow { tasks, work: Work::Light, .. }) => {
            let mut goals = vec![goal("", Against::BestPeer, 1.0)];
            if tasks >= TASKS_FROM_FLOOR {
                goals.push(goal("", Against::Floor, FROM_FLOOR));
            }
            goals
        }
        _ => Vec::new(),
    }
}

/// Whether a ratio is what the goal says.
fn verdict(ratio: Quartiles, most: f64) -> &'static str {
    if ratio.upper <= most {
        "met"
    } else if is_missed(ratio, most) {
        "**missed**"
    } else {
        "within noise"
    }
}

fn is_missed(ratio: Quartiles, most: f64) -> bool {
    ratio.lower > most
}

/// Rows whose operations must not allocate, once they are at it.
const WITHOUT_ALLOCATIONS: [Row; 5] = [
    Row::Store(StoreRow::Set),
    Row::Follow(FollowRow::SetGet),
    Row::Store(StoreRow::Read),
    Row::Follow(FollowRow::WaitCycle),
    Row::Special(SpecialRow::Unchanged),
];

/// The goals, and what was measured; empty if none of their rows was.
pub(super) fn table(run: &Run) -> String {
    let (mut text, mut reasons) = (String::new(), String::new());
    for row in WITHOUT_ALLOCATIONS {
        let counted = run.allocations.iter().find(|counted| counted.row == row.to_string());
        let ours = counted.and_then(|counted| counted.cells.iter().find(|(column, _)| column == OURS));
        if let Some((_, count)) = ours {
            let verdict = if *count == 0.0 { "met" } else { "**missed**" };
            let _ = writeln!(text, "| {row} | no allocation | {count:.2} per operation | | | {verdict} |");
        }
    }
    for goal in goals() {
        let entries = run.entries(goal.row);
        let ours = entries.iter().find(|entry| entry.column.role == Role::Ours);
        let other = best(goal.row, entries, |column| goal.against.has(column));
        let Some((ours, other)) = ours.zip(other) else { continue };
        let Some(ratio) = ratio(ours, other) else { continue };
        let why = match goal.against {
            Against::Floor => FAR_FROM_FLOOR,
            _ => goal.row.why_not_first(Role::Ours),
        };
        if is_missed(ratio, goal.most) && !reasons.contains(why) {
            let _ = writeln!(reasons, "- *{}* and the like: {why}", goal.row);
        }
        let _ = writeln!(
            text,
            "| {}{}{} | at most {} of {} | {} | {} ({}) | {} | {} |",
            goal.row,
            if goal.ours.is_empty() { "" } else { ": " },
            goal.ours,
            goal.most,
            goal.against.name(),
            median(ours),
            median(other),
            other.column.name,
            spread(ratio),
            verdict(ratio, goal.most),
        );
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "\n## Goals\n\nWhat the project wants to hold in these rows, and what this run measured. Here the ratio is our time by the \
         other's, with its quartiles, so smaller is better: the goal is met if both quartiles are within it, and missed if neither \
         is. \"At most 1\" is: not slower.\n\n\
         | | goal | ours, ns | the other, ns | ratio | |\n|---|---|---:|---:|---:|---|\n{text}{}{reasons}",
        if reasons.is_empty() { "" } else { "\n### What stands in the way\n\n" },
    )
}

fn ratio(ours: &Entry, other: &Entry) -> Option<Quartiles> {
    Quartiles::of_ratio(ours.figures.as_deref().ok()?, other.figures.as_deref().ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::Counted;
    use super::super::tests::run;
    use super::*;
    use crate::rows::Scheduler;

    fn line(row: Row, cells: &[(&str, &str)]) -> String {
        let table = table(&run(&row.to_string(), cells));
        let rows = table.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
        rows.take_while(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_goal_is_met_missed_or_within_noise() {
        let row = Row::Store(StoreRow::Read);
        let of = |ours| {
            line(row, &[("event-core", ours), ("tokio watch", "[2.0, 2.0, 2.0]"), ("eyeball", "[9.0, 9.0, 9.0]")])
        };
        assert_eq!(
            of("[1.0, 1.0, 1.0]"),
            "| read the present value | at most 1 of the best peer | 1.00 | 2.00 (tokio watch) | 0.50 (0.50..0.50) | met |"
        );
        assert!(of("[1.0, 3.0, 4.0]").ends_with("| 1.50 (1.00..1.75) | within noise |"));
        assert!(of("[3.0, 3.0, 1.0]").ends_with("| 1.50 (1.00..1.50) | within noise |"));
        assert!(of("[3.0, 3.0, 3.0]").ends_with("| 1.50 (1.50..1.50) | **missed** |"));
    }

    #[test]
    fn the_only_producer_is_not_compared_with_what_has_but_one() {
        let row = Row::Special(SpecialRow::OnlyProducer);
        let line = line(row, &[("event-core", "[1.0]"), ("arcshift", "[0.1]"), ("hazarc", "[2.0]")]);
        assert!(
            line.contains("| at most 0.6 of") && line.contains("| 2.00 (hazarc) |") && line.ends_with("| met |"),
            "{line}"
        );
    }

    #[test]
    fn caches_are_compared_with_caches() {
        let row = Row::Special(SpecialRow::TwoUnchanged);
        let cells = [("event-core", "[1.0]"), ("arcshift", "[0.1]"), ("arc-swap", "[0.5]"), ("hazarc", "[2.0]")];
        let line = line(row, &cells);
        assert!(line.contains("| 0.50 (arc-swap) |") && line.ends_with("| **missed** |"), "{line}");
    }

    #[test]
    fn many_tasks_are_also_compared_with_the_floor() {
        let cells = [("event-core", "[1.3]"), ("tokio watch", "[2.0]"), ("floor", "[1.0]")];
        let row = |tasks| Row::FanOut(FanOutRow { tasks, scheduler: Scheduler::AsyncStd, work: Work::Light });
        assert_eq!(line(row(10), &cells).lines().count(), 1);
        let both = line(row(100), &cells);
        assert!(
            both.contains("| at most 1.4 of the floor | 1.30 | 1.00 (floor) | 1.30 (1.30..1.30) | met |"),
            "{both}"
        );
        assert_eq!(both.lines().count(), 2);
    }

    #[test]
    fn who_misses_a_goal_has_to_say_why() {
        let row = Row::FanOut(FanOutRow { tasks: 100, scheduler: Scheduler::AsyncStd, work: Work::Light });
        let of =
            |ours| table(&run(&row.to_string(), &[("event-core", ours), ("tokio watch", "[9.0]"), ("floor", "[1.0]")]));
        assert!(!of("[1.4]").contains("in the way"));
        assert_eq!(of("[1.5]").matches(FAR_FROM_FLOOR).count(), 1);
    }

    #[test]
    fn allocations_are_counted_by_their_row_and_column() {
        let mut run = run("none of these", &[]);
        let cells = vec![("tokio watch".into(), 0.0), (OURS.into(), 0.5)];
        run.allocations.push(Counted { row: StoreRow::Set.to_string(), cells });
        let cells = vec![(OURS.into(), 0.0), ("tokio watch".into(), 1.0)];
        run.allocations.push(Counted { row: SpecialRow::Unchanged.to_string(), cells });
        let table = table(&run);
        assert!(
            table.contains("| set, nobody watching | no allocation | 0.50 per operation | | | **missed** |"),
            "{table}"
        );
        assert!(table.contains("| read what is unchanged | no allocation | 0.00 per operation | | | met |"), "{table}");
    }

    /// A row that gets another name or is left out would otherwise take its goal along.
    #[test]
    fn every_goal_is_there() {
        // Set, with idle watchers, then get, read, wait; two threads setting; the writer; three cached reads; fan-outs.
        let fan_outs = |least| {
            let light =
                |row: &Row| matches!(row, Row::FanOut(FanOutRow { tasks, work: Work::Light, .. }) if *tasks >= least);
            Row::all().into_iter().filter(light).count()
        };
        assert_eq!(fan_outs(0), 13);
        assert_eq!(goals().len(), 10 + fan_outs(0) + fan_outs(TASKS_FROM_FLOOR));
    }
}
