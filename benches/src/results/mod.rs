//! A finished run, read back from its JSON, and what is made of it: a document and pictures.

use serde_json::Value;

use crate::column::{Column, Role};
use crate::peers::columns;
use crate::rows::Row;
use crate::stats::Quartiles;

pub mod document;
pub mod goals;
pub mod pictures;

/// The figures of one row and column, or why there are none.
#[derive(Debug)]
pub struct Entry {
    /// Whose they are.
    pub column: Column,
    /// One figure a round.
    pub figures: Result<Vec<f64>, String>,
}

/// Figures that were counted: a row, and each column's.
#[derive(Debug)]
pub struct Counted {
    /// What was counted.
    pub row: String,
    /// The figures, with the columns' names.
    pub cells: Vec<(String, f64)>,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Run {
    /// What the benchmark said about the machine.
    pub machine: Value,
    /// And about its rounds.
    pub plan: Value,
    /// The rows that were timed.
    pub rows: Vec<(Row, Vec<Entry>)>,
    /// Bytes.
    pub bytes: Vec<Counted>,
    /// Allocations per operation.
    pub allocations: Vec<Counted>,
    /// The packages of the columns, with their versions.
    pub versions: Vec<String>,
}

impl Run {
    /// Reads what `--json` of the benchmarks `peers` and `bytes` wrote.
    ///
    /// # Errors
    ///
    /// When that is not JSON, or has no rows.
    pub fn read(peers: &str, bytes: &str) -> Result<Self, String> {
        let peers: Value = serde_json::from_str(peers).map_err(|error| error.to_string())?;
        let counted: Value = serde_json::from_str(bytes).map_err(|error| error.to_string())?;
        let columns = columns();
        let measured = peers["rows"].as_array().ok_or("no rows were measured")?;
        let named = |name: &str| measured.iter().find(|entry| entry["row"] == name);
        let rows = Row::all().into_iter().filter_map(|row| {
            let cells = named(&row.to_string())?["cells"].as_array()?;
            Some((row, cells.iter().filter_map(|cell| entry(cell, &columns)).collect()))
        });
        let mut versions: Vec<_> =
            measured.iter().flat_map(|row| row["cells"].as_array().into_iter().flatten()).collect();
        versions.retain(|cell| cell["version"].is_string());
        let mut versions: Vec<_> = versions
            .into_iter()
            .filter_map(|cell| {
                let column = columns.iter().find(|column| cell["column"] == column.name)?;
                Some(format!("{} {}", column.package?, cell["version"].as_str()?))
            })
            .collect();
        versions.sort_unstable();
        versions.dedup();
        Ok(Self {
            machine: peers["machine"].clone(),
            plan: peers["plan"].clone(),
            rows: rows.collect(),
            bytes: counts(&counted["bytes"]),
            allocations: counts(&counted["allocations"]),
            versions,
        })
    }

    /// All columns in this row.
    #[must_use]
    pub fn entries(&self, row: Row) -> &[Entry] {
        self.rows.iter().find(|(other, _)| *other == row).map_or(&[], |(_, entries)| entries)
    }

    /// The median of a row and column.
    #[must_use]
    pub fn median(&self, row: Row, column: &str) -> Option<f64> {
        let entry = self.entries(row).iter().find(|entry| entry.column.name == column)?;
        entry.quartiles().map(|quartiles| quartiles.median)
    }
}

impl Entry {
    /// Of the figures, if there are any.
    #[must_use]
    pub fn quartiles(&self) -> Option<Quartiles> {
        self.figures.as_deref().ok().and_then(Quartiles::of)
    }
}

/// How we stand in a row.
#[derive(Debug)]
pub struct Standing<'a> {
    /// Ours.
    pub ours: &'a Entry,
    /// The best of the peers.
    pub best: &'a Entry,
    /// The time of the best peer as a multiple of ours: above 1, ours is ahead. (Of percentages it is the other way round.)
    pub ratio: Quartiles,
}

impl<'a> Standing<'a> {
    /// How `ours`, which is one of the entries, stands among them; `None` where nobody else is.
    #[must_use]
    pub fn of(row: Row, ours: &'a Entry, entries: &'a [Entry]) -> Option<Self> {
        let best = best(row, entries, |column| column.role == Role::Peer)?;
        let (mine, theirs) = (ours.figures.as_deref().ok()?, best.figures.as_deref().ok()?);
        let ratio =
            if row == Row::Fairness { Quartiles::of_ratio(mine, theirs) } else { Quartiles::of_ratio(theirs, mine) }?;
        Some(Self { ours, best, ratio })
    }

    /// Whether a peer is ahead, and not only by what the figures differ from round to round.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.ratio.upper < 1.0
    }

    /// In one word.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.is_behind() {
            "**behind**"
        } else if self.ratio.lower > 1.0 {
            "first"
        } else {
            "within noise"
        }
    }
}

/// The best of the entries whose columns are asked for.
fn best(row: Row, entries: &[Entry], among: impl Fn(Column) -> bool) -> Option<&Entry> {
    let medians = entries.iter().filter_map(|entry| Some((entry, entry.quartiles()?.median)));
    let medians = medians.filter(|(entry, _)| among(entry.column));
    let fewest = |one: &(&Entry, f64), other: &(&Entry, f64)| one.1.total_cmp(&other.1);
    let best = if row == Row::Fairness { medians.max_by(fewest) } else { medians.min_by(fewest) };
    best.map(|(best, _)| best)
}

fn entry(cell: &Value, columns: &[Column]) -> Option<Entry> {
    let column = *columns.iter().find(|column| cell["column"] == column.name)?;
    let figures = match cell["figures"].as_array() {
        Some(figures) => Ok(figures.iter().filter_map(Value::as_f64).collect()),
        None => Err(cell["broken"].as_str().unwrap_or_default().into()),
    };
    Some(Entry { column, figures })
}

fn counts(rows: &Value) -> Vec<Counted> {
    let cell = |cell: &Value| Some((cell["column"].as_str()?.into(), cell["figure"].as_f64()?));
    let row = |row: &Value| {
        let cells = row["cells"].as_array()?.iter().filter_map(cell).collect();
        Some(Counted { row: row["row"].as_str()?.into(), cells })
    };
    rows.as_array().into_iter().flatten().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{StoreRow, ThreadsRow};

    /// A run of one row with these figures.
    pub(super) fn run(row: &str, cells: &[(&str, &str)]) -> Run {
        let cells = cells.iter().map(|(column, figures)| {
            let measured = if figures.starts_with('[') { "figures" } else { "broken" };
            format!(r#"{{"column":"{column}","version":"1","{measured}":{figures}}}"#)
        });
        let cells = cells.collect::<Vec<_>>().join(",");
        let peers = format!(r#"{{"machine":{{}},"plan":{{}},"rows":[{{"row":"{row}","cells":[{cells}]}}]}}"#);
        Run::read(&peers, "{}").unwrap()
    }

    const SET: &str = "set, nobody watching";

    #[test]
    fn who_is_slower_in_most_rounds_is_behind_and_has_to_say_why() {
        let run = run(SET, &[("event-core", "[4.0, 4.0, 4.0, 1.0]"), ("tokio watch", "[2.0, 2.0, 2.0, 2.0]")]);
        let (row, entries) = &run.rows[0];
        let standing = Standing::of(*row, &entries[0], entries).unwrap();
        assert!(standing.is_behind() && standing.best.column.name == "tokio watch");
        let (_, unexplained) = document::write(&run, "", "");
        assert_eq!(unexplained, [SET]);
    }

    #[test]
    fn who_is_faster_is_first() {
        let cells = [("event-core", "[1.0, 1.0]"), ("tokio watch", "[2.0, 2.0]"), ("eyeball", "\"hung\"")];
        let run = run(SET, &cells);
        assert_eq!(run.median(Row::Store(StoreRow::Set), "tokio watch"), Some(2.0));
        let (row, entries) = &run.rows[0];
        assert_eq!(Standing::of(*row, &entries[0], entries).unwrap().verdict(), "first");
        let (document, unexplained) = document::write(&run, "counted", "built");
        assert!(unexplained.is_empty() && document.contains("counted") && document.contains("built"));
        assert!(document.contains("eyeball, set, nobody watching: hung"));
    }

    #[test]
    fn another_form_of_ours_has_a_line_of_its_own_and_is_no_peer() {
        let row = Row::Threads(ThreadsRow::Read);
        let cells = [
            ("event-core", "[4.0]"),
            ("event-core, 8 shards", "[1.0]"),
            ("tokio watch", "[2.0]"),
            // Another language's.
            ("Go", "[0.5]"),
        ];
        let run = run(&row.to_string(), &cells);
        let (document, _) = document::write(&run, "", "");
        assert!(document.contains("| two threads reading | 4.00 | tokio watch | 2.00 | 0.50"), "{document}");
        assert!(document.contains("| two threads reading, 8 shards | 1.00 | tokio watch | 2.00 | 2.00"), "{document}");
    }
}
