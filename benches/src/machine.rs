//! What the figures were measured on: without that they say nothing.

use core::fmt;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

/// The machine, the compiler and the load.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor, as the system names it.
    pub processor: String,
    /// How many threads can run at once.
    pub cores: usize,
    /// The compiler that built this program.
    pub compiler: &'static str,
    /// Its optimisation level.
    pub optimisation: &'static str,
    /// How long an atomic read-modify-write takes that nobody disputes, in nanoseconds: what the cells consist of.
    pub read_modify_write: f64,
    /// Mean number of runnable threads during the last minute: well above 0 at the start, somebody
    /// else was at work.
    pub load: String,
}

impl Machine {
    /// The machine this runs on, and its load at this moment.
    #[must_use]
    pub fn here() -> Self {
        Self {
            processor: processor().unwrap_or_else(|| format!("unknown {}", env::consts::ARCH)),
            cores: thread::available_parallelism().map_or(1, |cores| cores.get()),
            compiler: env!("EVENT_BENCHES_RUSTC"),
            optimisation: env!("EVENT_BENCHES_OPT_LEVEL"),
            read_modify_write: read_modify_write(),
            load: load(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "- processor: {}, {} cores", self.processor, self.cores)?;
        writeln!(f, "- compiler: {}, opt-level {}", self.compiler, self.optimisation)?;
        writeln!(f, "- an atomic read-modify-write that nobody disputes: {:.1} ns", self.read_modify_write)?;
        write!(f, "- load before: {}", self.load)
    }
}

/// The load of the last minute, where the system tells.
#[must_use]
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").into()
}

/// The version of `package` that the workspace's lock file names; the newest, where several are in it.
#[must_use]
pub fn version_of(package: &str) -> Option<String> {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).ok()?;
    let (_, after) = lock.rsplit_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(after.split_once('"')?.0.into())
}

/// The least of some batches.
fn read_modify_write() -> f64 {
    const BATCHES: usize = 20;
    const TIMES: u32 = 100_000;
    let word = AtomicU64::new(0);
    let batch = || {
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(&word).fetch_add(1, Ordering::SeqCst);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    };
    (0..BATCHES).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().into())
}
