//! A file that is removed unless it takes the place of another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;

/// A new file. Dropping it removes it.
pub(crate) struct Temporary {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Temporary {
    /// An empty file in this directory, as accessible as any other new file. Nothing that exists is touched.
    pub(crate) fn in_directory(directory: &Path) -> io::Result<Self> {
        let mut number = 0_u32;
        loop {
            let path = directory.join(format!(".network-status.{}.{number}", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, renamed: false }),
                // Left by a process that was killed, and had the same number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it the name of another file, which it replaces. Both have to be in the same file system.
    pub(crate) fn replace(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing is lost if it stays: it is hidden, and its name is free for nothing else.
            let _ = fs::remove_file(&self.path);
        }
    }
}
