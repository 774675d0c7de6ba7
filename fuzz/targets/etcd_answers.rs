//! Answers of a cluster out of any bytes: decoding them, and what a watcher is told of them, against a plain model.
#![no_main]

extern crate alloc;

#[path = "../../crates/event-etcd/src/feed.rs"]
#[allow(dead_code, reason = "what the hub has for other purposes")]
mod feed;
#[path = "../../crates/event-etcd/src/inbox.rs"]
mod inbox;
#[path = "../../crates/event-etcd/src/api/messages.rs"]
#[allow(dead_code, reason = "messages of other calls")]
mod messages;
#[path = "../../crates/event-etcd/src/range.rs"]
#[allow(dead_code, reason = "other ranges")]
mod range;
#[path = "../../crates/event-etcd/src/status.rs"]
#[allow(dead_code, reason = "what the hub has for other purposes")]
mod status;

/// As much of the crate's errors as these need.
mod error {
    #[derive(Clone, Debug)]
    #[allow(dead_code, reason = "shown, and not looked at")]
    pub(crate) enum Error {
        InvalidArgument(String),
    }
}

use alloc::collections::BTreeMap;
use core::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use prost::Message;

use feed::{Feed, Taken};
use inbox::Stored;
use messages::{EventType, RangeResponse, WatchResponse, revision};
use range::KeyRange;

/// What is stored, and what the watcher knows of it.
#[derive(Default)]
struct Model {
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    had: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The first revision that is still news, once there was a list.
    resume: Option<i64>,
}

impl Model {
    fn note(&mut self, key: &[u8], bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => _ = self.stored.insert(key.to_vec(), bytes.to_vec()),
            None => _ = self.stored.remove(key),
        }
    }

    /// Takes all that the watcher is told. It is no more and no less than what it did not have.
    fn take_all(&mut self, feed: &Feed) {
        while let Poll::Ready(taken) = feed.poll_take(&mut Context::from_waker(Waker::noop()), false) {
            let Taken::Change(change) = taken else { panic!("nothing failed or was closed") };
            let stored = self.stored.get(&*change.key);
            assert_eq!(change.bytes.as_deref(), stored.map(|bytes| &**bytes));
            assert_ne!(self.had.get(&*change.key), stored, "it has had that");
            match stored {
                Some(bytes) => _ = self.had.insert(change.key.to_vec(), bytes.clone()),
                None => _ = self.had.remove(&*change.key),
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

fn put_list(feed: &Feed, model: &mut Model, response: RangeResponse) {
    let revision = revision(response.header.as_ref());
    // One key once, as in a list.
    let kvs: BTreeMap<_, _> =
        response.kvs.into_iter().map(|pair| (pair.key, (pair.value, pair.mod_revision))).collect();
    model.stored = kvs.iter().map(|(key, (bytes, _))| (key.clone(), bytes.clone())).collect();
    model.resume = Some(revision.saturating_add(1));
    let stored = |(bytes, mod_revision): (Vec<u8>, i64)| Stored { bytes: bytes.into(), mod_revision };
    feed.put_list(kvs.into_iter().map(|(key, pair)| (key, stored(pair))).collect(), revision);
}

fn put_changes(feed: &Feed, model: &mut Model, response: &WatchResponse) {
    let changes: Vec<_> = response
        .events
        .iter()
        .filter_map(|event| {
            let pair = event.kv.as_ref()?;
            let bytes = match EventType::try_from(event.r#type).ok()? {
                EventType::Put => Some(&*pair.value),
                EventType::Delete => None,
            };
            Some((&*pair.key, bytes, pair.mod_revision))
        })
        .collect();
    if let Some(known) = model.resume {
        for &(key, bytes, revision) in changes.iter().filter(|(_, _, revision)| *revision >= known) {
            model.note(key, bytes);
            model.resume = model.resume.max(Some(revision.saturating_add(1)));
        }
    }
    let told = feed.put_changes(changes.into_iter());
    assert_eq!(told.is_some(), model.resume.is_some());
}

fuzz_target!(|answers: Vec<(bool, bool, &[u8])>| {
    let feed = Feed::new(1, KeyRange::prefix(""));
    let mut model = Model::default();
    for (is_list, takes, bytes) in answers {
        if is_list {
            if let Some(response) = decode::<RangeResponse>(bytes) {
                put_list(&feed, &mut model, response);
            }
        } else if let Some(response) = decode::<WatchResponse>(bytes) {
            if response.events.is_empty() {
                let revision = revision(response.header.as_ref());
                feed.put_progress(revision);
                model.resume = model.resume.map(|resume| resume.max(revision.saturating_add(1)));
            } else {
                put_changes(&feed, &mut model, &response);
            }
        }
        assert_eq!(feed.resume(), model.resume);
        if takes {
            model.take_all(&feed);
        }
    }
    model.take_all(&feed);
});
