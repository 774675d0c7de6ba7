//! Draws what three consumers of a value get: the picture in the README of the workspace. What it draws has happened: a value is set,
//! and watchers get.
//!
//! `cargo run -p time-line > docs/time-line.svg`

use event_core::{GetError, MemoryValue, MemoryWatcher};

/// What is set when, and when the value is dropped.
const SETS: [(u32, char); 5] = [(1, 'A'), (4, 'B'), (5, 'C'), (6, 'D'), (10, 'E')];
const DROPPED: u32 = 14;
const LAST: u32 = 17;

struct Consumer {
    name: &'static str,
    begins: u32,
    /// For how long it works on each item before its next get.
    works: u32,
    /// When it gets next.
    gets: u32,
    watcher: Option<MemoryWatcher<char>>,
}

fn consumer(name: &'static str, begins: u32, works: u32) -> Consumer {
    Consumer { name, begins, works, gets: begins, watcher: None }
}

fn main() {
    let mut value = Some(MemoryValue::new());
    let mut consumers = [consumer("fast", 0, 0), consumer("slow", 0, 4), consumer("late", 8, 0)];
    let mut drawn = vec![row(0, "set", 0)];
    drawn.extend((1..).zip(&consumers).map(|(number, consumer)| row(number, consumer.name, consumer.begins)));
    for now in 0..=LAST {
        for (_, data) in SETS.iter().filter(|(time, _)| *time == now) {
            value.as_ref().map(|value| value.set(*data));
            drawn.push(item(0, now, *data));
        }
        if now == DROPPED {
            value = None;
            drawn.push(closed(0, now));
        }
        for (number, consumer) in (1..).zip(&mut consumers) {
            if let Some(value) = value.as_ref().filter(|_| consumer.begins == now) {
                consumer.watcher = Some(value.watch());
            }
            let Some(watcher) = consumer.watcher.as_mut().filter(|_| consumer.gets <= now) else { continue };
            match watcher.try_get() {
                Ok(data) => {
                    consumer.gets = now + consumer.works;
                    drawn.extend([works(number, now, consumer.works), item(number, now, data)]);
                    if consumer.begins == 0 && watcher.missed() > 0 {
                        drawn.push(note(number, now, &format!("skips {}", watcher.missed())));
                    }
                }
                Err(GetError::Closed) => {
                    drawn.push(closed(number, now));
                    consumer.watcher = None;
                }
                Err(_) => {}
            }
        }
    }
    println!(r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 236" width="760" height="236" role="img""##);
    println!(r##"  font-family="Verdana, DejaVu Sans, sans-serif" font-size="14" fill="#57606a">"##);
    println!(
        "<title>A to E are set. The fast consumer gets each of them, the slow one skips what was replaced meanwhile, the late one"
    );
    println!(
        "  begins with the current data. When the value is dropped, each gets the newest data and then the end.</title>"
    );
    println!(r##"<rect width="760" height="236" rx="8" fill="#fff" stroke="#d0d7de"/>"##);
    println!("{}\n</svg>", drawn.join("\n"));
}

fn at(row: usize, time: u32) -> (u32, usize) {
    (70 + 37 * time, 36 + 54 * row)
}

fn row(row: usize, name: &str, from: u32) -> String {
    let ((x, y), (end, _)) = (at(row, from), at(row, if row == 0 { DROPPED } else { LAST }));
    let line = format!(r##"<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="#d0d7de" stroke-width="2"/>"##);
    format!(r##"<text x="20" y="{}">{name}</text>{line}"##, y + 5)
}

fn item(row: usize, time: u32, data: char) -> String {
    let (x, y) = at(row, time);
    let colour = match data {
        'A' => "#0969da",
        'B' => "#1a7f37",
        'C' => "#9a6700",
        'D' => "#8250df",
        _ => "#cf222e",
    };
    let letter = format!(r##"<text x="{x}" y="{}" fill="#fff" text-anchor="middle">{data}</text>"##, y + 5);
    format!(r##"<circle cx="{x}" cy="{y}" r="14" fill="{colour}"/>{letter}"##)
}

fn works(row: usize, time: u32, works: u32) -> String {
    let (x, y) = at(row, time);
    format!(r##"<rect x="{x}" y="{}" width="{}" height="12" fill="#d0d7de"/>"##, y - 6, 37 * works)
}

fn note(row: usize, time: u32, text: &str) -> String {
    let (x, y) = at(row, time);
    format!(r##"<text x="{}" y="{}" font-size="12">{text}</text>"##, x + 18, y - 9)
}

fn closed(row: usize, time: u32) -> String {
    let (x, y) = at(row, time);
    let bar = format!(r##"<rect x="{}" y="{}" width="4" height="24" fill="#57606a"/>"##, x - 2, y - 12);
    format!(r##"{bar}<text x="{}" y="{}" font-size="12">closed</text>"##, x + 8, y - 7)
}
