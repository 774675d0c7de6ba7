//! The example `network_status`, run as a person runs it.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

#[path = "network_status/process.rs"]
mod process;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use process::{Example, Finished};
use tempfile::TempDir;

const BEGINNING: &str = "# Kept by network_status.\n127.0.0.1 localhost\n::1 localhost\n";

/// What the script makes of the names, each time that they change.
const NAMES: [&str; 7] = [
    "simulated has no address",
    "simulated has 192.0.2.10",
    "simulated has 192.0.2.77",
    "simulated has 192.0.2.77 and 2001:db8::4d",
    "simulated has 2001:db8::4d",
    "simulated has no address",
    "simulated has 198.51.100.23",
];

/// How often the script sets the value, and how often of that in one go.
const SETS: u64 = 29;
const AT_ONCE: u64 = 20;

/// The first event comes at once, and no other one within the time of a test.
const ONE_EVENT: [&str; 3] = ["--simulate", "--step", "3600000"];

fn directory() -> TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

/// Every file of a directory, hidden ones too.
fn files_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn play_to_the_end(hosts: &Path) -> Finished {
    let options = ["--simulate", "--exit-after-script", "--step", "20", "--slow", "50", "--hosts"];
    Example::start(options.map(Path::new).into_iter().chain([hosts])).finish()
}

#[test]
fn after_the_script_the_hosts_file_has_the_last_lease_and_all_parts_have_ended() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    let finished = play_to_the_end(&hosts);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(fs::read_to_string(&hosts).unwrap(), format!("{BEGINNING}198.51.100.23 simulated\n"));
    assert_eq!(files_in(directory.path()), ["hosts"]);
    for part in ["pipe", "changes", "hosts", "slow"] {
        assert!(finished.said_by(part).last().unwrap().starts_with("ends, "), "{part} in\n{finished}");
    }
    assert_eq!(finished.said_by("main").last(), Some("goodbye"));
    assert_eq!(finished.stderr, "");
}

#[test]
fn the_hosts_file_is_rewritten_only_when_the_address_changed() {
    let directory = directory();
    let finished = play_to_the_end(&directory.path().join("hosts"));
    let written: Vec<_> = finished.said_by("hosts").filter_map(|line| line.strip_prefix("wrote ")).collect();
    // What came and went may be skipped, but nothing is written twice or in another order.
    let mut changes = NAMES.iter();
    for line in &written {
        assert!(changes.any(|names| line.ends_with(&format!(": {names}"))), "{line} in\n{finished}");
    }
    assert!(written.last().unwrap().ends_with(NAMES[6]), "{finished}");
}

#[test]
fn a_hosts_file_that_is_right_already_is_left_alone() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    fs::write(&hosts, BEGINNING).unwrap();
    let before = fs::metadata(&hosts).unwrap();
    let mut example = Example::start(ONE_EVENT.map(Path::new).into_iter().chain([Path::new("--hosts"), &hosts]));
    example.wait_for("left alone");
    example.signal("INT");
    assert_eq!(example.finish().code, Some(0));
    let after = fs::metadata(&hosts).unwrap();
    assert_eq!((before.ino(), before.modified().unwrap()), (after.ino(), after.modified().unwrap()));
}

#[test]
fn permissions_and_links_survive_the_rewriting() {
    let directory = directory();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "old\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    symlink(&file, &link).unwrap();
    let finished = play_to_the_end(&link);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o604);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{BEGINNING}198.51.100.23 simulated\n"));
    assert_eq!(files_in(directory.path()), ["file", "link"]);
}

#[test]
fn the_slow_consumer_skips_and_accounts_for_every_version() {
    let directory = directory();
    let finished = play_to_the_end(&directory.path().join("hosts"));
    let missed: Vec<u64> = finished
        .said_by("slow")
        .filter_map(|line| line.strip_prefix("missed ")?.split(' ').next())
        .map(|count| count.parse().unwrap_or(0))
        .collect();
    let got = u64::try_from(missed.len()).unwrap();
    assert_eq!(got + missed.iter().sum::<u64>(), SETS, "{finished}");
    assert!(missed.iter().any(|count| *count >= AT_ONCE - 1), "{finished}");
    let last = finished.said_by("slow").filter(|line| line.starts_with("missed ")).last();
    assert!(last.unwrap().ends_with("lease granted on another network"), "{finished}");
}

#[test]
fn signals_end_it_cleanly() {
    for (signal, name) in [("INT", "Ctrl-C"), ("TERM", "SIGTERM")] {
        let mut example = Example::start(ONE_EVENT);
        // Everyone waits now, or rests.
        example.wait_for("slow     missed nothing");
        example.wait_for("changes  at first");
        example.signal(signal);
        let finished = example.finish();
        assert_eq!(finished.code, Some(0), "{finished}");
        assert_eq!(finished.stderr, "");
        let main: Vec<_> = finished.said_by("main").skip(1).collect();
        assert_eq!(main, [&format!("got {name}, ending all parts"), "goodbye"], "{finished}");
    }
}

/// The file that `path` may lead to stays as it is; the error says what is wrong with it, and what to do.
fn is_refused(path: &Path, cause: &str) {
    let finished =
        Example::start(["--simulate", "--exit-after-script", "--hosts"].map(Path::new).into_iter().chain([path]))
            .finish();
    assert_eq!(finished.code, Some(1), "{finished}");
    for part in [path.to_str().unwrap(), cause, "--hosts"] {
        assert!(finished.stderr.contains(part), "{part} is not in\n{finished}");
    }
    assert_eq!(finished.stdout, "", "it was found out before anything else began");
}

#[test]
fn a_path_that_cannot_be_written_is_refused_at_the_start() {
    let directory = directory();
    let file = directory.path().join("file");
    fs::write(&file, "mine\n").unwrap();
    is_refused(&directory.path().join("missing/hosts"), "No such file or directory");
    is_refused(directory.path(), "it is not a regular file");
    is_refused(&directory.path().join("hosts/"), "it does not name a file");
    is_refused(&file.join("hosts"), "Not a directory");
    let nowhere = directory.path().join("nowhere");
    symlink("missing", &nowhere).unwrap();
    is_refused(&nowhere, "it is a link that leads nowhere");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
    assert_eq!(files_in(directory.path()), ["file", "nowhere"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    fs::write(&hosts, "mine\n").unwrap();
    // No file can grow, whoever the user is. The files that can be made beside it stay empty.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --simulate --hosts \"$1\"";
    let finished = Example::start_by_shell(limited, [&hosts]).finish();
    assert_eq!(finished.code, Some(1), "{finished}");
    for part in ["cannot write the hosts file", hosts.to_str().unwrap(), "--hosts"] {
        assert!(finished.stderr.contains(part), "{part} is not in\n{finished}");
    }
    assert!(!finished.stdout.contains("goodbye"), "{finished}");
    assert_eq!(fs::read_to_string(&hosts).unwrap(), "mine\n");
    assert_eq!(files_in(directory.path()), ["hosts"]);
}

#[test]
fn it_ends_when_nobody_reads_its_output_any_more() {
    let finished = Example::start_by_shell("exec \"$0\" --simulate --step 20 | head -n 1 >&2", NONE).finish();
    assert!(finished.stderr.starts_with("main "), "{finished}");
    // The shell waits for both, so the example has ended; it had nothing to complain about.
    assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let finished = Example::start_by_shell("exec \"$0\" --simulate > /dev/full", NONE).finish();
    assert_eq!(finished.code, Some(1), "{finished}");
    assert!(finished.stderr.contains("cannot print"), "{finished}");
}

#[test]
fn help_tells_every_option() {
    let finished = Example::start(["--help"]).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    for option in ["--hosts", "--simulate", "--step", "--exit-after-script", "--slow", "--help", "Examples:"] {
        assert!(finished.stdout.contains(option), "{option} is not in\n{finished}");
    }
}

#[test]
fn wrong_usage_is_told_and_ends_with_2() {
    let wrong: [(&[&str], &str); 5] = [
        (&["--bogus"], "--bogus"),
        (&["--step", "20"], "--simulate"),
        (&["--simulate", "--step", "0"], "--step"),
        (&["--hosts"], "--hosts"),
        (&["hosts"], "hosts"),
    ];
    for (arguments, named) in wrong {
        let finished = Example::start(arguments).finish();
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished}");
        assert!(finished.stderr.contains(named), "{arguments:?}: {finished}");
        assert_eq!(finished.stdout, "");
    }
}

const NONE: [&str; 0] = [];
