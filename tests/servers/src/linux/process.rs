//! A server's process: started, killed, stopped and continued by its id, and never left behind.

use core::time::Duration;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process, set_parent_process_death_signal, waitid,
};

use super::network::Network;

/// How much of a log a panic shows, in bytes.
const TAIL: usize = 6000;

/// A program that may be running.
#[derive(Debug)]
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    network: Option<Network>,
    log: PathBuf,
    // While it is in here its id is not given to another process, since nobody else waits for it.
    child: Mutex<Option<Child>>,
}

impl Process {
    /// It is not started yet. It will write to the end of `log`, and live in `network`.
    pub(crate) fn new(program: PathBuf, arguments: Vec<String>, network: Option<Network>, log: PathBuf) -> Self {
        Self { program, arguments, network, log, child: Mutex::new(None) }
    }

    /// Starts it, and kills it before if it is running.
    pub(crate) fn start(&self) {
        let mut child = self.lock();
        kill(&mut child);
        let started = self.spawn();
        *child = Some(started.unwrap_or_else(|error| panic!("{}: {error}", self.program.display())));
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        without_variables(&mut command);
        let network = self.network.clone();
        let parent = getpid();
        let prepare = move || {
            // The kernel kills it when the thread that started it ends: with the process, see `keeper`.
            set_parent_process_death_signal(Some(Signal::KILL))?;
            if getppid() != Some(parent) {
                return Err(Errno::SRCH.into());
            }
            network.as_ref().map_or(Ok(()), Network::enter)
        };
        // SAFETY: between fork and exec `prepare` does no more than system calls: nothing in it allocates or locks.
        unsafe { command.pre_exec(prepare) };
        keeper(command)
    }

    /// Kills it and waits until it is gone.
    pub(crate) fn kill(&self) {
        kill(&mut self.lock());
    }

    /// Stops it and waits until it has stopped. It keeps its connections.
    pub(crate) fn pause(&self) {
        let child = self.lock();
        let pid = self.signal(child.as_ref(), Signal::STOP);
        // NOWAIT: should it have died, then that is still to be waited for.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), options).expect("a child of ours can be waited for");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(self.lock().as_ref(), Signal::CONT);
    }

    fn signal(&self, child: Option<&Child>, signal: Signal) -> Pid {
        let child = child.unwrap_or_else(|| panic!("{} is not running", self.program.display()));
        let pid = Pid::from_child(child);
        kill_process(pid, signal).expect("a child of ours can be signalled");
        pid
    }

    /// Why it is not running any more, if it was started and not killed.
    pub(crate) fn end(&self) -> Option<String> {
        let mut child = self.lock();
        let status = child.as_mut()?.try_wait().expect("a child of ours can be waited for")?;
        Some(status.signal().map_or_else(|| status.to_string(), |signal| format!("ended by signal {signal}")))
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL)..]).into_owned()
    }

    /// The child, also after a panic: it is whole at any time.
    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        // By its id, and a stopped one as well. It fails for one that has ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// etcd and etcdctl take variables for options: the machine's settings are not meant for these.
pub(crate) fn without_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ETCD")) {
        command.env_remove(name);
    }
}

/// What is to be started, and where to the child goes.
type Order = (Command, Sender<io::Result<Child>>);

/// Starts it on a thread that lives as long as the process, so that only the process's end kills what it started.
fn keeper(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Sender<Order>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in orders {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, child) = channel();
    keeper.send((command, answer)).expect("the keeper lives as long as the process");
    child.recv_timeout(Duration::from_secs(60)).expect("the keeper answers")
}
