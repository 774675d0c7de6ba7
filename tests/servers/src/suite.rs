//! A harness of tests that need servers, and are ignored where there are none.

use core::cell::LazyCell;
use core::time::Duration;

use libtest_mimic::{Arguments, Trial};

use crate::stopwatch::Stopwatch;
use crate::watchdog::Watchdog;
use crate::{Etcd, Namespaces, install};

/// The variable that makes a failure of what would be ignored.
const REQUIRED: &str = "EVENT_SERVERS_REQUIRED";

/// How long one test may take, if nothing else is said. It is there for what hangs, and not for what a busy machine slows
/// down.
const LIMIT: Duration = Duration::from_secs(300);

/// How many tests run at a time, if nothing else is said. They mostly wait for servers.
const THREADS: usize = 4;

/// A test and what it needs beside etcd.
struct Entry {
    name: String,
    needs: Needs,
    test: Box<dyn FnOnce(&Etcd) + Send>,
}

enum Needs {
    Nothing,
    Namespaces,
    /// What the suite's author has looked for.
    Other(Result<(), String>),
}

/// Tests in an executable of their own (`harness = false`), with the arguments of libtest.
///
/// Where etcd cannot be had, or namespaces, each test that needs them is listed as ignored and named on standard error
/// together with the reason. With the variable `EVENT_SERVERS_REQUIRED` it fails instead.
#[must_use]
pub struct Suite {
    name: &'static str,
    limit: Duration,
    tests: Vec<Entry>,
}

impl core::fmt::Debug for Suite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Suite").field("name", &self.name).field("tests", &self.tests.len()).finish_non_exhaustive()
    }
}

impl Suite {
    /// One without tests.
    pub const fn new(name: &'static str) -> Self {
        Self { name, limit: LIMIT, tests: Vec::new() }
    }

    /// A test that takes longer than this is said to hang, and ends the process; 5 minutes by default.
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// A test that needs etcd, and starts what servers it likes.
    pub fn test(self, name: impl Into<String>, test: impl FnOnce(&Etcd) + Send + 'static) -> Self {
        self.add(name, Needs::Nothing, test)
    }

    /// A test that needs something else too: it is ignored where that is an error, which is the reason.
    pub fn test_if(
        self,
        name: impl Into<String>,
        need: Result<(), String>,
        test: impl FnOnce(&Etcd) + Send + 'static,
    ) -> Self {
        self.add(name, Needs::Other(need), test)
    }

    /// A test that needs etcd in network namespaces, which are started for it.
    pub fn test_in_namespaces(self, name: impl Into<String>, test: impl FnOnce(&Namespaces) + Send + 'static) -> Self {
        let start = |etcd: &Etcd| Namespaces::start(etcd).unwrap_or_else(|error| panic!("{error}"));
        self.add(name, Needs::Namespaces, move |etcd| test(&start(etcd)))
    }

    fn add(mut self, name: impl Into<String>, needs: Needs, test: impl FnOnce(&Etcd) + Send + 'static) -> Self {
        self.tests.push(Entry { name: name.into(), needs, test: Box::new(test) });
        self
    }

    /// Runs what the arguments of this process ask for, and ends it.
    pub fn run(self) -> ! {
        let mut arguments = Arguments::from_args();
        let threads = std::env::var("RUST_TEST_THREADS").ok().and_then(|threads| threads.parse().ok());
        arguments.test_threads = arguments.test_threads.or(threads).or(Some(THREADS));
        // A list needs nothing.
        let etcd = if arguments.list { Err("only listed".to_owned()) } else { install().map_err(|no| no.to_string()) };
        let namespaces = LazyCell::new(Namespaces::probe);
        let may_ignore = !arguments.list && std::env::var_os(REQUIRED).is_none();
        let trials = self.tests.into_iter().map(|Entry { name, needs, test }| {
            let ready = etcd.clone().and_then(|etcd| {
                match needs {
                    Needs::Nothing => Ok(()),
                    Needs::Namespaces => namespaces.clone(),
                    Needs::Other(need) => need,
                }
                .map(|()| etcd)
            });
            let ignored = may_ignore && ready.is_err();
            if let (true, Err(reason)) = (ignored, &ready) {
                eprintln!("{}: ignored: {name}: {reason}", self.name);
            }
            let watched = name.clone();
            let full_name = format!("{}: {name}", self.name);
            let trial = Trial::test(name, move || {
                let etcd = ready?;
                let _watchdog = Watchdog::start(watched, self.limit);
                let _stopwatch = Stopwatch::start(full_name);
                test(&etcd);
                Ok(())
            });
            trial.with_ignored_flag(ignored)
        });
        let trials = trials.collect();
        libtest_mimic::run(&arguments, trials).exit()
    }
}
