//! A watcher's share in the store of its range: what it has asked the hub for, and what became of that.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use event_core::{MemoryReader, MemoryValue, MemoryWatcher, Watcher};

use crate::client::EtcdClient;
use crate::error::Error;
use crate::hub::Command;
use crate::range::KeyRange;
use crate::status::Status;
use crate::store::{Note, Store};

/// What the hub was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Nothing,
    List,
    Follow,
}

/// How far a watcher's requests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The list that it has asked for is not in.
    Waiting,
    Listed,
    /// The hub has gone, and with it all that could come.
    Closed,
}

/// What a watcher has in common with the others of its range.
pub(crate) struct Share {
    client: EtcdClient,
    pub(crate) store: Arc<Store>,
    number: u64,
    asked: Asked,
    /// The list that it has asked for last.
    list: Option<u64>,
    needs_list: bool,
    has_list: bool,
    /// As which the hub counts it.
    counted: Asked,
    notes: MemoryWatcher<Note>,
    note: Note,
    refusals: u64,
    refusal: Option<Error>,
    /// Made when somebody is interested in it.
    status: OnceLock<MemoryValue<Status>>,
}

impl Share {
    pub(crate) fn new(client: EtcdClient, range: KeyRange) -> Self {
        let store = client.store(range);
        let (notes, refusals, number) = (store.notes.watch(), store.refusals(), client.next_id());
        Self {
            client,
            number,
            asked: Asked::Nothing,
            list: None,
            needs_list: true,
            has_list: false,
            counted: Asked::Nothing,
            notes,
            note: Note::default(),
            refusals,
            refusal: None,
            status: OnceLock::new(),
            store,
        }
    }

    /// How it stands to the cluster.
    pub(crate) fn status(&self) -> MemoryReader<Status> {
        self.status.get_or_init(|| self.store.show(self.number, self.list, false)).reader()
    }

    /// The same, for who knows the revision otherwise: being in sync up to a later one does not count as something new.
    pub(crate) fn coarse_status(&self) -> MemoryReader<Status> {
        self.status.get_or_init(|| self.store.show(self.number, self.list, true)).reader()
    }

    /// How it stands, as text.
    pub(crate) fn shown(&self) -> String {
        let status = self.status.get().and_then(MemoryValue::load).unwrap_or_else(|| self.store.status());
        status.to_string()
    }

    /// Has the hub do what the watcher needs, if it does not do so already.
    pub(crate) fn ask(&mut self, wanted: Asked) {
        if self.asked >= wanted {
            return;
        }
        self.asked = wanted;
        let needs_list = std::mem::take(&mut self.needs_list);
        if needs_list {
            let list = self.store.ask();
            self.list = Some(list);
            if self.status.get().is_some() {
                self.store.shown_asks(self.number, list);
            }
        }
        let start = Command::Start {
            store: Arc::clone(&self.store),
            lists: needs_list,
            joins: self.counted == Asked::Nothing,
            follows: wanted == Asked::Follow && self.counted != Asked::Follow,
        };
        self.counted = self.counted.max(wanted);
        if self.client.tell(start).is_err() {
            self.store.close();
        }
    }

    /// What became of its requests. If there is nothing new, the task is woken when there is.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Standing {
        loop {
            if let Some(refusal) = self.note.failure.as_ref().filter(|refusal| refusal.number > self.refusals) {
                self.refusals = refusal.number;
                let waits = !self.has_list && self.list.is_some_and(|list| list <= refusal.asked);
                if waits || refusal.followers && self.asked == Asked::Follow {
                    self.refusal = Some(refusal.error.clone());
                }
            }
            if self.list.is_some_and(|list| list <= self.note.answered) {
                self.has_list = true;
            }
            match self.notes.poll_get(cx) {
                Poll::Ready(Ok(note)) => self.note = note,
                _ if self.has_list => return Standing::Listed,
                Poll::Ready(Err(_)) => return Standing::Closed,
                Poll::Pending => return Standing::Waiting,
            }
        }
    }

    /// Whether the cluster refuses what it was asked for.
    pub(crate) fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// Why the cluster refuses what it was asked for. The next time it is asked again.
    pub(crate) fn take_refusal(&mut self) -> Option<Error> {
        let error = self.refusal.take()?;
        self.asked = Asked::Nothing;
        self.needs_list = !self.has_list;
        Some(error)
    }
}

/// It has and knows what the original does, and has asked for nothing that the original waits for.
impl Clone for Share {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            store: Arc::clone(&self.store),
            number: self.client.next_id(),
            asked: Asked::Nothing,
            list: self.list.filter(|_| self.has_list),
            needs_list: !self.has_list,
            has_list: self.has_list,
            counted: Asked::Nothing,
            notes: self.notes.clone(),
            note: self.note.clone(),
            refusals: self.refusals,
            refusal: None,
            status: OnceLock::new(),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.status.get().is_some() {
            self.store.hide(self.number);
        }
        if self.counted != Asked::Nothing {
            // If the hub is gone, so is what it knew of this watcher.
            let _ = self.client.tell(Command::Stop { id: self.store.id, followed: self.counted == Asked::Follow });
        }
    }
}
