//! The picture in the terminal.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::{cursor, execute, terminal};
use event_tokio::supervisor::{BoxError, Transition, Tree};

const KEYS: &str = "s sensor fails   p smoother panics   h smoother hangs   u upload fails\n\
                    c clock ends/starts   r restart of the sensor's group   q quit";

/// So many transitions are shown.
const LINES: usize = 8;

/// Draws the tree; where there is no terminal, prints the transitions. Dropping it gives the terminal back.
#[derive(Debug)]
pub(crate) struct Screen {
    is_terminal: bool,
    log: Log,
}

/// The newest transitions.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    is_terminal: bool,
    newest: Arc<Mutex<VecDeque<String>>>,
}

impl Screen {
    pub(crate) fn new(is_terminal: bool) -> Result<Self, BoxError> {
        if is_terminal {
            terminal::enable_raw_mode()?;
            execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        }
        Ok(Self { is_terminal, log: Log { is_terminal, newest: Arc::default() } })
    }

    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    pub(crate) fn draw(&self, tree: &Tree) {
        if !self.is_terminal {
            return;
        }
        let mut picture = format!("{tree}\n\n{KEYS}\n\n");
        for line in &*self.log.newest() {
            _ = writeln!(picture, "{line}");
        }
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        let mut out = format!("{}{}", cursor::MoveTo(0, 0), terminal::Clear(terminal::ClearType::All));
        for line in picture.lines().take(usize::from(rows).saturating_sub(1)) {
            let line: String = line.chars().take(columns.into()).collect();
            // Raw mode does not go back to the first column by itself.
            _ = write!(out, "{line}\r\n");
        }
        // Nobody is left to be told.
        _ = stdout().write_all(out.as_bytes()).and_then(|()| stdout().flush());
    }

    /// Gives the terminal back, and leaves the last tree there.
    pub(crate) fn close(self) -> Result<(), BoxError> {
        let lines: Vec<_> = self.log.newest().iter().cloned().collect();
        let is_terminal = self.is_terminal;
        drop(self);
        if is_terminal {
            println!("{}", lines.join("\n"));
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            _ = execute!(stdout(), cursor::Show, terminal::LeaveAlternateScreen);
            _ = terminal::disable_raw_mode();
        }
    }
}

impl Log {
    fn newest(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by the supervisor, for every transition.
    pub(crate) fn add(&self, transition: &Transition) {
        let line = format!("{:>6.1}s {transition}", transition.at().as_secs_f64());
        if !self.is_terminal {
            // A reader that has ended is not worth a panic.
            _ = writeln!(stdout(), "{line}");
        }
        let mut newest = self.newest();
        if newest.len() == LINES {
            newest.pop_front();
        }
        newest.push_back(line);
    }
}
