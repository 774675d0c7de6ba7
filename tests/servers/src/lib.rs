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
