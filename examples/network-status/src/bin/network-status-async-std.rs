//! The example on async-std.

use std::process::ExitCode;

fn main() -> ExitCode {
    network_status::on_async_std(env!("CARGO_BIN_NAME"))
}
