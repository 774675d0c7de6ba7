//! The command line.

use crate::shared::process::Example;

#[test]
fn help_tells_every_option() {
    let finished = Example::start(["--help"]).finish();
    assert_eq!(finished.code, Some(0), "{finished}");
    for option in
        ["--hosts", "--simulate", "--step", "--exit-after-script", "--slow", "--crash-after", "--help", "Examples:"]
    {
        assert!(finished.stdout.contains(option), "{option} is not in\n{finished}");
    }
    assert!(finished.stdout.contains(&format!("Usage: {} ", crate::EXAMPLE)), "{finished}");
}

#[test]
fn wrong_usage_is_told_and_ends_with_2() {
    let wrong: [(&[&str], &str); 9] = [
        (&["--bogus"], "--bogus"),
        (&["--step", "20"], "--simulate"),
        (&["--simulate", "--step", "0"], "--step"),
        (&["--hosts"], "--hosts"),
        (&["hosts"], "hosts"),
        (&["--crash-after", "soon"], "between 0 and 3600"),
        (&["--crash-after=-1"], "between 0 and 3600"),
        (&["--crash-after", "1e300"], "between 0 and 3600"),
        (&["--crash-after", "nan"], "between 0 and 3600"),
    ];
    for (arguments, named) in wrong {
        let finished = Example::start(arguments).finish();
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished}");
        assert!(finished.stderr.contains(named), "{arguments:?}: {finished}");
        assert_eq!(finished.stdout, "");
    }
}
