//! The example on tokio.

use std::process::ExitCode;

fn main() -> ExitCode {
    network_status::on_tokio(env!("CARGO_BIN_NAME"))
}
