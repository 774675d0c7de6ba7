//! Temporary folders that are removed also if their process could not.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

use rustix::fs::{FlockOperation, flock, statvfs};
use tempfile::TempDir;

/// What our folders begin with.
const PREFIX: &str = "event-test-servers-";

/// The file in each that its owner holds a lock of, which ends with the owner.
const LOCK: &str = "lock";

/// Memory, as a file system. A server syncs each write to its disk, and a disk that others keep busy stands still at times, for
/// longer than servers wait for each other. What is killed loses nothing there, either.
const MEMORY: &str = "/dev/shm";

/// A server takes 128 MiB before it has any data, and some tests run at a time with three of them each. Twice that is room.
const ENOUGH: u64 = 4 << 30;

/// A temporary folder. Dropped: removed with all that is in it.
#[derive(Debug)]
pub(crate) struct Folder {
    // Before the lock: nobody else takes the folder for an abandoned one meanwhile.
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// A new one. The first also removes those of processes that were killed: a server's data is large.
    pub(crate) fn new() -> Self {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| drop(sweep()));
        // Somebody else's sweep may take it between its creation and its lock; that rarely happens, and not for long.
        let made = (0..100).find_map(|_| Self::make().transpose());
        made.expect("a folder that nobody sweeps away").expect("a temporary folder")
    }

    fn make() -> io::Result<Option<Self>> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place())?;
        let lock = File::create(folder.path().join(LOCK))?;
        Ok(is_free(&lock).then_some(Self { folder, _lock: lock }))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Where the folders are: where `TMPDIR` says; without it in memory, if there is enough; or else where temporary files are.
fn place() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let has_room = || statvfs(MEMORY).is_ok_and(|free| free.f_bavail.saturating_mul(free.f_frsize) >= ENOUGH);
        let is_writable = || tempfile::tempfile_in(MEMORY).is_ok();
        if std::env::var_os("TMPDIR").is_none() && has_room() && is_writable() {
            return PathBuf::from(MEMORY);
        }
        std::env::temp_dir()
    })
}

fn sweep() -> io::Result<()> {
    for entry in fs::read_dir(place())? {
        let entry = entry?;
        // One without the file is just being made.
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && File::open(entry.path().join(LOCK))
                .is_ok_and(|lock| is_free(&lock) && fs::remove_dir_all(entry.path()).is_ok())
        {
            eprintln!("removed {}, which a process that was killed had left", entry.path().display());
        }
    }
    Ok(())
}

fn is_free(lock: &File) -> bool {
    flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok()
}
