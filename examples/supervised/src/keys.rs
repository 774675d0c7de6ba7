//! What a person presses.

use std::io::stdin;
use std::thread;

use crossterm::event::{Event, KeyCode, KeyModifiers, read as read_event};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Reads keys on a thread of its own, which blocks: single ones of a terminal, else the first of each line. The end of the
/// input ends the program.
pub(crate) fn read(is_terminal: bool) -> UnboundedReceiver<char> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        let next = if is_terminal { from_terminal } else { from_lines };
        while let Some(key) = next() {
            if sender.send(key).is_err() {
                break;
            }
        }
    });
    receiver
}

fn from_terminal() -> Option<char> {
    loop {
        match read_event().ok()? {
            Event::Key(key) if !key.is_press() => {}
            // In raw mode, the terminal sends no signal.
            Event::Key(key) if key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL => {
                return Some('q');
            }
            Event::Key(key) => {
                if let KeyCode::Char(key) = key.code {
                    return Some(key);
                }
            }
            _ => {}
        }
    }
}

fn from_lines() -> Option<char> {
    let mut line = String::new();
    loop {
        line.clear();
        if stdin().read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(key) = line.trim().chars().next() {
            return Some(key);
        }
    }
}
