//! Real etcd servers for tests: one ([`Server`]), three ([`Cluster`]), or three of which each has a network
//! of its own and can be cut off ([`Namespaces`]).
//!
//! They listen on loopback, or inside of network namespaces that they make, and end with the value that stands for
//! them; at the latest they end with the process, however that ends. Every wait is bounded and ends in a panic that
//! carries the server's log. Nothing here needs a runtime.
//!
//! [`install`] finds etcd, or unpacks Debian's below the target folder. Where it cannot, or where the kernel grants no
//! namespaces, a [`Suite`] lists the tests concerned as ignored and says why. On other systems than Linux that is all of them.
//!
//! ```no_run
//! use event_test_servers::{Options, Server, Suite};
//!
//! Suite::new("the tests that need a server")
//!     .test("what was put can be read", |etcd| {
//!         let server = Server::start(etcd, Options::new());
//!         server.ctl(&["put", "key", "value"]);
//!         assert_eq!(server.ctl(&["get", "key", "--print-value-only"]), "value\n");
//!     })
//!     .run();
//! ```

#[cfg(target_os = "linux")]
extern crate alloc;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod stopwatch;
mod suite;
mod watchdog;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Cluster, Etcd, Missing, Namespaces, Options, Server, Tls, certificates, install, install_into};
#[cfg(target_os = "linux")]
pub use linux::{Cluster, Etcd, Missing, Namespaces, Options, Server, Tls, certificates, install, install_into};
pub use suite::Suite;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    /// Whatever tests call here has to compile where there are no servers: each method, as often as there are types that have it.
    #[test]
    fn what_is_public_here_is_public_elsewhere() {
        const HERE: [&str; 6] = [
            include_str!("linux/certificates.rs"),
            include_str!("linux/cluster.rs"),
            include_str!("linux/install.rs"),
            include_str!("linux/namespaces.rs"),
            include_str!("linux/options.rs"),
            include_str!("linux/server.rs"),
        ];
        // Of what certificates.rs has, these are for the servers.
        const INTERNAL: [&str; 4] = ["server_certificate", "server_key", "client_certificate", "client_key"];
        let public = |line: &str| {
            let (_, rest) = line.trim_start().strip_prefix("pub ")?.split_once("fn ")?;
            let (name, _) = rest.split_once(['(', '<'])?;
            (!INTERNAL.contains(&name)).then(|| name.to_owned())
        };
        let mut here: Vec<_> = HERE.iter().flat_map(|file| file.lines().filter_map(public)).collect();
        // Those of `nothing!` are public without saying so.
        let name = |line: &str| {
            let (_, rest) = line.split_once("fn ")?;
            let (name, _) = rest.split_once(['(', '<'])?;
            let is_ours = here.iter().any(|here| here == name);
            is_ours.then(|| name.to_owned())
        };
        let mut elsewhere: Vec<_> = include_str!("elsewhere.rs").lines().filter_map(name).collect();
        here.sort();
        elsewhere.sort();
        assert_eq!(here, elsewhere);
        assert!(here.len() > 30, "the methods are found");
    }
}
