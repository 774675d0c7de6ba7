//! Temporary folders that are removed also if their process could not.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Once;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// What our folders begin with.
const PREFIX: &str = "event-test-servers-";

/// The file in each that its owner holds a lock of, which ends with the owner.
const LOCK: &str = "lock";

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
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let lock = File::create(folder.path().join(LOCK))?;
        Ok(is_free(&lock).then_some(Self { folder, _lock: lock }))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn sweep() -> io::Result<()> {
    for entry in fs::read_dir(std::env::temp_dir())? {
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
