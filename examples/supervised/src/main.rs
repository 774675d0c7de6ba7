//! A small service under a supervisor. Its tree is drawn live in the terminal, and parts of it fail when a key is pressed.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "a program has std")]

mod keys;
mod screen;
mod service;

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use event_tokio::GetExt;
use event_tokio::event_core::MemoryValue;
use event_tokio::supervisor::{self, Backoff, BoxError, Context};

use screen::Screen;
use service::{Wish, station};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), BoxError> {
    let is_terminal = stdout().is_terminal();
    // What the keys ask the parts for. Every part watches it.
    let wishes: MemoryValue<Wish> = MemoryValue::new();
    let (screen, mut keys) = (Screen::new(is_terminal)?, keys::read(is_terminal));
    let log = screen.log();
    let supervisor = supervisor::builder()
        .name("station")
        .backoff(Backoff::default().first(Duration::from_secs(1)))
        .grace(Duration::from_secs(3))
        .on_transition(move |transition| log.add(transition))
        .start({
            let wishes = wishes.clone();
            // The only clone that a restart needs.
            move |cx: Context| station(cx, wishes.clone())
        });

    let mut state = supervisor.state().watch();
    loop {
        // The picture is drawn again when something has changed, and when a second has passed.
        let change = async { _ = state.get().timeout(Duration::from_secs(1)).await };
        let key = tokio::select! {
            key = keys.recv() => key,
            () = change => {
                screen.draw(&supervisor.state().load().unwrap_or_default());
                continue;
            }
        };
        match key {
            Some('q') | None => break,
            // Control by path. A group that is gone cannot be restarted.
            Some('r') => _ = supervisor.restart("station.sensor"),
            Some(key) => _ = Wish::of(key).map(|wish| wishes.set(wish)),
        }
    }
    let state = supervisor.state();
    supervisor.stop().await;
    screen.draw(&state.load().unwrap_or_default());
    screen.close()
}
