//! A file that is replaced as a whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::failure::Failure;
use crate::temporary::Temporary;

/// The hosts file. A reader finds the old content or the new, even if the machine stops half-way.
#[derive(Clone, Debug)]
pub(crate) struct HostsFile {
    path: PathBuf,
    /// Where the path leads to, if it is a link: that is what is replaced, not the link.
    target: PathBuf,
    /// Held while it is replaced. A disk that is stuck may delay a replacement for so long that the supervisor no longer waits
    /// for it: the next one, which is newer, has to come after it all the same.
    replacing: Arc<Mutex<()>>,
}

impl HostsFile {
    /// The file at `path`, which need not exist yet. Finds out whether it could be replaced, without doing so.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let fail = |error| failure(path, &error);
        let refuse = |why| Err(failure(path, &io::Error::new(ErrorKind::InvalidInput, why)));
        if path.file_name().is_none() || path.to_string_lossy().ends_with(MAIN_SEPARATOR) {
            return refuse("it does not name a file");
        }
        let target = match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                // Renaming would do away with a file that must not be written to.
                OpenOptions::new().append(true).open(path).map_err(fail)?;
                fs::canonicalize(path).map_err(fail)?
            }
            Ok(_) => return refuse("it is not a regular file"),
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
                return refuse("it is a link that leads nowhere");
            }
            Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(fail(error)),
        };
        let file = Self { path: path.to_owned(), target, replacing: Arc::default() };
        // Without a directory, this error is plainer than the one that names the temporary file.
        fs::metadata(file.directory()).map_err(fail)?;
        Temporary::in_directory(file.directory()).map_err(fail)?;
        Ok(file)
    }

    /// The path that was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file this content, unless it has it already: then it is not touched, and this is `false`.
    pub(crate) fn replace(&self, content: &str) -> Result<bool, Failure> {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_replace(content).map_err(|error| failure(&self.path, &error))
    }

    fn try_replace(&self, content: &str) -> io::Result<bool> {
        match fs::read(&self.target) {
            Ok(present) if present == content.as_bytes() => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Until it is renamed, dropping it removes it.
        // Only within one file system a file can be renamed, so it is beside the hosts file.
        let mut temporary = Temporary::in_directory(self.directory())?;
        let file = temporary.file();
        file.write_all(content.as_bytes())?;
        keep_permissions(&self.target, file)?;
        file.sync_all()?;
        temporary.replace(&self.target)?;
        sync_directory(self.directory());
        Ok(true)
    }

    fn directory(&self) -> &Path {
        match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Makes the new file as accessible as the old one, if there is an old one.
fn keep_permissions(old: &Path, new: &File) -> io::Result<()> {
    let old = match fs::metadata(old) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may give files away. Who may not, and yet may replace this one, leaves it as his own.
        let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    }
    new.set_permissions(old.permissions())
}

/// Makes the renaming itself durable, where the system lets a directory be opened for that.
fn sync_directory(directory: &Path) {
    if let Ok(directory) = File::open(directory) {
        // The file is in place, and readers see it; only after a crash it might be the old one again.
        let _ = directory.sync_all();
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let directory_exists = path.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir());
    let hint = match error.kind() {
        ErrorKind::NotFound if !directory_exists => "Create its directory, or give another path with --hosts.",
        ErrorKind::PermissionDenied => "Run this as a user who may write there, or give another path with --hosts.",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Make room, or give another path with --hosts.",
        _ => "Give the path of a regular file, in a directory that can be written to, with --hosts.",
    };
    Failure::new(format!("cannot write the hosts file {}", path.display()), error, hint)
}
