//! One column of the tables: a peer, and the families of rows that it offers.

use crate::rows::fan_out::{self, FanOut};
use crate::rows::follow::{self, Follow};
use crate::rows::map::{self, Maps};
use crate::rows::special::{self, Special};
use crate::rows::store::{self, Store};
use crate::rows::{FanOutRow, FollowRow, MapRow, Outcome, Row, SpecialRow, StoreRow, ThreadsRow, threads};

/// What a column is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The crate that the others are compared with.
    Ours,
    /// One of the others.
    Peer,
    /// Stays on one thread; shown, but never called the best peer, since it does less.
    OneThread,
    /// A lower bound that does not do the work; shown, but never called the best peer.
    Floor,
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
    store: Option<fn(StoreRow, u64) -> Outcome>,
    follow: Option<fn(FollowRow, u64) -> Outcome>,
    threads: Option<fn(ThreadsRow, u64) -> Outcome>,
    special: Option<fn(SpecialRow, u64) -> Outcome>,
    fan_out: Option<fn(FanOutRow, u64) -> Outcome>,
    map: Option<fn(MapRow, u64) -> Outcome>,
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
            store: None,
            follow: None,
            threads: None,
            special: None,
            fan_out: None,
            map: None,
        }
    }

    /// The column with the rows of one thread and no watchers.
    #[must_use]
    pub const fn store<P: Store>(mut self) -> Self {
        self.store = Some(store::run::<P>);
        self
    }

    /// The column with the rows of one thread and watchers.
    #[must_use]
    pub const fn follow<P: Follow>(mut self) -> Self {
        self.follow = Some(follow::run::<P>);
        self
    }

    /// The column with the rows of two threads.
    #[must_use]
    pub const fn threads<P: Store<Value: Sync>>(mut self) -> Self {
        self.threads = Some(threads::run::<P>);
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

    /// The column with the rows of maps.
    #[must_use]
    pub const fn map<P: Maps>(mut self) -> Self {
        self.map = Some(map::run::<P>);
        self
    }

    /// Whether this column has a cell in `row`.
    #[must_use]
    pub fn offers(&self, row: Row) -> bool {
        match row {
            Row::Store(_) => self.store.is_some(),
            Row::Follow(_) => self.follow.is_some(),
            Row::Threads(_) => self.threads.is_some(),
            Row::Special(_) => self.special.is_some(),
            Row::FanOut(_) => self.fan_out.is_some(),
            Row::Map(_) => self.map.is_some(),
        }
    }

    /// Measures `iterations` iterations of `row`.
    ///
    /// # Errors
    ///
    /// When the column does not offer the row, and when the peer does something wrong.
    pub fn run(&self, row: Row, iterations: u64) -> Outcome {
        let measured = match row {
            Row::Store(row) => self.store.map(|run| run(row, iterations)),
            Row::Follow(row) => self.follow.map(|run| run(row, iterations)),
            Row::Threads(row) => self.threads.map(|run| run(row, iterations)),
            Row::Special(row) => self.special.map(|run| run(row, iterations)),
            Row::FanOut(row) => self.fan_out.map(|run| run(row, iterations)),
            Row::Map(row) => self.map.map(|run| run(row, iterations)),
        };
        measured.unwrap_or_else(|| Err("not offered".into()))
    }
}
