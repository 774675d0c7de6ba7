//! The hosts file.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;

use crate::program::process::Example;
use crate::program::script::{BEGINNING, NAMES, last_content, play_to_the_end, start_with_one_event};

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

/// Every file of a directory, hidden ones too.
pub(crate) fn files_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn after_the_script_the_hosts_file_has_the_last_lease() {
    let directory = directory();
    let hosts = directory.path().join("hosts");
    let finished = play_to_the_end(&hosts);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(fs::read_to_string(&hosts).unwrap(), last_content());
    assert_eq!(files_in(directory.path()), ["hosts"]);
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
    let mut example = start_with_one_event([OsStr::new("--hosts"), hosts.as_os_str()]);
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
    assert_eq!(fs::read_to_string(&file).unwrap(), last_content());
    assert_eq!(files_in(directory.path()), ["file", "link"]);
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
    assert_eq!(finished.said_by("tree").count(), 0, "to begin again would not have helped: {finished}");
    assert_eq!(fs::read_to_string(&hosts).unwrap(), "mine\n");
    assert_eq!(files_in(directory.path()), ["hosts"]);
}
