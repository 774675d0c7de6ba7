//! The watches of the fake cluster's clients, and what is sent to them.

use std::collections::BTreeMap;

use tokio::sync::mpsc::UnboundedSender;

use super::store::{Store, covers};
use crate::api::{Event, ResponseHeader, WatchCreateRequest, WatchRequest, WatchResponse};

/// So many revisions are in one response at most, as in etcd's.
const REVISIONS_PER_RESPONSE: i64 = 1_000;

/// The open streams. What is sent on one comes in the order in which it was sent.
#[derive(Debug, Default)]
pub(super) struct Watches {
    streams: BTreeMap<u64, Stream>,
    last_stream: u64,
}

#[derive(Debug)]
struct Stream {
    responses: UnboundedSender<WatchResponse>,
    watches: BTreeMap<i64, Watch>,
}

#[derive(Debug)]
struct Watch {
    start: Vec<u8>,
    end: Vec<u8>,
    from: i64,
}

impl Watches {
    pub(super) fn open(&mut self, responses: UnboundedSender<WatchResponse>) -> u64 {
        self.last_stream += 1;
        self.streams.insert(self.last_stream, Stream { responses, watches: BTreeMap::new() });
        self.last_stream
    }

    pub(super) fn close(&mut self, stream: u64) {
        self.streams.remove(&stream);
    }

    /// Sends the events of a revision to the watches that they concern.
    pub(super) fn notify(&self, revision: i64, events: &[Event]) {
        for stream in self.streams.values() {
            for (watch_id, watch) in &stream.watches {
                let concerns = |event: &&Event| event.kv.as_ref().is_some_and(|pair| watch.has(revision, &pair.key));
                let events: Vec<_> = events.iter().filter(concerns).cloned().collect();
                if !events.is_empty() {
                    stream.send(WatchResponse { events, ..response(revision, *watch_id) });
                }
            }
        }
    }
}

impl Watch {
    fn has(&self, revision: i64, key: &[u8]) -> bool {
        revision >= self.from && covers(&self.start, &self.end, key)
    }
}

impl Stream {
    fn send(&self, response: WatchResponse) {
        // A stream that has ended is closed next.
        let _ = self.responses.send(response);
    }
}

impl Store {
    /// Does what a request on a stream says.
    pub(super) fn watch(&mut self, stream: u64, request: WatchRequest) {
        let WatchRequest { create_request, cancel_request, progress_request, .. } = request;
        let revision = self.revision();
        if let Some(create) = create_request {
            self.create_watch(stream, create);
        }
        let Some(stream) = self.watches.streams.get_mut(&stream) else { return };
        if let Some(cancel) = cancel_request {
            if stream.watches.remove(&cancel.watch_id).is_some() {
                stream.send(WatchResponse { canceled: true, ..response(revision, cancel.watch_id) });
            }
        }
        if progress_request.is_some() {
            stream.send(response(revision, -1));
        }
    }

    fn create_watch(&mut self, stream: u64, create: WatchCreateRequest) {
        let (revision, compacted) = (self.revision(), self.compacted());
        let WatchCreateRequest { key: start, range_end: end, start_revision, mut watch_id, .. } = create;
        let from = if start_revision > 0 { start_revision } else { revision + 1 };
        let missed = self.events(&start, &end, from);
        let Some(stream) = self.watches.streams.get_mut(&stream) else { return };
        if watch_id == 0 {
            watch_id = stream.watches.last_key_value().map_or(1, |(last, _)| last + 1);
        }
        stream.send(WatchResponse { created: true, ..response(revision, watch_id) });
        if from < compacted {
            // As etcd's: it has no revision.
            let ended = WatchResponse { canceled: true, compact_revision: compacted, ..response(0, watch_id) };
            stream.send(ended);
            return;
        }
        stream.watches.insert(watch_id, Watch { start, end, from });
        let mut missed = missed.into_iter().peekable();
        while let Some(first) = missed.peek().map(revision_of) {
            let (mut events, mut last, mut revisions) = (Vec::new(), first, 1);
            while let Some(event) = missed.next_if(|event| {
                let is_next = revision_of(event) != last;
                revisions += i64::from(is_next);
                last = revision_of(event);
                revisions <= REVISIONS_PER_RESPONSE
            }) {
                events.push(event);
            }
            // As etcd's: the revision is the current one, also while more is to come.
            stream.send(WatchResponse { events, ..response(revision, watch_id) });
        }
    }
}

fn revision_of(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |pair| pair.mod_revision)
}

fn response(revision: i64, watch_id: i64) -> WatchResponse {
    WatchResponse { header: Some(ResponseHeader { revision }), watch_id, ..WatchResponse::default() }
}
