//! Lines on standard output, printed by a thread of its own.
//!
//! A reader that is slow, or has stopped reading, holds up that thread and nothing else. When nobody can read any more
//! (`network_status | head`), the program ends.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::ending::Ending;
use super::failure::Failure;

/// So long the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where all parts print.
#[derive(Clone)]
pub(crate) struct Console {
    /// `None` is the end.
    lines: Sender<Option<String>>,
}

/// Waits for the lines to be printed.
pub(crate) struct Printing {
    ended: Receiver<io::Result<()>>,
}

impl Console {
    /// A console, and what to wait for at the end. `ending` is due when nothing can be printed any more.
    pub(crate) fn new(ending: Ending) -> (Self, Printing) {
        let (lines, to_print) = channel();
        let (tell_end, ended) = channel();
        thread::spawn(move || {
            let printed = print(&to_print);
            if printed.is_err() {
                ending.is_due();
            }
            // Nobody listens if the end took too long.
            let _ = tell_end.send(printed);
        });
        (Self { lines }, Printing { ended })
    }

    /// Prints a line. `who` is the part that says it.
    pub(crate) fn say(&self, who: &str, what: impl Display) {
        // After the printing has failed, nobody is left to tell.
        let _ = self.lines.send(Some(format!("{who:<8} {what}\n")));
    }

    /// Ends the printing, after the lines that are on their way.
    pub(crate) fn finish(&self, printing: Printing) -> Result<(), Failure> {
        let _ = self.lines.send(None);
        match printing.ended.recv_timeout(LAST_LINES) {
            // Whoever closes the other end has read enough.
            Ok(Err(error)) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new("cannot print", error, "Where does standard output lead to?"))
            }
            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

fn print(lines: &Receiver<Option<String>>) -> io::Result<()> {
    let mut stdout = io::stdout();
    while let Ok(Some(line)) = lines.recv() {
        stdout.write_all(line.as_bytes())?;
        stdout.flush()?;
    }
    Ok(())
}
