//! Which tests reach which mutants, and how long each test takes: recorded once, without any mutant.
//!
//! What asks whether a mutant is active says so, in a file that a variable of the environment names. So a mutant is run against those
//! tests only that can tell, the quickest first.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What takes longer, in the processor's time, is left out: no mutant is run against it.
const LONGEST: Duration = Duration::from_secs(12);

/// A test, with what it takes when nothing is wrong: of the processor's time, and in all.
pub(crate) struct Test {
    pub(crate) program: String,
    pub(crate) name: String,
    pub(crate) work: Duration,
    pub(crate) whole: Duration,
    pub(crate) reached: BTreeSet<usize>,
}

/// A process of tests that is watched while it runs.
pub(crate) struct Watched {
    child: Child,
    begin: Instant,
    work: Duration,
    /// Since when all of its threads have slept, without any work in between.
    idle: Option<Instant>,
}

impl Watched {
    pub(crate) fn start(program: &str, arguments: &[&str], variable: (&str, &str), output: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).env(variable.0, variable.1);
        let child = command.stdin(Stdio::null()).stdout(File::create(output)?).stderr(Stdio::null()).spawn()?;
        Ok(Self { child, begin: Instant::now(), work: Duration::ZERO, idle: None })
    }

    /// How it ended, if it did: whether it failed.
    pub(crate) fn ended(&mut self) -> io::Result<Option<bool>> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(Some(!status.success()));
        }
        let (work, sleeps) = state_of(self.child.id()).unwrap_or((self.work, false));
        self.idle = if sleeps && work == self.work { self.idle.or_else(|| Some(Instant::now())) } else { None };
        self.work = work;
        Ok(None)
    }

    /// The processor's time until it was looked at last.
    pub(crate) fn work(&self) -> Duration {
        self.work
    }

    pub(crate) fn whole(&self) -> Duration {
        self.begin.elapsed()
    }

    /// For how long all of its threads have waited for something. On a busy machine a thread that could run is not one that waits.
    pub(crate) fn idle(&self) -> Duration {
        self.idle.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

/// The time that a process has used so far, and whether all of its threads wait, where this is asked for: Linux.
fn state_of(process: u32) -> Option<(Duration, bool)> {
    // The name, in parentheses, may have blanks.
    let after_name = |path: &Path| Some(fs::read_to_string(path).ok()?.rsplit_once(')')?.1.to_owned());
    let text = after_name(Path::new(&format!("/proc/{process}/stat")))?;
    let mut words = text.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let mut sleeps = true;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        sleeps &= after_name(&thread.ok()?.path().join("stat"))?.trim_start().starts_with('S');
    }
    // In hundredths of a second.
    Some((Duration::from_millis(10 * (user + system)), sleeps))
}

fn names_of(program: &str) -> io::Result<Vec<String>> {
    let listed = Command::new(program).args(["--list", "--format=terse"]).output()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// What was recorded, unless a program is newer.
fn recorded(programs: &[&str], kept: &Path) -> Option<Vec<Test>> {
    let written = |path: &Path| fs::metadata(path).ok()?.modified().ok();
    let when = written(kept)?;
    if programs.iter().any(|program| written(Path::new(program)).is_none_or(|newer| newer > when)) {
        return None;
    }
    let test = |line: &str| {
        let mut words = line.split('\t');
        let (program, name) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut time = || Some(Duration::from_millis(words.next()?.parse().ok()?));
        let (work, whole) = (time()?, time()?);
        Some(Test { program, name, work, whole, reached: words.filter_map(|word| word.parse().ok()).collect() })
    };
    fs::read_to_string(kept).ok()?.lines().map(test).collect()
}

fn keep(tests: &[Test], kept: &Path) -> io::Result<()> {
    let mut to = File::create(kept)?;
    for test in tests {
        write!(to, "{}\t{}\t{}\t{}", test.program, test.name, test.work.as_millis(), test.whole.as_millis())?;
        for number in &test.reached {
            write!(to, "\t{number}")?;
        }
        writeln!(to)?;
    }
    Ok(())
}

/// Runs each test of these programs, by itself.
pub(crate) fn record(programs: &[&str], beside: &Path) -> io::Result<Vec<Test>> {
    let kept = beside.with_extension("tests");
    if let Some(tests) = recorded(programs, &kept) {
        return Ok(tests);
    }
    let (output, reached) = (beside.with_extension("output"), beside.with_extension("reached"));
    let mut tests = Vec::new();
    for &program in programs {
        for name in names_of(program)? {
            File::create(&reached)?;
            let arguments = ["--exact", &name, "--test-threads=1"];
            let variable = ("EVENT_MUTANT_REACHED", reached.to_str().unwrap_or_default());
            let mut running = Watched::start(program, &arguments, variable, &output)?;
            let failed = loop {
                match running.ended()? {
                    Some(failed) => break failed,
                    None if running.work() > LONGEST || running.whole() > 20 * LONGEST => break true,
                    None => sleep(Duration::from_millis(1)),
                }
            };
            let (work, whole) = (running.work(), running.whole());
            if failed {
                println!("   left out: {name}, after {:.1} s", work.as_secs_f64());
                let _ = running.end();
                continue;
            }
            let numbers = fs::read_to_string(&reached)?.lines().filter_map(|line| line.parse().ok()).collect();
            tests.push(Test { program: program.to_owned(), name, work, whole, reached: numbers });
        }
    }
    keep(&tests, &kept)?;
    Ok(tests)
}
