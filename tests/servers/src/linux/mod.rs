//! The servers, on Linux: there are namespaces, and processes that end with the one that started them.

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
mod target;

pub use certificates::{Tls, certificates};
pub use cluster::Cluster;
pub use install::{Etcd, Missing, install, install_into};
pub use namespaces::Namespaces;
pub use options::Options;
pub use server::Server;
