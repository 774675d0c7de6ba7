//! The command line.

use crate::program::process::Example;

#[test]
fn help_names_every_option_in_lines_that_fit_80_columns() {
    for help in ["--help", "-h"] {
        let finished = Example::start([help]).finish();
        assert_eq!(finished.code, Some(0), "{finished}");
        for option in
            ["--hosts", "--simulate", "--step", "--exit-after-script", "--slow", "--crash-after", "--help", "Examples:"]
        {
            assert!(finished.stdout.contains(option), "{option} is not in\n{finished}");
        }
        assert!(finished.stdout.contains(&format!("Usage: {} ", crate::NAME)), "{finished}");
        // In the examples, a name and a path may be long.
        let too_long = |line: &&str| line.chars().count() > 80 && !line.starts_with(&format!("      {}", crate::NAME));
        let too_long: Vec<_> = finished.stdout.lines().filter(too_long).collect();
        assert!(too_long.is_empty(), "{too_long:#?}");
        assert!(finished.stdout.contains("--etcd") || finished.stdout.contains("--features etcd"), "{finished}");
    }
}

#[test]
fn a_wrong_command_line_is_explained_and_ends_with_2() {
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

#[test]
fn where_there_is_no_cluster_its_options_say_how_to_get_one() {
    if cfg!(feature = "etcd") && crate::NAME == "network-status" {
        return;
    }
    let of_cluster: [&[&str]; 5] = [
        &["--etcd"],
        &["--etcd", "http://127.0.0.1:2379"],
        &["--etcd=http://127.0.0.1:2379", "--simulate", "--follow"],
        &["--follow"],
        &["--key", "key"],
    ];
    for arguments in of_cluster {
        let finished = Example::start(arguments).finish();
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished}");
        let command = "cargo run -p network-status --features etcd -- --etcd http://127.0.0.1:2379";
        assert!(finished.stderr.contains(command), "{arguments:?}: {finished}");
        assert_eq!(finished.stdout, "");
    }
}
