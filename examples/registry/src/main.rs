//! A registry of services that come and go at random, as a live table; and a consumer that keeps only one region.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use event_core::combine;
use event_map::{MapReader, MapSnapshot, MemoryMap};
use event_tokio::{CancellationToken, GetExt};
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::widgets::{Block, Row, Table};

#[cfg(test)]
mod tests;

const REGIONS: [&str; 4] = ["ap", "eu", "sa", "us"];

/// The region that the consumer keeps.
const KEPT: &str = "eu";

/// What is known of a service. Its key is its region and its name, so a region is a range of keys.
#[derive(Clone, Debug, PartialEq)]
struct Service {
    address: String,
    load: u8,
}

type Services = MemoryMap<String, Service>;
type State = MapSnapshot<String, Service>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (services, kept, quit) = (Services::new(), Services::new(), CancellationToken::new());
    tokio::spawn(keep(services.reader(), kept.clone(), quit.clone()));
    tokio::spawn(live(services.clone(), quit.clone()));
    tokio::spawn({
        let quit = quit.clone();
        async move {
            _ = tokio::signal::ctrl_c().await;
            quit.cancel();
        }
    });
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        let shown = show(&services, &kept, &quit).await;
        ratatui::restore();
        shown
    } else {
        println!("registry: this is not a terminal, so there is no table: every change is a line. Ctrl-C ends it.");
        print(&services, &quit).await
    }
}

/// The consumer: is told of one region only, and keeps what it is told.
async fn keep(services: MapReader<String, Service>, kept: Services, quit: CancellationToken) {
    // '0' is the character after '/'.
    let mut region = services.watch_range(format!("{KEPT}/")..format!("{KEPT}0"));
    while let Ok(change) = region.get().cancel_on(&quit).await {
        match change.value {
            Some(service) => drop(kept.insert(change.key, service)),
            None => drop(kept.remove(&change.key)),
        }
    }
}

/// The services: they register, report their load and leave. Now and then a whole region is lost.
async fn live(services: Services, quit: CancellationToken) {
    let mut random = fastrand::Rng::new();
    while !quit.is_cancelled() {
        let region = REGIONS[random.usize(..REGIONS.len())];
        let (name, host) = (format!("{region}/service-{}", random.u8(1..10)), random.u8(1..255));
        match random.u8(..100) {
            0..40 => drop(services.insert(name, Service { address: format!("192.0.2.{host}:80"), load: 0 })),
            40..60 => drop(services.remove(&name)),
            60..98 => services.transaction(|edit| {
                let all: Vec<_> = edit.iter().map(|(key, _)| key.clone()).collect();
                for key in all {
                    let more = random.u8(..30) * random.u8(..2);
                    edit.update(&key, |service| service.load = (service.load + more) % 100);
                }
            }),
            _ => _ = services.retain(|key, _| !key.starts_with(region)),
        }
        tokio::time::sleep(Duration::from_millis(random.u64(20..400))).await;
    }
}

/// The table, until `q` or Ctrl-C.
async fn show(services: &Services, kept: &Services, quit: &CancellationToken) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let keys = quit.clone();
    // It sleeps in a read, so it is a thread of its own, and ends with the program.
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let Event::Key(key) = event else { continue };
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            if key.code == KeyCode::Char('q') || control && key.code == KeyCode::Char('c') {
                break;
            }
        }
        keys.cancel();
    });
    let mut states = combine((services.watch_snapshots(), kept.watch_snapshots()));
    let mut before = State::default();
    while let Ok((all, kept)) = event_core::WatcherExt::get(&mut states).cancel_on(quit).await {
        terminal.draw(|frame| draw(frame, &all, &before, &kept))?;
        before = all;
    }
    Ok(())
}

fn draw(frame: &mut Frame<'_>, all: &State, before: &State, kept: &State) {
    let changed: BTreeSet<_> = all.since(before).map(|change| change.key.as_str()).collect();
    let [left, right] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(frame.area());
    table(frame, left, &format!("{} services in version {} - q quits", all.len(), all.version()), all, &changed);
    table(frame, right, &format!("what the consumer of {KEPT} has"), kept, &BTreeSet::new());
}

fn table(frame: &mut Frame<'_>, area: Rect, title: &str, state: &State, changed: &BTreeSet<&str>) {
    let rows = state.iter().map(|(key, Service { address, load })| {
        let style = if changed.contains(key.as_str()) { Style::new().bold().yellow() } else { Style::new() };
        Row::new([key.clone(), address.clone(), format!("{load:3} %")]).style(style)
    });
    let widths = [Constraint::Fill(1), Constraint::Length(16), Constraint::Length(5)];
    let header = Row::new(["service", "address", "load"]).underlined();
    frame.render_widget(Table::new(rows, widths).header(header).block(Block::bordered().title(title)), area);
}

/// Without a terminal: every change as a line.
async fn print(services: &Services, quit: &CancellationToken) -> io::Result<()> {
    let mut changes = services.watch();
    while let Ok(change) = changes.get().cancel_on(quit).await {
        let line = match change.value {
            Some(Service { address, load }) => format!("{} is at {address}, load {load} %", change.key),
            None => format!("{} has left", change.key),
        };
        // Whoever read the lines may have had enough.
        match writeln!(io::stdout(), "{line}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    Ok(())
}
