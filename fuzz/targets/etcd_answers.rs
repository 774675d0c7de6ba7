//! Answers of a cluster out of any bytes: decoding them, and what a watcher is told of them, against a plain model.
#![no_main]

extern crate alloc;

#[path = "../../crates/event-etcd/src/changes.rs"]
#[allow(dead_code, reason = "what maps have for other purposes")]
mod changes;
#[path = "../../crates/event-etcd/src/cursor.rs"]
#[allow(dead_code, reason = "what watchers have for other purposes")]
mod cursor;
#[path = "../../crates/event-etcd/src/inbox.rs"]
#[allow(dead_code, reason = "what maps have for other purposes")]
mod inbox;
#[path = "../../crates/event-etcd/src/api/messages.rs"]
#[allow(dead_code, reason = "messages of other calls")]
mod messages;
#[path = "../../crates/event-etcd/src/picture.rs"]
#[allow(dead_code, reason = "what watchers have for other purposes")]
mod picture;
#[path = "../../crates/event-etcd/src/range.rs"]
#[allow(dead_code, reason = "other ranges")]
mod range;
#[path = "../../crates/event-etcd/src/status.rs"]
#[allow(dead_code, reason = "what the hub has for other purposes")]
mod status;
#[path = "../../crates/event-etcd/src/store.rs"]
#[allow(dead_code, reason = "what the hub has for other purposes")]
mod store;

/// Where the crate has its messages.
mod api {
    pub(crate) use crate::messages::{KeyValue, Slice};
}

/// As much of the crate's errors as these need.
mod error {
    #[derive(Clone, Debug)]
    #[allow(dead_code, reason = "shown, and not looked at")]
    pub(crate) enum Error {
        InvalidArgument(String),
    }
}

use alloc::collections::BTreeMap;
use libfuzzer_sys::fuzz_target;
use prost::Message;

use changes::Change;
use cursor::{Cursor, Looked};
use messages::{EventType, RangeResponse, WatchResponse, revision};
use range::KeyRange;
use store::{Answer, Store};

/// What is stored, and what the watcher knows of it.
#[derive(Default)]
struct Model {
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    had: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What is of a later revision is news, once there was a list.
    known: Option<i64>,
}

impl Model {
    fn note(&mut self, key: &[u8], bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => _ = self.stored.insert(key.to_vec(), bytes.to_vec()),
            None => _ = self.stored.remove(key),
        }
    }

    /// Takes all that the watcher is told. It is no more and no less than what it did not have.
    fn take_all(&mut self, cursor: &mut Cursor) {
        loop {
            let told = match cursor.next(None) {
                Looked::Told(told) => told,
                Looked::Busy => continue,
                Looked::Nothing => break,
                Looked::Closed => panic!("nothing was closed"),
            };
            let stored = self.stored.get(&*told.key);
            assert_eq!(told.bytes.as_deref(), stored.map(|bytes| &**bytes));
            assert_ne!(self.had.get(&*told.key), stored, "it has had that");
            match stored {
                Some(bytes) => _ = self.had.insert(told.key.to_vec(), bytes.clone()),
                None => _ = self.had.remove(&*told.key),
            }
        }
        assert_eq!(self.had, self.stored);
    }
}

/// What cannot be decoded is an error; what can be is the same when it is encoded and decoded again.
fn decode<M: Message + Default + PartialEq + core::fmt::Debug>(bytes: &[u8]) -> Option<M> {
    let message = M::decode(bytes).ok()?;
    assert_eq!(M::decode(&*message.encode_to_vec()).as_ref(), Ok(&message));
    Some(message)
}

fn put_list(store: &Store, model: &mut Model, response: RangeResponse) {
    let revision = revision(response.header.as_ref());
    // One key once, as in a list.
    let pairs: BTreeMap<_, _> = response.kvs.into_iter().map(|pair| (pair.key.clone(), pair)).collect();
    // What the watch has overtaken is ignored.
    if model.known.is_none_or(|known| known < revision) {
        model.stored = pairs.iter().map(|(key, pair)| (key.to_vec(), pair.value.to_vec())).collect();
        model.known = Some(revision);
    }
    assert!(store.put_list(Answer::All { revision, stored: pairs.into_values().collect() }));
}

fn put_changes(store: &Store, model: &mut Model, response: &WatchResponse) {
    let changes = || {
        response.events.iter().filter_map(|event| {
            let change = Change::from(event.kv.clone()?);
            match EventType::try_from(event.r#type).ok()? {
                EventType::Put => Some(change),
                EventType::Delete => Some(Change { bytes: None, creates: false, ..change }),
            }
        })
    };
    if let Some(known) = model.known {
        for Change { key, bytes, revision, .. } in changes().filter(|change| change.revision > known) {
            model.note(&key, bytes.as_deref());
            model.known = model.known.max(Some(revision));
        }
    }
    assert_eq!(store.put_events(changes()), model.known);
}

fuzz_target!(|answers: Vec<(bool, bool, &[u8])>| {
    let store = Store::new(1, KeyRange::prefix(""));
    let mut cursor = Cursor::new(store.picture());
    let mut model = Model::default();
    for (is_list, takes, bytes) in answers {
        if is_list {
            if let Some(response) = decode::<RangeResponse>(bytes) {
                put_list(&store, &mut model, response);
            }
        } else if let Some(response) = decode::<WatchResponse>(bytes) {
            if response.events.is_empty() {
                let revision = revision(response.header.as_ref());
                store.put_progress(revision);
                model.known = model.known.map(|known| known.max(revision));
            } else {
                put_changes(&store, &mut model, &response);
            }
        }
        assert_eq!(store.known(), model.known);
        if takes {
            model.take_all(&mut cursor);
        }
    }
    model.take_all(&mut cursor);
});
