//! Three servers that are one cluster.

use std::time::Instant;

use super::ctl::Ctl;
use super::folder::Folder;
use super::install::Etcd;
use super::member::{Member, PATIENCE, PAUSE, Place, View};
use super::network::Network;
use super::options::Options;
use super::server::on_loopback;

/// Some servers that are one cluster; the first is number 0. Dropped: killed, and their data removed.
#[derive(Debug)]
pub struct Cluster {
    members: Vec<Member>,
    ctl: Ctl,
    network: Option<Network>,
    etcd: Etcd,
    arguments: Vec<String>,
    /// How many members there were, those that were replaced included.
    made: usize,
    // After the members, which must have ended by then.
    folder: Folder,
}

impl Cluster {
    /// Starts `members` servers on loopback and waits until all are healthy.
    ///
    /// # Panics
    ///
    /// If one is not within a minute, with the end of its log.
    #[must_use]
    pub fn start(etcd: &Etcd, members: usize) -> Self {
        Self::start_with(etcd, members, Options::new())
    }

    /// Like [`start`](Self::start), each with the same options.
    ///
    /// # Panics
    ///
    /// If one is not healthy within a minute, with the end of its log; or if the options want TLS, which is for a
    /// [`Server`](super::Server).
    #[must_use]
    pub fn start_with(etcd: &Etcd, members: usize, options: Options) -> Self {
        let places: Vec<_> = (1..=members).map(|i| on_loopback(&format!("n{i}"))).collect();
        Self::start_at(etcd, &places, options, None)
    }

    /// Starts one in each of the places. `network` is where clients are.
    pub(crate) fn start_at(etcd: &Etcd, places: &[Place], options: Options, network: Option<Network>) -> Self {
        assert!(options.tls.is_none(), "a cluster has no TLS");
        let folder = Folder::new();
        let arguments = options.arguments(folder.path());
        let member = |place: &Place| Member::new(etcd, folder.path(), place.clone(), places, "http", &arguments);
        let members = places.iter().map(member).collect();
        let ctl = Ctl::new(etcd, options, network.clone());
        let (etcd, made) = (etcd.clone(), places.len());
        let cluster = Self { members, ctl, network, etcd, arguments, made, folder };
        for member in &cluster.members {
            member.process().start();
        }
        cluster.wait_healthy();
        cluster
    }

    /// Where clients connect to, all of them.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| member.endpoint().to_owned()).collect()
    }

    /// Where clients connect to member `i`. The same after a restart.
    #[must_use]
    pub fn endpoint(&self, i: usize) -> String {
        self.members[i].endpoint().to_owned()
    }

    /// Waits until most members agree on a leader that is one of them, and returns its number. Those that are killed,
    /// paused or cut off have no say.
    ///
    /// # Panics
    ///
    /// If there is none within a minute.
    #[must_use]
    pub fn leader(&self) -> usize {
        let start = Instant::now();
        loop {
            let views: Vec<_> =
                self.members.iter().map(|member| member.view(self.network.as_ref(), self.ctl.user())).collect();
            if let Some(leader) = agreed(&views) {
                return leader;
            }
            assert!(start.elapsed() < PATIENCE, "no leader after {PATIENCE:?}: {views:?}");
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until every member can serve: it is healthy, and a linearizable read succeeds.
    ///
    /// # Panics
    ///
    /// If one cannot within a minute, with the end of its log.
    pub fn wait_healthy(&self) {
        for member in &self.members {
            member.wait_healthy(self.network.as_ref());
        }
        for member in &self.members {
            member.wait_readable(self.network.as_ref());
        }
    }

    /// Kills member `i` (SIGKILL) and waits until it is gone. Nothing, if it is not running.
    pub fn kill(&self, i: usize) {
        self.members[i].process().kill();
    }

    /// Starts member `i` again, where it was and with the data that it had, and waits until it answers. It may be that
    /// it cannot serve before others are back: that is what [`wait_healthy`](Self::wait_healthy) waits for. If it is
    /// running, it is killed first.
    ///
    /// # Panics
    ///
    /// If it does not answer within a minute, with the end of its log.
    pub fn restart(&self, i: usize) {
        self.members[i].process().start();
        // Asked from where it is: it may be cut off.
        self.members[i].wait_answering();
    }

    /// Stops member `i` (SIGSTOP): it keeps its connections and says nothing.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn pause(&self, i: usize) {
        self.members[i].process().pause();
    }

    /// Lets member `i` go on.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn resume(&self, i: usize) {
        self.members[i].process().resume();
    }

    /// Replaces member `i` by a new one on other ports, which gets its number and what the others have, and waits until all are healthy.
    /// The old one is removed from the cluster, and killed.
    ///
    /// # Panics
    ///
    /// If that does not succeed within a minute; if the cluster is not on loopback.
    pub fn replace(&mut self, i: usize) {
        assert!(self.network.is_none(), "the new member would be on loopback");
        let others: Vec<_> = (0..self.members.len()).filter(|other| *other != i).map(|i| self.endpoint(i)).collect();
        let others = others.join(",");
        let list = self.ctl.insist(&others, &["member", "list"]);
        let old = list.lines().map(|line| line.split(", ").collect::<Vec<_>>());
        let old = old
            .filter(|fields| fields.get(2) == Some(&self.members[i].name()))
            .find_map(|fields| fields.first().copied());
        let old = old.expect("the member is listed");
        // Where it was done and not answered, the next attempt is refused.
        self.ctl.insist_unless(&others, &["member", "remove", old], |error| error.contains("not found"));
        self.kill(i);
        self.made += 1;
        let place = on_loopback(&format!("n{}", self.made));
        let peer = format!("--peer-urls=http://{}", place.peer);
        let add = ["member", "add", &place.name, &peer];
        self.ctl.insist_unless(&others, &add, |error| error.contains("already exist"));
        let mut places: Vec<_> = self.members.iter().map(|member| member.place().clone()).collect();
        places[i] = place.clone();
        let arguments = [&self.arguments[..], &["--initial-cluster-state=existing".to_owned()]].concat();
        self.members[i] = Member::new(&self.etcd, self.folder.path(), place, &places, "http", &arguments);
        self.members[i].process().start();
        self.wait_healthy();
    }

    /// Runs etcdctl, which may ask any member, until it succeeds, and returns what it wrote.
    ///
    /// # Panics
    ///
    /// If it does not succeed within a minute, with everything that it wrote.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.ctl.insist(&self.endpoints().join(","), arguments)
    }

    /// Runs etcdctl, which may ask any member, and returns what it wrote. It gives up after 5 seconds, or after
    /// another `--command-timeout` in the arguments.
    ///
    /// # Errors
    ///
    /// If it failed: everything that it wrote.
    pub fn try_ctl(&self, arguments: &[&str]) -> Result<String, String> {
        self.ctl.run(&self.endpoints().join(","), arguments)
    }

    /// Like [`try_ctl`](Self::try_ctl), and asks member `i` alone.
    ///
    /// # Errors
    ///
    /// If it failed: everything that it wrote.
    pub fn try_ctl_at(&self, i: usize, arguments: &[&str]) -> Result<String, String> {
        self.ctl.run(self.members[i].endpoint(), arguments)
    }

    /// As [`Server::enable_auth`](super::Server::enable_auth), for all members.
    ///
    /// # Panics
    ///
    /// If etcdctl does not succeed within a minute.
    pub fn enable_auth(&self, root_password: &str, user: &str, password: &str, key_prefix: &str) {
        self.ctl.enable_auth(&self.endpoints().join(","), root_password, user, password, key_prefix);
    }
}

/// The leader, if it says so itself and most members say the same of the same term.
fn agreed(views: &[Option<View>]) -> Option<usize> {
    let leads = |view: &View| view.member == view.leader;
    let follows = |leader: &View| {
        let same = views.iter().flatten().filter(|view| (view.leader, view.term) == (leader.leader, leader.term));
        same.count() * 2 > views.len()
    };
    views.iter().position(|view| view.as_ref().is_some_and(|view| leads(view) && follows(view)))
}

#[cfg(test)]
mod tests {
    use super::{View, agreed};

    fn view(member: u64, leader: u64, term: u64) -> Option<View> {
        Some(View { member, leader, term })
    }

    #[test]
    fn a_leader_is_one_that_most_follow() {
        assert_eq!(agreed(&[view(1, 2, 5), view(2, 2, 5), None]), Some(1));
        assert_eq!(agreed(&[view(1, 2, 5), view(2, 2, 5), view(3, 3, 4)]), Some(1));
    }

    #[test]
    fn one_that_was_deposed_or_does_not_say_so_is_no_leader() {
        assert_eq!(agreed(&[None, view(2, 2, 5), None]), None);
        assert_eq!(agreed(&[view(1, 2, 6), view(2, 2, 5), None]), None);
        assert_eq!(agreed(&[view(1, 2, 5), None, view(3, 2, 5)]), None);
    }
}
