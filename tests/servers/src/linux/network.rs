//! A network namespace without a name: it goes when nobody is in it and nobody holds it, however the process ends.

use alloc::sync::Arc;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::resume_unwind;
use std::process::Command;
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// A network of its own, with nothing but a loopback in it.
#[derive(Clone, Debug)]
pub(crate) struct Network(Arc<OwnedFd>);

impl Network {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Why the kernel refuses, or what is amiss with `ip`.
    pub(crate) fn new() -> Result<Self, String> {
        // The thread that moves into it ends with it: no other part of the process notices.
        let made = thread::scope(|scope| {
            let thread = scope.spawn(|| {
                // SAFETY: only `CLONE_FILES` and the like are of danger to other code, since they part this thread's
                // descriptors from the process's. `CLONE_NEWNET` leaves them alone.
                unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
                File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
            });
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        });
        let network = Self(Arc::new(made.map_err(|error: io::Error| format!("no network namespace: {error}"))?));
        network.ip("link set lo up")?;
        Ok(network)
    }

    /// Moves the calling thread into it, and what that spawns from now on.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network))?)
    }

    /// Runs `f` in it, on a thread of its own, and passes its panic on.
    pub(crate) fn inside<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter().expect("a namespace that is held can be entered");
                f()
            });
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Runs `ip` in it, with arguments that are separated by spaces.
    pub(crate) fn ip(&self, arguments: &str) -> Result<(), String> {
        let output = self.inside(|| Command::new("ip").args(arguments.split(' ')).output());
        let output = output.map_err(|error| format!("ip (of iproute2): {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// What `ip` can call it by, for as long as it is held.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }
}
