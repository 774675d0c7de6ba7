//! The markdown that a run prints: medians, quartiles, ratios, and what broke.

use core::cmp::Ordering;
use core::fmt::Write as _;

use crate::column::{Column, Role};
use crate::harness::{Cell, Plan};
use crate::machine::Machine;
use crate::rows::Row;
use crate::stats::Quartiles;

/// What a run is printed from: the cells of every row.
pub type Measured = [(Row, Vec<Cell>)];

const NOT_OFFERED: &str = "";

/// What was measured where, before the first figure.
#[must_use]
pub fn heading(machine: &Machine, plan: Plan, columns: &[Column]) -> String {
    let packages = columns.iter().filter_map(|column| Some((column.package?, column.version())));
    let mut versions: Vec<_> = packages
        .map(|(package, version)| version.map_or_else(|| package.into(), |version| format!("{package} {version}")))
        .collect();
    // Two columns of ours.
    versions.dedup();
    format!(
        "# event-core beside its peers\n\n{machine}\n- payload: u64\n\
         - {} rounds of batches of {} ms, the columns taking turns\n- {}\n",
        plan.rounds,
        plan.batch.as_secs_f64() * 1e3,
        versions.join(", "),
    )
}

/// All tables.
#[must_use]
pub fn tables(columns: &[Column], measured: &Measured) -> String {
    let mut text = String::from("## Medians, ns per operation\n\n");
    text += "With two threads: as each of them sees it. With tasks: per delivery.\n\n";
    text += &table(columns, measured, |cell| quartiles(cell).map(|quartiles| figure(quartiles.median)));
    text += "\n## Quartiles, ns per operation\n\n";
    text += &table(columns, measured, |cell| {
        quartiles(cell).map(|quartiles| format!("{}..{}", figure(quartiles.lower), figure(quartiles.upper)))
    });
    text += &ratios(columns, measured);
    text += &broken(measured);
    text += "\n## The columns\n\n";
    for column in columns {
        let _ = writeln!(text, "- {}: {}", column.name, column.remark);
    }
    text
}

fn table(columns: &[Column], measured: &Measured, entry: impl Fn(&Cell) -> Option<String>) -> String {
    let mut text = header(&columns.iter().map(|column| column.name).collect::<Vec<_>>());
    for (row, cells) in measured {
        let entries = columns.iter().map(|column| match find(cells, column) {
            Some(cell) => entry(cell).unwrap_or_else(|| breakage(cell)),
            None => NOT_OFFERED.into(),
        });
        text += &line(*row, entries);
    }
    text
}

fn ratios(columns: &[Column], measured: &Measured) -> String {
    let Some(ours) = columns.iter().find(|column| column.role == Role::Ours) else {
        return String::new();
    };
    let others: Vec<_> = columns.iter().filter(|column| column.role != Role::Ours).collect();
    let mut names: Vec<_> = others.iter().map(|column| format!("{} / {}", ours.name, column.name)).collect();
    names.extend(["best peer", "best peer / ours", "verdict"].map(String::from));

    let mut text = String::from(
        "\n## Ratios\n\n\
         Medians of the ratios of each round; below 1, ours takes less time. Only the last ratio \
         is the other way round. \"Within noise\": 1 lies between its quartiles, in brackets.\n\n",
    );
    text += &header(&names);
    for (row, cells) in measured {
        let mine = find(cells, ours).and_then(figures);
        let mut entries: Vec<String> = others
            .iter()
            .map(|column| match (mine, find(cells, column)) {
                (Some(mine), Some(cell)) => match figures(cell).and_then(|theirs| Quartiles::of_ratio(mine, theirs)) {
                    Some(ratio) => factor(ratio.median),
                    None => breakage(cell),
                },
                _ => NOT_OFFERED.into(),
            })
            .collect();
        entries.extend(best(mine, cells));
        text += &line(*row, entries);
    }
    text
}

/// The last three columns of the ratios.
fn best(mine: Option<&[f64]>, cells: &[Cell]) -> [String; 3] {
    let peers = cells.iter().filter(|cell| cell.column.role == Role::Peer);
    let medians = peers.filter_map(|cell| Some((cell, quartiles(cell)?.median)));
    let Some((best, _)) = medians.min_by(|one, other| one.1.total_cmp(&other.1)) else {
        return [NOT_OFFERED; 3].map(String::from);
    };
    let ratio = mine.zip(figures(best)).and_then(|(mine, theirs)| Quartiles::of_ratio(theirs, mine));
    let Some(ratio) = ratio else {
        return [best.column.name, NOT_OFFERED, NOT_OFFERED].map(String::from);
    };
    let verdict = match (ratio.lower.partial_cmp(&1.0), ratio.upper.partial_cmp(&1.0)) {
        (Some(Ordering::Greater), _) => "faster",
        (_, Some(Ordering::Less)) => "slower",
        _ => "within noise",
    };
    let spread = format!("{:.2} ({:.2}..{:.2})", ratio.median, ratio.lower, ratio.upper);
    [best.column.name.into(), spread, verdict.into()]
}

fn broken(measured: &Measured) -> String {
    let mut text = String::new();
    for (row, cells) in measured {
        for cell in cells {
            if let Err(why) = &cell.figures {
                let _ = writeln!(text, "- {}, {row}: {why}", cell.column.name);
            }
        }
    }
    if text.is_empty() { text } else { format!("\n## Cells that broke\n\n{text}") }
}

fn header<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    format!("| | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()))
}

fn line(row: Row, entries: impl IntoIterator<Item = String>) -> String {
    format!("| {row} | {} |\n", entries.into_iter().collect::<Vec<_>>().join(" | "))
}

fn find<'a>(cells: &'a [Cell], column: &Column) -> Option<&'a Cell> {
    cells.iter().find(|cell| cell.column.name == column.name)
}

fn figures(cell: &Cell) -> Option<&[f64]> {
    cell.figures.as_deref().ok()
}

fn quartiles(cell: &Cell) -> Option<Quartiles> {
    figures(cell).and_then(Quartiles::of)
}

/// The first word of what went wrong: it hung, it panicked, or it was wrong.
fn breakage(cell: &Cell) -> String {
    let why = cell.figures.as_ref().err().map_or("", String::as_str);
    why.split([' ', ':']).next().unwrap_or_default().into()
}

/// Two decimals, and enough of them that nothing looks like 0.
pub(crate) fn factor(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.4}") } else { format!("{ratio:.2}") }
}

/// Three digits, more for large figures.
pub(crate) fn figure(nanoseconds: f64) -> String {
    match nanoseconds {
        ..10.0 => format!("{nanoseconds:.2}"),
        ..100.0 => format!("{nanoseconds:.1}"),
        _ => format!("{nanoseconds:.0}"),
    }
}
