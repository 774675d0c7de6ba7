//! Pictures of the tree.

use crate::program::process::{Example, Finished};
use crate::program::script::{ONE_EVENT, start_with_one_event};

/// The parts of a picture, in its order, with the columns that they are indented by.
const PARTS: [(&str, usize); 5] = [("root", 0), ("service", 2), ("changes", 2), ("pipe", 4), ("slow", 2)];

fn wait_until_all_work(example: &mut Example) {
    for line in ["slow    missed", "changes begins with"] {
        example.wait_for(line);
    }
}

/// The lines of all pictures.
fn pictures(finished: &Finished) -> Vec<&str> {
    let is_of_picture = |line: &&str| {
        PARTS.iter().any(|(part, indent)| {
            line.strip_prefix(&*" ".repeat(*indent)).is_some_and(|line| line.starts_with(&format!("{part} ")))
                && !line.contains(" died: ")
        })
    };
    finished.said_by("tree").filter(is_of_picture).collect()
}

fn assert_is_whole(picture: &[&str], finished: &Finished) {
    assert_eq!(picture.len(), PARTS.len(), "{finished}");
    for (line, (part, indent)) in picture.iter().zip(PARTS) {
        assert!(line.starts_with(&format!("{:indent$}{part} ", "")), "{line:?} in\n{finished}");
    }
}

#[test]
fn ctrl_c_prints_the_tree_before_the_parts_end() {
    let mut example = Example::start(ONE_EVENT);
    wait_until_all_work(&mut example);
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    let picture = pictures(&finished);
    assert_is_whole(&picture, &finished);
    // On another thread, the root may not have said yet that it is done.
    assert!(picture[0].ends_with(" done") || !crate::ONE_THREAD, "{finished}");
    assert!(picture[1..].iter().all(|line| line.ends_with(" healthy")), "{finished}");
}

#[test]
fn sigusr1_prints_the_tree_and_the_program_goes_on() {
    let mut example = Example::start(ONE_EVENT);
    wait_until_all_work(&mut example);
    for _ in 0..2 {
        example.signal("USR1");
        example.wait_for_next("  slow       healthy");
    }
    example.signal("TERM");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    let picture = pictures(&finished);
    assert_eq!(picture.len(), 3 * PARTS.len(), "two of them, and one at the end: {finished}");
    picture.chunks(PARTS.len()).for_each(|picture| assert_is_whole(picture, &finished));
}

#[test]
fn each_restart_is_followed_by_the_tree() {
    let mut example = start_with_one_event(["--crash-after", "0.1"].map(std::ffi::OsStr::new));
    // The first restart may be skipped: nothing but the state after the second one stays.
    example.wait_for_next("restarted: ");
    example.wait_for_next("healthy, restarted 2 times");
    if crate::ONE_THREAD {
        example.wait_for(", restarted once");
    }
    example.signal("INT");
    let finished = example.finish();
    assert_eq!(finished.code, Some(0), "{finished}");
}
