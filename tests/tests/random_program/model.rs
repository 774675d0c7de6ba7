//! What a value and its watchers are, said as plainly as it can be.

/// A value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Value {
    /// How often something was published.
    pub(crate) version: u64,
    pub(crate) data: Option<u64>,
    pub(crate) closed: bool,
}

/// What is published is told to everyone who waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Whoever waits has to be woken.
    Wakes,
    /// Whoever waits may go on waiting.
    Nothing,
}

impl Value {
    pub(crate) fn set(&mut self, data: u64) -> News {
        if self.closed {
            return News::Nothing;
        }
        self.version += 1;
        self.data = Some(data);
        News::Wakes
    }

    pub(crate) fn clear(&mut self) {
        if !self.closed && self.data.is_some() {
            self.version += 1;
            self.data = None;
        }
    }

    pub(crate) fn close(&mut self) -> News {
        if self.closed {
            return News::Nothing;
        }
        self.closed = true;
        News::Wakes
    }
}

/// A watcher.
#[derive(Clone, Debug)]
pub(crate) struct Watcher {
    /// The newest version that was given or rejected, or found to be without data.
    seen: u64,
    /// Versions that were never looked at, since the last one given but one.
    missed: u64,
    /// The last get is over: the next version that is looked at begins a new count.
    given: bool,
}

/// What a get finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Data(u64),
    /// Nothing new. Where a get would wait, the backlog is done.
    Nothing,
    /// What the backlog is, is not known yet. Values in memory always know.
    Unknown,
    Closed,
}

impl Watcher {
    /// That of `watch`: what is present is new.
    pub(crate) fn new(value: &Value) -> Self {
        let mut watcher = Self { seen: 0, missed: 0, given: true };
        watcher.mark_unseen(value);
        watcher
    }

    pub(crate) fn mark_seen(&mut self, value: &Value) {
        *self = Self { seen: value.version, missed: 0, given: true };
    }

    pub(crate) fn mark_unseen(&mut self, value: &Value) {
        *self = Self { seen: value.version.saturating_sub(1), missed: 0, given: true };
    }

    fn look_at(&mut self, version: u64) {
        if self.given {
            self.missed = 0;
            self.given = false;
        }
        self.missed += version - self.seen - 1;
        self.seen = version;
    }

    pub(crate) fn get(&mut self, value: &Value, mut accept: impl FnMut(u64) -> bool) -> Found {
        if self.seen != value.version {
            self.look_at(value.version);
            if let Some(data) = value.data.filter(|data| accept(*data)) {
                self.given = true;
                return Found::Data(data);
            }
        }
        if value.closed { Found::Closed } else { Found::Nothing }
    }

    /// Like `get`, but what is present counts even if it was seen.
    pub(crate) fn wait_for(&mut self, value: &Value, mut accept: impl FnMut(u64) -> bool) -> Found {
        match value.data {
            Some(data) if self.seen == value.version && accept(data) => {
                self.given = true;
                self.missed = 0;
                Found::Data(data)
            }
            _ => self.get(value, accept),
        }
    }

    /// What is present, seen or not, is given and seen.
    pub(crate) fn borrow_and_update(&mut self, value: &Value) -> Option<u64> {
        if self.seen != value.version {
            self.look_at(value.version);
            self.given = value.data.is_some();
        } else if value.data.is_some() {
            (self.given, self.missed) = (true, 0);
        }
        value.data
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    pub(crate) fn has_changed(&self, value: &Value) -> bool {
        self.seen != value.version && value.data.is_some()
    }

    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }
}
