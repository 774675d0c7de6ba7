//! Runs the suites with each mutant, until one of them fails.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Mutant;

enum Outcome {
    Passed,
    Failed(String),
    Hung,
}

/// A program of tests, with its arguments, and how long it may take: in the processor's time, since the machine may be busy, and longer
/// if it only waits.
struct Suite<'a> {
    words: Vec<&'a str>,
    work: Duration,
    wait: Duration,
}

/// The time that a process has used so far, in hundredths of a second where this is asked for: Linux.
fn work_of(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may have blanks.
    let mut words = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

impl Suite<'_> {
    fn name(&self) -> &str {
        let file = self.words[0].rsplit('/').next().unwrap_or_default();
        file.rsplit_once('-').map_or(file, |(name, _)| name)
    }

    /// With how long it has worked.
    fn run(&self, active: Option<usize>, output: &Path) -> io::Result<(Outcome, Duration)> {
        let mut command = Command::new(self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null()).stdout(File::create(output)?).stderr(Stdio::null());
        command.env("EVENT_MUTANT", active.map_or_else(String::new, |number| number.to_string()));
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let mut work = Duration::ZERO;
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok((Outcome::Passed, work));
                }
                let text = String::from_utf8_lossy(&fs::read(output)?).into_owned();
                let failed = text.lines().find_map(|line| line.strip_suffix(" ... FAILED")?.strip_prefix("test "));
                return Ok((Outcome::Failed(failed.unwrap_or("it ended the process").to_owned()), work));
            }
            work = work_of(child.id()).unwrap_or(work);
            if work > self.work || begin.elapsed() > self.wait {
                child.kill()?;
                child.wait()?;
                return Ok((Outcome::Hung, work));
            }
            sleep(Duration::from_millis(5));
        }
    }
}

/// What the results of a file are valid for: its text.
fn fingerprint(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn first_word(line: &str) -> String {
    line.split('\t').next().unwrap_or_default().to_owned()
}

/// The results that are known: fingerprint and name, and the rest of the line.
fn known(results: &Path) -> BTreeMap<(String, String), String> {
    let text = fs::read_to_string(results).unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.splitn(3, '\t').map(str::to_owned);
        Some(((words.next()?, words.next()?), words.next()?))
    };
    text.lines().filter_map(line).collect()
}

/// Each suite is one word, with its arguments after blanks. Results are lines of a file: fingerprint of the source, mutant, `found`,
/// `hangs`, `survives`, `unviable` or `untried`, and by which test; the last one counts. What was found before in an unchanged file is left out.
pub(crate) fn run(
    mutants: &[Mutant],
    sources: &Path,
    left_out: &BTreeSet<usize>,
    results: &Path,
    suites: &[&str],
) -> io::Result<()> {
    let output = results.with_extension("output");
    let mut all = Vec::new();
    for suite in suites {
        let far = Duration::from_secs(600);
        let mut suite = Suite { words: suite.split_whitespace().collect(), work: far, wait: far };
        let begin = Instant::now();
        let (outcome, work) = suite.run(None, &output)?;
        match outcome {
            Outcome::Passed => {}
            Outcome::Hung => return Err(io::Error::other(format!("{} hangs without any mutant", suite.name()))),
            Outcome::Failed(test) => {
                return Err(io::Error::other(format!("{} fails without any mutant: {test}", suite.name())));
            }
        }
        suite.work = work * 5 + Duration::from_secs(3);
        suite.wait = begin.elapsed() * 5 + Duration::from_secs(60);
        println!("   {}: {:.1} s of work without any mutant", suite.name(), work.as_secs_f64());
        all.push(suite);
    }
    let known = known(results);
    let mut fingerprints = BTreeMap::new();
    let mut outcomes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut list = OpenOptions::new().create(true).append(true).open(results)?;
    for (number, mutant) in mutants.iter().enumerate() {
        if !fingerprints.contains_key(&mutant.file) {
            fingerprints.insert(mutant.file.clone(), fingerprint(&fs::read_to_string(sources.join(&mutant.file))?));
        }
        let fingerprint = &fingerprints[&mutant.file];
        let before = known.get(&(fingerprint.clone(), mutant.name.clone()));
        if let Some(before) = before.filter(|before| !before.starts_with("survives")) {
            outcomes.entry(first_word(before)).or_default().push(&mutant.name);
            continue;
        }
        let outcome = if !mutant.can_be_woven() {
            "untried".to_owned()
        } else if left_out.contains(&number) {
            "unviable".to_owned()
        } else {
            let mut outcome = "survives".to_owned();
            for suite in &all {
                match suite.run(Some(number), &output)?.0 {
                    Outcome::Passed => continue,
                    Outcome::Failed(test) => outcome = format!("found\t{} {test}", suite.name()),
                    Outcome::Hung => outcome = format!("hangs\t{}", suite.name()),
                }
                break;
            }
            outcome
        };
        writeln!(list, "{fingerprint}\t{}\t{outcome}", mutant.name)?;
        outcomes.entry(first_word(&outcome)).or_default().push(&mutant.name);
    }
    let counts: Vec<_> = outcomes.iter().map(|(outcome, names)| format!("{outcome}: {}", names.len())).collect();
    println!("   {}", counts.join(", "));
    let survivors: String = outcomes.get("survives").into_iter().flatten().map(|name| format!("{name}\n")).collect();
    fs::write(results.with_extension("survivors"), survivors)
}
