//! One server.

use core::net::{Ipv4Addr, SocketAddr};

use super::ctl::Ctl;
use super::folder::Folder;
use super::install::Etcd;
use super::member::{Member, Place};
use super::options::Options;
use super::ports;

/// One server on loopback, with its data in a temporary folder. Dropped: killed, and its data removed.
#[derive(Debug)]
pub struct Server {
    member: Member,
    ctl: Ctl,
    // After the member, which must have ended by then.
    _folder: Folder,
}

impl Server {
    /// Starts one and waits until it is healthy.
    ///
    /// # Panics
    ///
    /// If it is not within a minute, with the end of its log.
    #[must_use]
    pub fn start(etcd: &Etcd, options: Options) -> Self {
        let folder = Folder::new();
        let place = on_loopback("n1");
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let arguments = options.arguments(folder.path());
        let member = Member::new(etcd, folder.path(), place.clone(), &[place], scheme, &arguments);
        member.process().start();
        member.wait_healthy(None);
        Self { member, ctl: Ctl::new(etcd, options, None), _folder: folder }
    }

    /// Where clients connect to: `http://127.0.0.1:PORT`, or `https`. The same after a restart.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.member.endpoint().to_owned()
    }

    /// Kills it (SIGKILL) and waits until it is gone. Nothing, if it is not running.
    pub fn kill(&self) {
        self.member.process().kill();
    }

    /// Starts it again, where it was and with the data that it had, and waits until it is healthy. If it is running,
    /// it is killed first.
    ///
    /// # Panics
    ///
    /// If it is not healthy within a minute, with the end of its log.
    pub fn restart(&self) {
        self.member.process().start();
        self.member.wait_healthy(None);
    }

    /// Stops it (SIGSTOP): it keeps its connections and says nothing.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn pause(&self) {
        self.member.process().pause();
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn resume(&self) {
        self.member.process().resume();
    }

    /// Runs etcdctl until it succeeds, and returns what it wrote. After [`enable_auth`](Self::enable_auth) it is root's,
    /// unless the arguments name another `--user`.
    ///
    /// # Panics
    ///
    /// If it does not succeed within a minute, with everything that it wrote.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.ctl.insist(self.member.endpoint(), arguments)
    }

    /// Runs etcdctl, and returns what it wrote. It gives up after 5 seconds, or after another `--command-timeout` in
    /// the arguments.
    ///
    /// # Errors
    ///
    /// If it failed: everything that it wrote.
    pub fn try_ctl(&self, arguments: &[&str]) -> Result<String, String> {
        self.ctl.run(self.member.endpoint(), arguments)
    }

    /// From now on nobody comes without a name: `root` may do anything, and `user` read and write what begins with
    /// `key_prefix`.
    ///
    /// # Panics
    ///
    /// If etcdctl does not succeed within a minute.
    pub fn enable_auth(&self, root_password: &str, user: &str, password: &str, key_prefix: &str) {
        self.ctl.enable_auth(self.member.endpoint(), root_password, user, password, key_prefix);
    }

    /// The end of its log, for messages.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.member.process().tail()
    }
}

/// A place on loopback, with ports of its own.
pub(crate) fn on_loopback(name: &str) -> Place {
    let [client, peer, health] = [(); 3].map(|()| SocketAddr::from((Ipv4Addr::LOCALHOST, ports::claim())));
    Place { name: name.to_owned(), client, peer, health, network: None }
}
