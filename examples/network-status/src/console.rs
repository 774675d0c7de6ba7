//! Lines on standard output, printed by a thread of its own.
//!
//! A reader that is slow, or has stopped reading, delays that thread and nothing else. When nobody can read any more
//! (`network-status | head`), the program ends.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::ending::Ending;
use crate::failure::Failure;

/// How long the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What a terminal has.
const COLUMNS: usize = 80;

/// Where all parts print.
#[derive(Clone)]
pub(crate) struct Console {
    /// `None` is the end.
    lines: Sender<Option<String>>,
    begun: Instant,
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
        (Self { lines, begun: Instant::now() }, Printing { ended })
    }

    /// Prints a line, with the time since the start. `who` is the part that it is about.
    pub(crate) fn say(&self, who: &str, what: impl Display) {
        let time = format!("+{:.1}s", self.begun.elapsed().as_secs_f64());
        // After the printing has failed, nobody reads it.
        let _ = self.lines.send(Some(wrapped(&format!("{time:<7} {who:<7} "), &what.to_string())));
    }

    /// Ends the printing, after the lines that are on their way.
    pub(crate) fn finish(&self, printing: Printing) -> Result<(), Failure> {
        let _ = self.lines.send(None);
        match printing.ended.recv_timeout(LAST_LINES) {
            // A reader that closes the other end has read enough.
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

/// The text in lines that fit the terminal, broken between words. The second and further lines are indented like the first.
/// A word that is longer than a line, such as a path, stays whole.
fn wrapped(beginning: &str, text: &str) -> String {
    let indent = beginning.chars().count();
    let (mut lines, mut column) = (beginning.to_owned(), indent);
    // Leading spaces are a part of the first word.
    let leading = text.len() - text.trim_start_matches(' ').len();
    lines.push_str(&text[..leading]);
    column += leading;
    for (n, word) in text[leading..].split([' ', '\n']).enumerate() {
        let width = word.chars().count();
        if n > 0 && column + 1 + width > COLUMNS {
            // Not even spaces at the end of a line.
            lines.truncate(lines.trim_end_matches(' ').len());
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if n > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_broken_between_words_and_indented() {
        let words = ["seven letters"; 12].join(" ");
        let text = wrapped("+0.0s   main    ", &words);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| line.len() <= COLUMNS), "{text}");
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.starts_with("                s") || line.starts_with("                l"))
        );
        let joined: Vec<_> = lines.iter().map(|line| line[16..].trim_end()).collect();
        assert_eq!(joined.join(" "), words);
    }

    #[test]
    fn a_text_that_just_fits_is_one_line_and_a_long_word_stays_whole() {
        let fits = "x".repeat(COLUMNS - 2);
        assert_eq!(wrapped("> ", &fits), format!("> {fits}\n"));
        let long = "x".repeat(COLUMNS);
        assert_eq!(wrapped("> ", &format!("a {long} b")), format!("> a\n  {long}\n  b\n"));
    }
}
