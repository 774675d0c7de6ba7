//! `RESULTS.md`.

use core::fmt::Write as _;

use super::{Counted, Entry, Run, Standing, goals};
use crate::column::{Column, Role};
use crate::peers::columns;
use crate::report::{factor, figure};
use crate::rows::Row;
use crate::stats::Quartiles;

/// The column that the others are compared with.
pub(super) const OURS: &str = "event-core";

/// A table of the rows that some columns share.
struct Group {
    title: &'static str,
    rows: fn(Row) -> bool,
    /// Their names; the others have no column in this table.
    columns: &'static [&'static str],
    /// Only rows that this column has.
    only_with: Option<&'static str>,
}

const WATCHING: fn(Row) -> bool = |row| {
    matches!(row, Row::Store(_) | Row::Follow(_) | Row::Check(_) | Row::Large(_) | Row::Produce(_) | Row::FanOut(_))
};

const GROUPS: [Group; 7] = [
    Group {
        title: "Tasks: the usual choices",
        rows: WATCHING,
        columns: &[
            "event-core",
            "tokio watch",
            "eyeball",
            "futures-signals",
            "embassy",
            "async-watch",
            "Mutex + Event",
        ],
        only_with: None,
    },
    Group {
        title: "Tasks: the others",
        rows: WATCHING,
        columns: &["event-core", "n0-watcher", "asyncband", "see", "await_values", "postage", "watchable"],
        only_with: None,
    },
    Group {
        title: "Tasks: what is no peer",
        rows: |row| WATCHING(row) && !matches!(row, Row::Check(_) | Row::Large(_) | Row::Produce(_)),
        columns: &["event-core", "embassy, one thread", "floor"],
        only_with: None,
    },
    Group {
        title: "Reading much, setting seldom",
        rows: |row| matches!(row, Row::Store(_) | Row::Special(_) | Row::Threads(_)),
        columns: &[
            "event-core",
            "event-core, 8 shards",
            "arc-swap",
            "hazarc",
            "arcshift",
            "tokio watch",
            "embassy",
            "Mutex + Condvar",
        ],
        only_with: None,
    },
    Group {
        title: "Threads",
        rows: |row| matches!(row, Row::Threads(_) | Row::Blocking(_)),
        columns: &[
            "event-core",
            "event-core, 8 shards",
            "tokio watch",
            "eyeball",
            "futures-signals",
            "embassy",
            "n0-watcher",
            "watchable",
            "Mutex + Event",
            "Mutex + Condvar",
        ],
        only_with: None,
    },
    Group {
        title: "Maps",
        rows: |row| matches!(row, Row::Map(_)),
        columns: &["event-core", "tokio watch", "eyeball", "futures-signals"],
        only_with: None,
    },
    Group {
        title: "Beside Go",
        rows: |_| true,
        columns: &["event-core", "event-core, 8 shards", "tokio watch", "Go"],
        only_with: Some("Go"),
    },
];

/// The document, and the rows in which a peer is ahead without an explanation.
#[must_use]
pub fn write(run: &Run, instructions: &str, footprint: &str) -> (String, Vec<String>) {
    let mut unexplained = Vec::new();
    let mut text = heading(run);
    text += &goals::table(run);
    text += &summary(run, &mut unexplained);
    text += "\n## Every figure\n\nMedians in ns per operation; an empty cell is a row that the peer does not have. With several \
             threads: as each of them sees it. With tasks: per delivery.\n";
    for group in &GROUPS {
        text += &table(run, group);
    }
    text += &fairness(run);
    text += "\n## Bytes\n\nOn a 64-bit machine, on the heap and in place together.\n\n";
    text += &counted(&run.bytes, &|bytes| format!("{bytes:.0}"));
    text += "\n## Allocations per operation\n\n";
    text += &counted(&run.allocations, &|count| format!("{count:.2}"));
    let _ = write!(
        text,
        "\n## Instructions\n\nCounted by callgrind, which does not depend on what else the machine does.\n\n{instructions}\n\
         \n## Building\n\n{footprint}\n"
    );
    text += &broken(run);
    text += "\n## The columns\n\n";
    for column in columns() {
        let measured = run.rows.iter().any(|(_, entries)| find(entries, column.name).is_some());
        let remark = if measured || column.role != Role::OtherLanguage { column.remark } else { "not in this run." };
        let _ = writeln!(text, "- {}: {remark}", column.name);
    }
    (text, unexplained)
}

fn heading(run: &Run) -> String {
    let machine = |key: &str| run.machine[key].to_string().trim_matches('"').to_owned();
    let number = |key: &str| machine(key).parse::<f64>().unwrap_or_default();
    let busy = if number("load_before") > number("cores") / 4.0 {
        "**This run was on a busy machine. Where the quartiles of a ratio are far apart, and in rows of several threads, its \
         figures say little.**\n\n"
    } else {
        ""
    };
    let milliseconds = run.plan["batch_ns"].as_f64().unwrap_or_default() / 1e6;
    format!(
        "# event-core beside its peers\n\n\
         Made by `ci/results.sh`, which measures all of it in some minutes; run that to repeat it. In each round every column of \
         a row runs one short batch, in an order that rotates, so that whatever else the machine does meets all of them alike. \
         Ratios are of two batches of the same round.\n\n{busy}\
         - processor: {}, {} cores, of which other programs had a part: mean number of threads that wanted to run {} before, {} after\n\
         - an atomic read-modify-write that nobody disputes takes {:.1} ns: a lock is made of two, and so are a set and a get\n\
         - compiler: {}, opt-level {}\n- {} rounds, batches of {milliseconds} ms\n- payload: 8 bytes, where the row does not say \
         otherwise\n- {}\n\n\
         ![Fan-out: time per delivery against the number of tasks](results/fan-out.svg)\n\n\
         ![Threads: time per operation against the number of threads](results/threads.svg)\n\n\
         With more threads than the machine has cores they take turns, so a longer time as each of them sees it is no contention.\n",
        machine("processor"),
        machine("cores"),
        machine("load_before"),
        machine("load_after"),
        number("read_modify_write_ns"),
        machine("compiler"),
        machine("opt_level"),
        run.plan["rounds"],
        run.versions.join(", "),
    )
}

fn summary(run: &Run, unexplained: &mut Vec<String>) -> String {
    let mut text = String::from(
        "\n## Ours and the best peer\n\nMedians in ns per operation. The ratio is the peer's time by ours, with its quartiles: \
         above 1, ours is first; \"within noise\" is where 1 lies between the quartiles. Ours is a plain \
         `MemoryValue`; in the rows of an only producer it is a `MemoryWriter`, and in those of what is unchanged or changes a \
         `CachedReader`. \"8 shards\" after the name of a row: a value whose readers are counted at eight places.\n\n\
         | | ours | best peer | | ratio | |\n|---|---:|---|---:|---:|---|\n",
    );
    let mut behind = String::new();
    let ours = |entry: &&Entry| matches!(entry.column.role, Role::Ours | Role::Variant);
    for (row, entries) in run.rows.iter().filter(|(row, _)| *row != Row::Fairness) {
        for ours in entries.iter().filter(ours) {
            // A value with shards is called so behind the name of the row.
            let name = format!("{row}{}", ours.column.name.strip_prefix(OURS).unwrap_or_default());
            let Some(standing) = Standing::of(*row, ours, entries) else {
                let _ = writeln!(text, "| {name} | {} | nobody else has it | | | |", median(ours));
                continue;
            };
            let (ratio, best) = (standing.ratio, standing.best);
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} |",
                median(ours),
                best.column.name,
                median(best),
                spread(ratio),
                standing.verdict(),
            );
            if standing.is_behind() {
                let why = row.why_not_first(ours.column.role);
                if why.is_empty() {
                    unexplained.push(name.clone());
                }
                let _ = writeln!(behind, "- *{name}*, {} of {}: {why}", factor(ratio.median), best.column.name);
            }
        }
    }
    if !behind.is_empty() {
        let _ = write!(text, "\n### Where we are not first\n\n{behind}");
    }
    text
}

/// A ratio, with its quartiles.
pub(super) fn spread(ratio: Quartiles) -> String {
    format!("{} ({}..{})", factor(ratio.median), factor(ratio.lower), factor(ratio.upper))
}

fn table(run: &Run, group: &Group) -> String {
    let has = |entries: &[Entry]| group.only_with.is_none_or(|column| find(entries, column).is_some());
    let rows: Vec<_> = run.rows.iter().filter(|(row, entries)| (group.rows)(*row) && has(entries)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n### {}\n\n{}", group.title, header(group.columns));
    for (row, entries) in rows {
        let cell = |name: &&str| find(entries, name).map_or(String::new(), median);
        let _ = writeln!(text, "| {row} | {} |", group.columns.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    text
}

/// The one row that has another unit.
fn fairness(run: &Run) -> String {
    let Some((_, entries)) = run.rows.iter().find(|(row, _)| *row == Row::Fairness) else {
        return String::new();
    };
    let mut text = String::from(
        "\n## Fairness\n\nTwo threads set one value for the time of a batch: how many sets the slower one came to, in percent of \
         the other's; medians and quartiles. On a machine that others use as well, a thread that had to wait for its processor \
         counts as slow.\n\n| | median | quartiles |\n|---|---:|---:|\n",
    );
    for entry in entries {
        if let Some(quartiles) = entry.quartiles() {
            let [lower, median, upper] = [quartiles.lower, quartiles.median, quartiles.upper];
            let _ = writeln!(text, "| {} | {median:.0} | {lower:.0}..{upper:.0} |", entry.column.name);
        }
    }
    text
}

/// The columns of such a table are its lines, since there are few rows and many columns.
fn counted(rows: &[Counted], show: &dyn Fn(f64) -> String) -> String {
    let mut text = header(&rows.iter().map(|row| row.row.as_str()).collect::<Vec<_>>());
    for Column { name, .. } in columns() {
        let cell = |row: &Counted| row.cells.iter().find(|(column, _)| column == name).map(|(_, figure)| show(*figure));
        let cells: Vec<_> = rows.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<_> = cells.into_iter().map(Option::unwrap_or_default).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
    }
    text
}

fn broken(run: &Run) -> String {
    let mut text = String::new();
    for (row, entries) in &run.rows {
        for entry in entries {
            if let Err(why) = &entry.figures {
                let _ = writeln!(text, "- {}, {row}: {why}", entry.column.name);
            }
        }
    }
    if text.is_empty() { text } else { format!("\n## Cells that broke\n\n{text}") }
}

fn header(names: &[&str]) -> String {
    format!("| | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()))
}

fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.column.name == name)
}

pub(super) fn median(entry: &Entry) -> String {
    entry.quartiles().map_or_else(|| "broke".into(), |quartiles| figure(quartiles.median))
}
