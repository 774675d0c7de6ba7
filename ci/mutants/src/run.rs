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

/// How long a test takes, roughly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Little,
    Long,
}

impl Takes {
    fn of(test: &Test) -> Self {
        // Waiting counts less than work, but when threads wait for each other it is long on a busy machine.
        match test.work.max(test.whole / 8).as_millis() {
            0..=30 => Self::Nothing,
            31..=400 => Self::Little,
            _ => Self::Long,
        }
    }
}

/// Those that reach the mutant and take so long: together, if they are of one program, or else one by one, the quickest first.
fn batches(tests: &[Test], mutant: usize, wanted: Takes) -> Vec<Batch<'_>> {
    let mut batches: Vec<Batch<'_>> = Vec::new();
    for test in tests.iter().filter(|test| test.reached.contains(&mutant) && Takes::of(test) == wanted) {
        match batches.last_mut() {
            Some(last) if last.program == test.program && wanted != Takes::Long => last.tests.push(test),
            _ => batches.push(Batch { program: &test.program, tests: vec![test] }),
        }
    }
    if wanted == Takes::Long {
        batches.sort_by_key(|batch| batch.tests[0].work);
    }
    batches
}

/// Which test finds the mutant.
fn outcome(batches: &[Batch<'_>], mutant: usize, output: &Path) -> io::Result<Option<String>> {
    for batch in batches {
        let mut outcome = batch.run(mutant, output, 1)?;
        if matches!(outcome, Outcome::Hung) {
            // Once more, with more patience.
            outcome = batch.run(mutant, output, 3)?;
        }
        match outcome {
            Outcome::Passed => {}
            Outcome::Failed(test) => return Ok(Some(format!("found\t{} {test}", batch.name()))),
            Outcome::Hung => return Ok(Some(format!("hangs\t{}", batch.name()))),
        }
    }
    Ok(None)
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

/// A mutant's name as the list of survivors has it, without the place.
fn listed_name(name: &str) -> String {
    let mut words = name.splitn(4, ':');
    let (file, rest) = (words.next().unwrap_or_default(), words.nth(2).unwrap_or_default());
    format!("{}:{rest}", file.trim_start_matches("crates/event-core/src/"))
}

/// The names in the list of survivors: what is before the reason.
fn listed(list: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(list).unwrap_or_default();
    text.lines().filter_map(|line| Some(line.split_once(" # ")?.0.trim().to_owned())).collect()
}

/// Results are lines of a file: fingerprint of the source, mutant, `found`, `hangs`, `survives`, `unviable` or `untried`, and by
/// which test; the last one counts. What was found before in an unchanged file is left out. The order is a random one, so that
/// what was run is a sample of all whenever this is ended.
pub(crate) fn run(
    mutants: &[Mutant],
    sources: &Path,
    left_out: &BTreeSet<usize>,
    results: &Path,
    seed: u64,
    survivors: &Path,
    programs: &[&str],
) -> io::Result<()> {
    let listed = listed(survivors);
    let output = results.with_extension("output");
    let tests = reach::record(programs, results)?;
    println!("   {} tests, each run once without any mutant", tests.len());
    let known = known(results);
    let mut fingerprints = BTreeMap::new();
    let mut list = OpenOptions::new().create(true).append(true).open(results)?;
    let mut outcomes: BTreeMap<usize, String> = BTreeMap::new();
    // First all of them against the quick tests, then what is left against the others.
    for takes in [Takes::Nothing, Takes::Little, Takes::Long] {
        for number in shuffled(mutants.len(), seed) {
            let mutant = &mutants[number];
            if !fingerprints.contains_key(&mutant.file) {
                fingerprints.insert(mutant.file.clone(), fingerprint(&fs::read_to_string(sources.join(&mutant.file))?));
            }
            let fingerprint = &fingerprints[&mutant.file];
            let before = match outcomes.get(&number) {
                Some(before) => Some(before),
                None => known.get(&(fingerprint.clone(), mutant.name.clone())),
            };
            if let Some(before) = before.filter(|before| !before.starts_with("survives")).cloned() {
                outcomes.insert(number, before);
                continue;
            }
            // Nobody expects that the slow tests find what the quick ones have not, if it is in the list.
            if takes != Takes::Nothing && outcomes.contains_key(&number) && listed.contains(&listed_name(&mutant.name))
            {
                continue;
            }
            let outcome = if !mutant.can_be_woven() {
                "untried".to_owned()
            } else if left_out.contains(&number) {
                "unviable".to_owned()
            } else {
                let survives = if tests.iter().any(|test| test.reached.contains(&number)) {
                    "survives"
                } else {
                    "survives\tunreached"
                };
                outcome(&batches(&tests, number, takes), number, &output)?.unwrap_or_else(|| survives.to_owned())
            };
            writeln!(list, "{fingerprint}\t{}\t{outcome}", mutant.name)?;
            outcomes.insert(number, outcome);
        }
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes.values() {
        *counts.entry(first_word(outcome)).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(outcome, count)| format!("{outcome}: {count}")).collect();
    println!("   {}", counts.join(", "));
    let survivors = outcomes.iter().filter(|(_, outcome)| outcome.starts_with("survives"));
    let names = survivors.map(|(&number, _)| format!("{number}\t{}\n", mutants[number].name));
    fs::write(results.with_extension("survivors"), names.collect::<String>())
}
