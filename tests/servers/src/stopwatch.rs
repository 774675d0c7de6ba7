//! Tells how long a test took, where a variable asks for it.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// The variable that names a file. For each test that ends a line is added to it: its name, a tab, and its time in seconds.
const VARIABLE: &str = "EVENT_SUITE_TIMES";

/// Measures one test, until it is dropped.
pub(crate) struct Stopwatch {
    name: String,
    begin: Instant,
}

impl Stopwatch {
    pub(crate) fn start(name: String) -> Self {
        Self { name, begin: Instant::now() }
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return };
        let line = format!("{}\t{:.3}\n", self.name, self.begin.elapsed().as_secs_f64());
        // In one write, since other processes add lines as well.
        let written =
            File::options().create(true).append(true).open(&path).and_then(|mut f| f.write_all(line.as_bytes()));
        if let Err(error) = written {
            eprintln!("{VARIABLE}={}: {error}", path.display());
        }
    }
}
