//! How it ends.

use crate::program::hosts::directory;
use crate::program::process::{Example, NONE};
use crate::program::script::{ONE_EVENT, play_to_the_end};

#[test]
fn after_the_script_all_parts_have_ended() {
    let directory = directory();
    let finished = play_to_the_end(&directory.path().join("hosts"));
    assert_eq!(finished.code, Some(0), "{finished}");
    for part in ["pipe", "changes", "hosts", "slow"] {
        assert!(finished.said_by(part).last().unwrap().starts_with("ends, "), "{part} in\n{finished}");
    }
    assert_eq!(finished.said_by("main").last(), Some("goodbye"));
    assert_eq!(finished.said_by("tree").count(), 0, "nothing died: {finished}");
    assert_eq!(finished.stderr, "");
}

#[test]
fn signals_end_it_cleanly() {
    for (signal, name) in [("INT", "Ctrl-C"), ("TERM", "SIGTERM")] {
        let mut example = Example::start(ONE_EVENT);
        // All parts wait now, or rest.
        example.wait_for("slow    missed nothing");
        example.wait_for("changes begins with");
        example.signal(signal);
        let finished = example.finish();
        assert_eq!(finished.code, Some(0), "{finished}");
        assert_eq!(finished.stderr, "");
        let main: Vec<_> = finished.said_by("main").skip(1).collect();
        assert_eq!(main, [&format!("got {name}, ending all parts, which are now:"), "goodbye"], "{finished}");
        assert!(finished.deaths().is_empty(), "{finished}");
    }
}

#[test]
fn it_ends_when_nobody_reads_its_output_any_more() {
    let finished = Example::start_by_shell("exec \"$0\" --simulate --step 20 | head -n 1 >&2", NONE).finish();
    assert!(finished.stderr.contains("s   main    playing"), "{finished}");
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
