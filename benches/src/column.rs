//! One column of the tables: a peer, and the families of rows that it offers.

use core::time::Duration;

use crate::bytes::{self, Bytes, BytesRow, Live};
use crate::machine::version_of;
use crate::rows::blocking::{self, Blocking};
use crate::rows::check::{self, Check, Confirmed};
use crate::rows::fan_out::{self, FanOut};
use crate::rows::follow::{self, Follow};
use crate::rows::map::{self, Maps};
use crate::rows::produce::{self, Produce};
use crate::rows::special::{self, Special};
use crate::rows::store::{self, Store};
use crate::rows::{
    BlockingRow, CheckRow, ConfirmedRow, FanOutRow, FollowRow, LargeRow, MapRow, Outcome, ProduceRow, Row, SpecialRow,
    StoreRow, ThreadsRow, large, threads,
};

/// What a column is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The crate that the others are compared with.
    Ours,
    /// The same in another form, for some rows; in lines of its own beside the best peer.
    Variant,
    /// One of the others.
    Peer,
    /// Written in another language; shown, but never called the best peer, since its compiler and its runtime are others.
    OtherLanguage,
    /// Stays on one thread; shown, but never called the best peer, since it does less.
    OneThread,
    /// A lower bound that does not do the work; shown, but never called the best peer.
    Floor,
}

/// A column that another program measures.
#[derive(Clone, Copy, Debug)]
pub struct Apart {
    /// Its version; `None`: it is not there.
    pub version: fn() -> Option<String>,
    /// Whether it has this row.
    pub offers: fn(Row) -> bool,
    /// Measures so many iterations of a row.
    pub run: fn(Row, u64) -> Outcome,
}

/// A peer and the measurements it offers.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The heading.
    pub name: &'static str,
    /// What it is compared as.
    pub role: Role,
    /// The package whose version the report names.
    pub package: Option<&'static str>,
    /// What a reader of the tables must know about this column.
    pub remark: &'static str,
    most_tasks: usize,
    store: Option<fn(StoreRow, u64) -> Outcome>,
    follow: Option<fn(FollowRow, u64) -> Outcome>,
    threads: Option<fn(ThreadsRow, u64) -> Outcome>,
    fairness: Option<fn(Duration) -> Result<f64, String>>,
    special: Option<fn(SpecialRow, u64) -> Outcome>,
    fan_out: Option<fn(FanOutRow, u64) -> Outcome>,
    map: Option<fn(MapRow, u64) -> Outcome>,
    produce: Option<fn(ProduceRow, u64) -> Outcome>,
    large: Option<fn(LargeRow, u64) -> Outcome>,
    check: Option<fn(CheckRow, u64) -> Outcome>,
    confirmed: Option<fn(ConfirmedRow, u64) -> Outcome>,
    blocking: Option<fn(BlockingRow, u64) -> Outcome>,
    bytes: Option<fn(BytesRow, Live) -> Bytes>,
    apart: Option<Apart>,
}

impl Column {
    /// A column without any measurements.
    #[must_use]
    pub const fn new(name: &'static str, role: Role, package: Option<&'static str>, remark: &'static str) -> Self {
        Self {
            name,
            role,
            package,
            remark,
            most_tasks: usize::MAX,
            store: None,
            follow: None,
            threads: None,
            fairness: None,
            special: None,
            fan_out: None,
            map: None,
            produce: None,
            large: None,
            check: None,
            confirmed: None,
            blocking: None,
            bytes: None,
            apart: None,
        }
    }

    /// The column with the rows of one thread and no watchers.
    #[must_use]
    pub const fn store<P: Store>(mut self) -> Self {
        self.store = Some(store::run::<P>);
        self
    }

    /// The column with the rows of one thread and watchers, and what they cost in bytes.
    #[must_use]
    pub const fn follow<P: Follow>(mut self) -> Self {
        self.follow = Some(follow::run::<P>);
        self.bytes::<P>()
    }

    /// The column with what a value and its watchers cost in bytes.
    #[must_use]
    pub const fn bytes<P: Follow>(mut self) -> Self {
        self.bytes = Some(bytes::run::<P>);
        self
    }

    /// The column with the rows of two threads.
    #[must_use]
    pub const fn threads<P: Store<Value: Sync>>(mut self) -> Self {
        self.threads = Some(threads::run::<P>);
        self.fairness = Some(threads::fairness::<P>);
        self
    }

    /// The column with the rows of one producer only, and of data that does not change.
    #[must_use]
    pub const fn special<P: Special>(mut self) -> Self {
        self.special = Some(special::run::<P>);
        self
    }

    /// The column with the rows of many tasks.
    #[must_use]
    pub const fn fan_out<P: FanOut + 'static>(mut self) -> Self {
        self.fan_out = Some(fan_out::run::<P>);
        self
    }

    /// The column without the rows of more tasks than that.
    #[must_use]
    pub const fn most_tasks(mut self, tasks: usize) -> Self {
        self.most_tasks = tasks;
        self
    }

    /// The column with the rows of maps.
    #[must_use]
    pub const fn map<P: Maps>(mut self) -> Self {
        self.map = Some(map::run::<P>);
        self
    }

    /// The column with the rows of one producer only who has a watcher.
    #[must_use]
    pub const fn produce<P: Produce>(mut self) -> Self {
        self.produce = Some(produce::run::<P>);
        self
    }

    /// The column with the rows of large data.
    #[must_use]
    pub const fn large<P: Follow<String> + Follow<[u8; 4096]>>(mut self) -> Self {
        self.large = Some(large::run::<P>);
        self
    }

    /// The column with the row that asks whether there is something new.
    #[must_use]
    pub const fn check<P: Check>(mut self) -> Self {
        self.check = Some(check::check::<P>);
        self
    }

    /// The column with the row of sets that wait for the watchers.
    #[must_use]
    pub const fn confirmed<P: Confirmed>(mut self) -> Self {
        self.confirmed = Some(check::confirmed::<P>);
        self
    }

    /// The column with the rows of threads that block.
    #[must_use]
    pub const fn blocking<P: Blocking>(mut self) -> Self {
        self.blocking = Some(blocking::run::<P>);
        self
    }

    /// The column with the rows that another program has.
    #[must_use]
    pub const fn apart(mut self, apart: Apart) -> Self {
        self.apart = Some(apart);
        self
    }

    /// Whether it can be measured here: another program may not be there.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.apart.is_none_or(|apart| (apart.version)().is_some())
    }

    /// The version of its package, if it has one.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        match self.apart {
            Some(apart) => (apart.version)(),
            None => self.package.and_then(version_of),
        }
    }

    /// Whether this column has a cell in `row`.
    #[must_use]
    pub fn offers(&self, row: Row) -> bool {
        if let Some(apart) = self.apart {
            return (apart.offers)(row);
        }
        match row {
            Row::Store(_) => self.store.is_some(),
            Row::Follow(_) => self.follow.is_some(),
            Row::Threads(_) => self.threads.is_some(),
            Row::Fairness => self.fairness.is_some(),
            Row::Special(_) => self.special.is_some(),
            Row::FanOut(row) => self.fan_out.is_some() && row.tasks <= self.most_tasks,
            Row::Map(_) => self.map.is_some(),
            Row::Produce(_) => self.produce.is_some(),
            Row::Large(_) => self.large.is_some(),
            Row::Check(_) => self.check.is_some(),
            Row::Confirmed(_) => self.confirmed.is_some(),
            Row::Blocking(_) => self.blocking.is_some(),
        }
    }

    /// Measures `iterations` iterations of `row`.
    ///
    /// # Errors
    ///
    /// When the column does not offer the row, when the row has no iterations, and when the peer does something wrong.
    pub fn run(&self, row: Row, iterations: u64) -> Outcome {
        if let Some(apart) = self.apart {
            return (apart.run)(row, iterations);
        }
        let measured = match row {
            Row::Store(row) => self.store.map(|run| run(row, iterations)),
            Row::Follow(row) => self.follow.map(|run| run(row, iterations)),
            Row::Threads(row) => self.threads.map(|run| run(row, iterations)),
            Row::Fairness => None,
            Row::Special(row) => self.special.map(|run| run(row, iterations)),
            Row::FanOut(row) => self.fan_out.map(|run| run(row, iterations)),
            Row::Map(row) => self.map.map(|run| run(row, iterations)),
            Row::Produce(row) => self.produce.map(|run| run(row, iterations)),
            Row::Large(row) => self.large.map(|run| run(row, iterations)),
            Row::Check(row) => self.check.map(|run| run(row, iterations)),
            Row::Confirmed(row) => self.confirmed.map(|run| run(row, iterations)),
            Row::Blocking(row) => self.blocking.map(|run| run(row, iterations)),
        };
        measured.unwrap_or_else(|| Err("not offered".into()))
    }

    /// How evenly two setters progress in so much time, in percent.
    ///
    /// # Errors
    ///
    /// When the column does not offer that, and when there are no threads to be had.
    pub fn fairness(&self, time: Duration) -> Result<f64, String> {
        let measured = self.fairness.map(|run| run(time));
        measured.unwrap_or_else(|| Err("not offered".into())).map(|part| part * 100.0)
    }

    /// What something costs in bytes, with a function that says how many bytes are allocated; `None`, if the column has nothing
    /// to say there.
    #[must_use]
    pub fn bytes_of(&self, row: BytesRow, live: Live) -> Option<Bytes> {
        self.bytes.map(|run| run(row, live))
    }
}
