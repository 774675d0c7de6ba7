//! Where cargo builds, found at run time.

use std::env;
use std::path::{Path, PathBuf};

/// The file that cargo puts into every target folder.
const TAG: &str = "CACHEDIR.TAG";

/// The target folder that this process was built into.
pub(crate) fn folder() -> Result<PathBuf, String> {
    // A relative one is relative to where cargo was started, which nobody knows here.
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute()) {
        return Ok(folder);
    }
    let executable = env::current_exe().map_err(|error| format!("where this program is: {error}"))?;
    let tagged = executable.ancestors().skip(1).find(|folder| folder.join(TAG).is_file());
    tagged.map(Path::to_owned).or_else(beside_the_lock_file).ok_or_else(|| {
        format!("{} is not below a target folder, and CARGO_TARGET_DIR is not an absolute path", executable.display())
    })
}

fn beside_the_lock_file() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.map(|root| root.join("target"))
}
