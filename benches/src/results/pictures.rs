//! The pictures of `RESULTS.md`, as SVG.

use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::Run;
use crate::rows::{FanOutRow, Row, Scheduler, SpecialRow, StoreRow, ThreadsRow, Work};

type Failure = Box<dyn core::error::Error>;

/// A line: its name, and its points.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
    colour: RGBColor,
    /// Drawn thicker.
    ours: bool,
}

struct Panel {
    title: &'static str,
    axis: &'static str,
    lines: Vec<Line>,
    ticks: &'static [f64],
}

/// On a page of some 850 pixels, text of 13 pixels is about as large as that of the page.
const SIZE: (u32, u32) = (900, 380);
/// What a legend takes, to the right of its panel.
const LEGEND: u32 = 132;

/// The colour of a column, the same in all pictures.
fn colour(column: &str) -> RGBColor {
    match column {
        "event-core" => RGBColor(200, 30, 30),
        "event-core, 8 shards" => RGBColor(230, 80, 150),
        "event-core, cached" => RGBColor(250, 130, 110),
        "tokio watch" => RGBColor(31, 119, 180),
        "eyeball" => RGBColor(44, 140, 44),
        "futures-signals" => RGBColor(148, 103, 189),
        "embassy" => RGBColor(240, 120, 10),
        "n0-watcher" => RGBColor(23, 170, 190),
        "arc-swap" => RGBColor(120, 86, 75),
        "arc-swap, cached" => RGBColor(190, 155, 140),
        "hazarc, cached" => RGBColor(200, 100, 180),
        "Mutex + Event" | "Mutex + Condvar" => RGBColor(180, 160, 0),
        _ => RGBColor(110, 110, 110),
    }
}

/// Time per delivery against the number of tasks, on both schedulers.
///
/// # Errors
///
/// When drawing fails.
pub fn fan_out(run: &Run) -> Result<String, Failure> {
    const COLUMNS: [&str; 8] =
        ["event-core", "tokio watch", "eyeball", "futures-signals", "embassy", "n0-watcher", "Mutex + Event", "floor"];
    let panel = |title, scheduler| {
        let lines = COLUMNS.map(|name| {
            let point = |tasks: usize| {
                let row = Row::FanOut(FanOutRow { tasks, scheduler, work: Work::Light });
                Some((tasks as f64, run.median(row, name)?))
            };
            let points = [10, 100, 500, 1000, 10_000].into_iter().filter_map(point).collect();
            Line { name: name.into(), points, colour: colour(name), ours: name == "event-core" }
        });
        Panel { title, axis: "tasks that wait", lines: lines.into(), ticks: &[10.0, 100.0, 1000.0, 10_000.0] }
    };
    draw(&[
        panel("Fan-out, one thread: ns per delivery", Scheduler::CurrentThread),
        panel("Fan-out, two threads: ns per delivery", Scheduler::TwoWorkers),
    ])
}

/// Time per operation, as each thread sees it, against the number of threads.
///
/// # Errors
///
/// When drawing fails.
pub fn threads(run: &Run) -> Result<String, Failure> {
    let line = |name: &'static str, label: String, rows: [Row; 3]| {
        let points = [1.0, 2.0, 4.0].into_iter().zip(rows);
        let points = points.filter_map(|(threads, row)| Some((threads, run.median(row, name)?))).collect();
        Line { colour: colour(&label), name: label, points, ours: name.starts_with("event-core") }
    };
    let set = [Row::Store(StoreRow::Set), Row::Threads(ThreadsRow::Set), Row::Threads(ThreadsRow::SetFour)];
    let read = [Row::Store(StoreRow::Read), Row::Threads(ThreadsRow::Read), Row::Threads(ThreadsRow::ReadFour)];
    let cached = [SpecialRow::Unchanged, SpecialRow::TwoUnchanged, SpecialRow::FourUnchanged].map(Row::Special);
    let sets = [
        "event-core",
        "tokio watch",
        "eyeball",
        "futures-signals",
        "embassy",
        "n0-watcher",
        "arc-swap",
        "Mutex + Condvar",
    ];
    let sets = sets.map(|name| line(name, name.into(), set));
    let reads = [
        line("event-core", "event-core, cached".into(), cached),
        line("tokio watch", "tokio watch".into(), read),
        line("eyeball", "eyeball".into(), read),
        line("embassy", "embassy".into(), read),
        line("arc-swap", "arc-swap".into(), read),
        line("arc-swap", "arc-swap, cached".into(), cached),
        line("hazarc", "hazarc, cached".into(), cached),
        line("event-core, 8 shards", "event-core, 8 shards".into(), read),
        line("event-core", "event-core".into(), read),
    ];
    let panel = |title, lines| Panel { title, axis: "threads", lines, ticks: &[1.0, 2.0, 4.0] };
    draw(&[panel("Setting: ns per set", sets.into()), panel("Reading: ns per read", reads.into())])
}

fn draw(panels: &[Panel; 2]) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        for (area, panel) in area.split_evenly((1, 2)).iter().zip(panels) {
            let points = || panel.lines.iter().flat_map(|line| &line.points);
            let reach = |of: fn(&(f64, f64)) -> f64| {
                let all = || points().map(of);
                all().fold(f64::MAX, f64::min)..all().fold(0.0, f64::max)
            };
            if points().next().is_none() {
                continue;
            }
            let (x, y) = (reach(|point| point.0), reach(|point| point.1));
            let (chart, legend) = area.split_horizontally(SIZE.0 / 2 - LEGEND);
            let x = (x.start * 0.9..x.end * 1.1).log_scale().with_key_points(panel.ticks.into());
            one(&chart, panel, x, (y.start * 0.7..y.end * 1.5).log_scale())?;
            names(&legend, panel)?;
        }
        area.present()?;
    }
    Ok(svg)
}

fn one<DB: DrawingBackend, X, Y>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    panel: &Panel,
    x: X,
    y: Y,
) -> Result<(), Box<dyn core::error::Error>>
where
    DB::ErrorType: 'static,
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 14))
        .margin(8)
        .x_label_area_size(40)
        .y_label_area_size(48)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .label_style(("sans-serif", 12))
        .x_desc(panel.axis)
        .x_labels(panel.ticks.len())
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y}"))
        .draw()?;
    // Ours last, on top of the others.
    for line in panel.lines.iter().rev() {
        let style = line.colour.stroke_width(if line.ours { 3 } else { 1 });
        chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, line.colour.filled())))?;
    }
    Ok(())
}

/// The legend, in the order in which the lines end: whoever is above another one in the picture is so here.
fn names<DB: DrawingBackend>(area: &DrawingArea<DB, plotters::coord::Shift>, panel: &Panel) -> Result<(), Failure>
where
    DB::ErrorType: 'static,
{
    let end = |line: &Line| line.points.last().map_or((0.0, 0.0), |&(x, y)| (x, y));
    let mut lines: Vec<_> = panel.lines.iter().filter(|line| !line.points.is_empty()).collect();
    lines.sort_by(|one, other| end(other).1.total_cmp(&end(one).1));
    for (line, y) in lines.into_iter().zip((48..).step_by(24)) {
        let style = line.colour.stroke_width(if line.ours { 3 } else { 1 });
        area.draw(&PathElement::new([(0, y), (16, y)], style))?;
        area.draw(&Circle::new((8, y), 3, line.colour.filled()))?;
        area.draw(&Text::new(line.name.as_str(), (22, y - 6), ("sans-serif", 12)))?;
    }
    Ok(())
}
