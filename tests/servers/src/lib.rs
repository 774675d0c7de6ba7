//! Real etcd servers for tests, on Linux: one ([`Server`]), three ([`Cluster`]), or three of which each has a network
//! of its own and can be cut off ([`Namespaces`]).
//!
//! They listen on loopback, or inside of network namespaces that they make, and end with the value that stands for
//! them; at the latest they end with the process, however that ends. Every wait is bounded and ends in a panic that
//! carries the server's log. Nothing here needs a runtime.
//!
//! [`install`] finds etcd, or unpacks Debian's below the target folder. Where it cannot, or where the kernel grants no
//! namespaces, a [`Suite`] lists the tests concerned as ignored and says why.
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

extern crate alloc;

mod certificates;
mod cluster;
mod ctl;
mod folder;
mod http;
mod install;
mod member;
mod namespaces;
mod network;
mod options;
mod ports;
mod process;
mod server;
mod stopwatch;
mod suite;
mod target;
mod watchdog;

pub use certificates::{Tls, certificates};
pub use cluster::Cluster;
pub use install::{Etcd, Missing, install, install_into};
pub use namespaces::Namespaces;
pub use options::Options;
pub use server::Server;
pub use suite::Suite;
