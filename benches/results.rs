//! Writes `RESULTS.md` and its pictures from what was measured before; `ci/results.sh` measures it, and runs this.

use core::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use event_benches::results::{Run, document, pictures};

const HELP: &str = "\
Writes RESULTS.md and its pictures from what ci/results.sh has measured.

Usage: results FROM TO

  FROM  the folder with peers.json, bytes.json, instructions.md and footprint.md
  TO    the folder that gets RESULTS.md and results/*.svg";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("results: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let folders: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = folders.as_slice() else {
        println!("{HELP}");
        return Ok(());
    };
    let run = Run::read(&text(&from.join("peers.json"))?, &text(&from.join("bytes.json"))?)?;
    let (instructions, footprint) = (text(&from.join("instructions.md"))?, text(&from.join("footprint.md"))?);
    let pictures_to = to.join("results");
    fs::create_dir_all(&pictures_to)?;
    for (name, picture) in [("fan-out.svg", pictures::fan_out(&run)?), ("threads.svg", pictures::threads(&run)?)] {
        fs::write(pictures_to.join(name), picture)?;
    }
    let (document, unexplained) = document::write(&run, &instructions, &footprint);
    fs::write(to.join("RESULTS.md"), document)?;
    if unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("not first, and `why_not_first` of the row says nothing:\n{}", unexplained.join("\n")).into())
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
