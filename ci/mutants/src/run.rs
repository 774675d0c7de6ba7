//! Runs the tests with each mutant, until one of them fails.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::Mutant;
use crate::reach::{self, Test, Watched};

enum Outcome {
    Passed,
    Failed(String),
    Hung,
}

/// Tests that are run together, by one process.
struct Batch<'a> {
    program: &'a str,
    tests: Vec<&'a Test>,
}

impl Batch<'_> {
    fn name(&self) -> &str {
        let file = self.program.rsplit('/').next().unwrap_or_default();
        file.rsplit_once('-').map_or(file, |(name, _)| name)
    }

    /// They hang when none of them ends for much longer than the longest takes without a mutant: in the processor's time, and in that of a
    /// process none of whose threads can go on, since the machine may be busy with something else.
    fn run(&self, active: usize, output: &Path, patience: u32) -> io::Result<Outcome> {
        let longest = |time: fn(&Test) -> Duration| self.tests.iter().map(|&test| time(test)).max().unwrap_or_default();
        let work = (longest(|test| test.work) * 4 + Duration::from_secs(1)) * patience;
        let idle = (longest(|test| test.whole) * 2 + Duration::from_secs(2)) * patience;
        let mut arguments = vec!["--exact", "--test-threads=2"];
        arguments.extend(self.tests.iter().map(|test| test.name.as_str()));
        let mut running = Watched::start(self.program, &arguments, ("EVENT_MUTANT", &active.to_string()), output)?;
        let (mut done, mut work_before) = (0, Duration::ZERO);
        loop {
            let ended = running.ended()?;
            // The first failure is enough.
            let text = String::from_utf8_lossy(&fs::read(output)?).into_owned();
            let failed = text.lines().find_map(|line| line.strip_suffix(" ... FAILED")?.strip_prefix("test "));
            match (ended, failed) {
                (Some(false), _) => return Ok(Outcome::Passed),
                (Some(true), _) => return Ok(Outcome::Failed(failed.unwrap_or("it ended the process").to_owned())),
                (None, Some(failed)) => {
                    running.end()?;
                    return Ok(Outcome::Failed(failed.to_owned()));
                }
                (None, None) => {}
            }
            let lines = text.lines().count();
            if lines != done {
                (done, work_before) = (lines, running.work());
            }
            if running.work() - work_before > work || running.idle() > idle {
                running.end()?;
                return Ok(Outcome::Hung);
            }
            sleep(Duration::from_millis(5));
        }
    }
}

/// Those that reach the mutant: the quick ones of each program, then those that take a little, then each of the others.
fn batches(tests: &[Test], mutant: usize) -> Vec<Batch<'_>> {
    let mut batches: Vec<Batch<'_>> = Vec::new();
    let quick = Duration::from_millis(30);
    let class = |test: &Test| match test.work {
        work if work <= quick => 0,
        work if work <= 10 * quick => 1,
        _ => 2,
    };
    for wanted in 0..=1 {
        for test in tests.iter().filter(|test| test.reached.contains(&mutant) && class(test) == wanted) {
            match batches.last_mut() {
                Some(last) if last.program == test.program && class(last.tests[0]) == wanted => last.tests.push(test),
                _ => batches.push(Batch { program: &test.program, tests: vec![test] }),
            }
        }
    }
    let mut slow: Vec<_> = tests.iter().filter(|test| test.reached.contains(&mutant) && class(test) == 2).collect();
    slow.sort_by_key(|test| test.work);
    batches.extend(slow.into_iter().map(|test| Batch { program: &test.program, tests: vec![test] }));
    batches
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

/// The numbers below `end` in an order that looks random and is always the same for a seed.
fn shuffled(end: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let mut next = |below: usize| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    };
    let mut order: Vec<usize> = (0..end).collect();
    for last in (1..end).rev() {
        order.swap(last, next(last + 1));
    }
    order
}

/// Results are lines of a file: fingerprint of the source, mutant, `found`, `hangs`, `survives`, `unreached`, `unviable` or `untried`, and
/// by which test; the last one counts. What was found before in an unchanged file is left out. The order is a random one, so that
/// what was run is a sample of all whenever this is ended.
pub(crate) fn run(
    mutants: &[Mutant],
    sources: &Path,
    left_out: &BTreeSet<usize>,
    results: &Path,
    seed: u64,
    programs: &[&str],
) -> io::Result<()> {
    let output = results.with_extension("output");
    let tests = reach::record(programs, results)?;
    println!("   {} tests, each run once without any mutant", tests.len());
    let known = known(results);
    let mut fingerprints = BTreeMap::new();
    let mut outcomes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut list = OpenOptions::new().create(true).append(true).open(results)?;
    for number in shuffled(mutants.len(), seed) {
        let mutant = &mutants[number];
        if !fingerprints.contains_key(&mutant.file) {
            fingerprints.insert(mutant.file.clone(), fingerprint(&fs::read_to_string(sources.join(&mutant.file))?));
        }
        let fingerprint = &fingerprints[&mutant.file];
        let before = known.get(&(fingerprint.clone(), mutant.name.clone()));
        if let Some(before) =
            before.filter(|before| !before.starts_with("survives") && !before.starts_with("unreached"))
        {
            outcomes.entry(first_word(before)).or_default().push(&mutant.name);
            continue;
        }
        let outcome = if !mutant.can_be_woven() {
            "untried".to_owned()
        } else if left_out.contains(&number) {
            "unviable".to_owned()
        } else {
            let batches = batches(&tests, number);
            let mut outcome = if batches.is_empty() { "unreached" } else { "survives" }.to_owned();
            for batch in &batches {
                match batch.run(number, &output, 1)? {
                    Outcome::Passed => continue,
                    Outcome::Failed(test) => outcome = format!("found\t{} {test}", batch.name()),
                    // Once more, with more patience.
                    Outcome::Hung => match batch.run(number, &output, 3)? {
                        Outcome::Passed => continue,
                        Outcome::Failed(test) => outcome = format!("found\t{} {test}", batch.name()),
                        Outcome::Hung => outcome = format!("hangs\t{}", batch.name()),
                    },
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
    let survivors =
        ["survives", "unreached"].into_iter().flat_map(|outcome| outcomes.get(outcome).into_iter().flatten());
    fs::write(results.with_extension("survivors"), survivors.map(|name| format!("{name}\n")).collect::<String>())
}
