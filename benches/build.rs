//! Tells the benchmarks which compiler built them, because one asked at run time may be another.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").expect("cargo names the compiler to build scripts");
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "unknown rustc".into());
    println!("cargo::rustc-env=EVENT_BENCHES_RUSTC={}", version.trim());
    let profile = env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=EVENT_BENCHES_OPT_LEVEL={profile}");
}
