//! Puts the memory map of the machine where the linker script of the run-time crate looks for it. For `smallest` as well.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets it");
    let machine = match target.split('-').next() {
        Some("thumbv6m") => "cortex-m0",
        Some("thumbv7m") => "cortex-m3",
        Some("riscv32imac" | "riscv32imc") => "riscv32",
        _ => panic!("there is no machine for {target}; ci/firmware.sh builds this program"),
    };
    let map = format!("../program/memory/{machine}.x");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::copy(&map, folder.join("memory.x")).expect("the memory map can be copied");
    println!("cargo:rustc-link-search={}", folder.display());
    if machine == "riscv32" {
        println!("cargo:rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed={map}");
}
