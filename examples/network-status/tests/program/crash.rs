//! Parts die and begin again.

use std::ffi::OsStr;
use std::fs;

use crate::program::hosts::{directory, files_in};
use crate::program::process::Example;
use crate::program::script::{BEGINNING, EVENTS, last_content, start_with_one_event};

const DEATHS: [&str; 2] = ["service died: panicked: as --crash-after asked", "changes died: as --crash-after asked"];

#[test]
fn after_a_crash_of_the_producer_and_one_of_the_consumer_it_has_the_current_value_again() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    let options = ["--crash-after", "0.3", "--hosts"].map(OsStr::new);
    let mut example = start_with_one_event(options.into_iter().chain([hosts.as_os_str()]));
    for death in DEATHS {
        if crate::ONE_THREAD {
            example.wait_for_next(death);
            example.wait_for_next("changes begins with: simulated has no address");
        } else {
            // Another thread may report it later, and a run may fail before it has received anything.
            example.wait_for(death);
        }
    }
    example.wait_for("healthy, restarted 2 times");
    // A run that was cut off may have written the file and not said so.
    example.wait_for_part("hosts", "hosts: simulated has no address");
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "", "nobody needs the report of a panic that was asked for");
    assert_eq!(finished.said_by("main").last(), Some("goodbye"));
    assert_eq!(finished.deaths(), DEATHS, "{finished}");
    // There was one set, before the crashes.
    assert_eq!(finished.said_by("service").count(), 1, "{finished}");
    assert!(finished.said_by("hosts").filter(|line| line.starts_with("wrote ")).count() <= 1, "{finished}");
    assert_eq!(fs::read_to_string(&hosts).unwrap(), BEGINNING);
    assert_eq!(files_in(directory.path()), ["hosts"]);
}

#[test]
fn the_script_goes_on_after_the_crashes_and_comes_to_its_end() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    let options =
        ["--simulate", "--exit-after-script", "--step", "100", "--slow", "50", "--crash-after", "0.15", "--hosts"];
    let finished = Example::start(options.map(OsStr::new).into_iter().chain([hosts.as_os_str()])).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "");
    let said: Vec<_> = finished.said_by("service").filter(|line| line.contains(": simulated has ")).collect();
    assert_eq!(said.len(), EVENTS.len(), "each came once: {finished}");
    assert!(said.iter().zip(EVENTS).all(|(line, (event, _))| line.starts_with(event)), "{finished}");
    for part in ["pipe", "changes", "hosts", "slow"] {
        assert!(finished.said_by(part).last().unwrap().starts_with("ends, "), "{part} in\n{finished}");
    }
    // The last run of the consumer began with the state of that moment.
    let changes: Vec<_> = finished.said_by("changes").collect();
    let (end, changes) = changes.split_last().unwrap();
    let received = end.strip_prefix("ends, having received ").and_then(|end| end.strip_suffix(" times")).unwrap();
    let first = changes.len() - received.parse::<usize>().unwrap();
    assert!(changes[first].starts_with("begins with: "), "{finished}");
    assert_eq!(finished.said_by("main").last(), Some("goodbye"));
    assert_eq!(fs::read_to_string(&hosts).unwrap(), last_content());
    assert_eq!(files_in(directory.path()), ["hosts"]);
}

#[test]
fn a_signal_before_the_restart_ends_it_cleanly() {
    let mut example = start_with_one_event(["--crash-after", "0"].map(OsStr::new));
    example.wait_for("will restart in ");
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "");
    let main: Vec<_> = finished.said_by("main").skip(1).collect();
    assert_eq!(main, ["got Ctrl-C, ending all parts, which are now:", "goodbye"], "{finished}");
}
