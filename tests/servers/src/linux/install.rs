//! Finds etcd, or installs it below the target folder.

use core::fmt;
use core::time::Duration;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};

use super::target;

/// The variable that names a folder with `etcd` and `etcdctl` in it.
const VARIABLE: &str = "ETCD_BIN";

/// Debian's packages.
const PACKAGES: [&str; 2] = ["etcd-server", "etcd-client"];

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How long another process may take to install.
const PATIENCE: Duration = Duration::from_secs(240);

/// The programs `etcd` and `etcdctl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    etcd: PathBuf,
    etcdctl: PathBuf,
}

impl Etcd {
    /// The server.
    #[must_use]
    pub fn etcd(&self) -> &Path {
        &self.etcd
    }

    /// The client.
    #[must_use]
    pub fn etcdctl(&self) -> &Path {
        &self.etcdctl
    }

    /// Both, if they are in `folder`.
    fn within(folder: &Path) -> Option<Self> {
        let found = Self { etcd: folder.join("etcd"), etcdctl: folder.join("etcdctl") };
        (found.etcd.is_file() && found.etcdctl.is_file()).then_some(found)
    }
}

/// Why there is no etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no etcd: {}", self.0)
    }
}

impl core::error::Error for Missing {}

/// Finds etcd in the folder `ETCD_BIN` if that is set, else on the `PATH`, else in `tools/etcd` below the target
/// folder, where it installs it first if need be, as [`install_into`] does.
///
/// # Errors
///
/// The reason why it could not. A folder `ETCD_BIN` without etcd is an error: nothing else is tried then.
pub fn install() -> Result<Etcd, Missing> {
    if let Some(folder) = env::var_os(VARIABLE) {
        let folder = PathBuf::from(folder);
        let found = Etcd::within(&folder);
        return found
            .ok_or_else(|| Missing(format!("{VARIABLE} is {}, which has not both programs", folder.display())));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(found) = env::split_paths(&path).find_map(|folder| Etcd::within(&folder)) {
        return Ok(found);
    }
    install_into(&target::folder().map_err(Missing)?.join("tools"))
}

/// Unpacks Debian's etcd below `tools/etcd`, unless that was done before.
///
/// It needs `apt-get` and `dpkg-deb`, but not root, and changes nothing outside of `tools`. Any number of processes
/// may do so at once: one installs and the others wait for it. What is there is complete, also when a process was
/// killed.
///
/// # Errors
///
/// The reason why it could not, with what apt said.
pub fn install_into(tools: &Path) -> Result<Etcd, Missing> {
    let installed = tools.join("etcd");
    let programs = installed.join("usr/bin");
    if let Some(found) = Etcd::within(&programs) {
        return Ok(found);
    }
    let _lock = lock(tools).map_err(|error| Missing(format!("{}: {error}", tools.display())))?;
    if Etcd::within(&programs).is_none() {
        unpack(tools, &installed).map_err(Missing)?;
    }
    Etcd::within(&programs).ok_or_else(|| Missing(format!("the packages put nothing into {}", programs.display())))
}

/// The right to install, until the file is closed; the kernel closes it when the process dies.
fn lock(tools: &Path) -> io::Result<File> {
    fs::create_dir_all(tools)?;
    let file = File::options().create(true).append(true).open(tools.join("etcd.lock"))?;
    let start = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn unpack(tools: &Path, installed: &Path) -> Result<(), String> {
    // In `tools`, since a rename cannot leave the file system.
    let beside = tempfile::Builder::new().prefix("etcd-").tempdir_in(tools).map_err(|error| error.to_string())?;
    let beside = beside.path();
    download(beside)?;
    let root = beside.join("root");
    for package in packages(beside)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    }
    run(Command::new(root.join("usr/bin/etcd")).arg("--version"))?;
    fs::rename(&root, installed).map_err(|error| format!("{}: {error}", installed.display()))
}

fn download(folder: &Path) -> Result<(), String> {
    // With the machine's package lists, if it has any that still hold.
    let Err(first) = run(apt_get(folder).arg("download").args(PACKAGES)) else { return Ok(()) };
    let second = download_with_new_lists(folder);
    second.map_err(|second| format!("with the machine's lists: {first}; with new ones: {second}"))
}

/// With lists of our own, since the machine's may be root's alone.
fn download_with_new_lists(folder: &Path) -> Result<(), String> {
    let private = |command: &mut Command| {
        for (kind, name) in [("State", "state"), ("State::Lists", "state/lists"), ("Cache", "cache")] {
            command.arg("-o").arg(format!("Dir::{kind}={}", folder.join(name).display()));
        }
        command.args(["-o", "Dir::State::status=/dev/null"]);
    };
    for part in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part)).map_err(|error| error.to_string())?;
    }
    let mut update = apt_get(folder);
    private(&mut update);
    run(update.args(["-o", "APT::Update::Error-Mode=any", "update"]))?;
    let mut download = apt_get(folder);
    private(&mut download);
    run(download.arg("download").args(PACKAGES))
}

fn apt_get(folder: &Path) -> Command {
    let mut command = Command::new("apt-get");
    // Its sandbox's user could not write into `folder`.
    command.current_dir(folder).args(["-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::http::Timeout=20"]);
    command
}

fn packages(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
}

/// Runs a command to its end, or ends it when it takes too long.
fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let fail = |error: io::Error| format!("{program}: {error}");
    // A file takes any amount while nobody reads.
    let mut log = tempfile::tempfile().map_err(fail)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone().map_err(fail)?)
        .spawn()
        .map_err(fail)?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            break status.to_string();
        }
        if start.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            break format!("not done after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    if child.wait().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let mut text = String::new();
    let _ = log.rewind().and_then(|()| log.read_to_string(&mut text));
    Err(format!("{program}: {status}: {}", text.trim()))
}
