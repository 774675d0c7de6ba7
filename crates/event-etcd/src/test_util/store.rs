//! What the fake cluster keeps: keys and their past, leases, and the watches to notify.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::watches::Watches;
use crate::api::{
    Compare, CompareResult, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, Event, EventType, KeyValue,
    LeaseGrantResponse, LeaseRevokeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse, RequestOp,
    ResponseHeader, ResponseOp, TxnRequest, TxnResponse,
};

/// The shortest time to live that is granted, in seconds: that of etcd with its default election timeout.
const SHORTEST_LEASE: i64 = 2;

/// The longest time to live that is granted, in seconds: that of etcd.
const LONGEST_LEASE: i64 = 9_000_000_000;

/// How much later than its time to live a lease ends. In etcd that is half a second at most, when no leader changes. It is not
/// nothing, so that on a clock that stands still its holder knows first.
const GRACE: Duration = Duration::from_millis(100);

/// The state of the cluster, of which all members have the same view.
///
/// Every change takes the next revision and is sent to the watches it concerns before the next change can be made. So what a watch
/// receives does not depend on how the tasks of the cluster are scheduled.
#[derive(Debug)]
pub(super) struct Store {
    revision: i64,
    compacted: i64,
    /// What was stored under each key, in the order of revisions.
    keys: BTreeMap<Vec<u8>, Vec<Version>>,
    /// Which keys were written, in the order of revisions, back to the one that was compacted.
    log: VecDeque<(i64, Vec<u8>)>,
    leases: BTreeMap<i64, Granted>,
    last_lease: i64,
    pub(super) watches: Watches,
}

/// What was stored under a key from a revision on.
#[derive(Debug)]
struct Version {
    revision: i64,
    /// The revision that created the key.
    created: i64,
    /// `None`: it was deleted.
    data: Option<Stored>,
}

#[derive(Debug)]
struct Stored {
    value: Vec<u8>,
    /// 0: none.
    lease: i64,
}

#[derive(Debug)]
struct Granted {
    ttl: i64,
    /// `None`: later than the clock can count.
    expires: Option<Instant>,
    keys: BTreeSet<Vec<u8>>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            revision: 1,
            compacted: 0,
            keys: BTreeMap::new(),
            log: VecDeque::new(),
            leases: BTreeMap::new(),
            last_lease: 0,
            watches: Watches::default(),
        }
    }

    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    pub(super) fn compacted(&self) -> i64 {
        self.compacted
    }

    pub(super) fn header(&self) -> Option<ResponseHeader> {
        Some(ResponseHeader { revision: self.revision })
    }

    // Reading.

    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        Some(&self.stored(key)?.value)
    }

    /// The lease that a key will be deleted with, if there is one.
    pub(super) fn lease_of(&self, key: &[u8]) -> Option<i64> {
        self.stored(key).map(|stored| stored.lease).filter(|lease| *lease != 0)
    }

    fn stored(&self, key: &[u8]) -> Option<&Stored> {
        self.keys.get(key)?.last()?.data.as_ref()
    }

    pub(super) fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Status> {
        self.range_at(request, self.revision)
    }

    /// The same within a transaction, which sees what it wrote itself.
    fn range_at(&self, request: &RangeRequest, newest: i64) -> Result<RangeResponse, Status> {
        check_key(&request.key)?;
        if request.revision > self.revision {
            return Err(Status::out_of_range("etcdserver: mvcc: required revision is a future revision"));
        }
        if request.revision > 0 && request.revision < self.compacted {
            return Err(Status::out_of_range("etcdserver: mvcc: required revision has been compacted"));
        }
        let seen = if request.revision > 0 { request.revision } else { newest };
        let (mut kvs, mut count, mut more) = (Vec::new(), 0, false);
        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        for (key, versions) in self.keys.range(request.key.clone()..) {
            if !covers(&request.key, &request.range_end, key) {
                break;
            }
            let Some(version) = versions.iter().rev().find(|version| version.revision <= seen) else { continue };
            let Some(stored) = &version.data else { continue };
            count += 1;
            if version.revision < request.min_mod_revision {
                continue;
            }
            if kvs.len() == limit {
                more = true;
                continue;
            }
            let value = if request.keys_only { Vec::new() } else { stored.value.clone() };
            kvs.push(KeyValue {
                key: key.clone().into(),
                create_revision: version.created,
                mod_revision: version.revision,
                value: value.into(),
            });
        }
        let header = Some(ResponseHeader { revision: newest });
        Ok(RangeResponse { header, kvs, more, count })
    }

    /// What happened to the keys of a range from a revision on, in the order of revisions.
    pub(super) fn events(&self, start: &[u8], end: &[u8], from: i64) -> Vec<Event> {
        let first = self.log.partition_point(|(revision, _)| *revision < from);
        let of_range = self.log.range(first..).filter(|(_, key)| covers(start, end, key));
        of_range.filter_map(|(revision, key)| self.event(*revision, key)).collect()
    }

    fn event(&self, revision: i64, key: &[u8]) -> Option<Event> {
        let versions = self.keys.get(key)?;
        let version = &versions[versions.binary_search_by_key(&revision, |version| version.revision).ok()?];
        let (kind, create_revision, value) = match &version.data {
            Some(stored) => (EventType::Put, version.created, stored.value.clone()),
            // As etcd's: of a key that was deleted there is only that.
            None => (EventType::Delete, 0, Vec::new()),
        };
        let key = key.to_vec().into();
        let pair = KeyValue { key, create_revision, mod_revision: revision, value: value.into() };
        Some(Event { r#type: kind.into(), kv: Some(pair) })
    }

    // Writing.

    pub(super) fn put(&mut self, request: PutRequest) -> Result<PutResponse, Status> {
        self.check_put(&request)?;
        let next = self.revision + 1;
        self.write(next, request);
        self.publish();
        Ok(PutResponse { header: self.header() })
    }

    pub(super) fn delete(&mut self, request: &DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        check_key(&request.key)?;
        self.delete_all([request.key.clone()]);
        Ok(DeleteRangeResponse { header: self.header() })
    }

    pub(super) fn transaction(&mut self, request: TxnRequest) -> Result<TxnResponse, Status> {
        let mut succeeded = true;
        for compare in &request.compare {
            succeeded &= self.holds(compare)?;
        }
        let operations = if succeeded { request.success } else { request.failure };
        // All of them or none.
        for put in operations.iter().filter_map(|operation| operation.request_put.as_ref()) {
            self.check_put(put)?;
        }
        let next = self.revision + 1;
        let mut responses = Vec::new();
        for RequestOp { request_range, request_put, .. } in operations {
            let mut response = ResponseOp::default();
            match (request_range, request_put) {
                (Some(range), None) => {
                    let newest = if self.wrote(next) { next } else { self.revision };
                    response.response_range = Some(self.range_at(&range, newest)?);
                }
                (None, Some(put)) => self.write(next, put),
                _ => return Err(Status::unimplemented("the fake cluster has no such operation in a transaction")),
            }
            responses.push(response);
        }
        self.publish();
        Ok(TxnResponse { header: self.header(), succeeded, responses })
    }

    fn holds(&self, compare: &Compare) -> Result<bool, Status> {
        let is_known =
            compare.target == i32::from(CompareTarget::Mod) && compare.result == i32::from(CompareResult::Equal);
        let (true, Some(expected)) = (is_known, compare.mod_revision) else {
            return Err(Status::unimplemented(
                "the fake cluster compares revisions of keys, and only whether they are equal",
            ));
        };
        check_key(&compare.key)?;
        let last = self.keys.get(&compare.key).and_then(|versions| versions.last());
        let found = last.filter(|version| version.data.is_some()).map_or(0, |version| version.revision);
        Ok(found == expected)
    }

    fn check_put(&self, request: &PutRequest) -> Result<(), Status> {
        check_key(&request.key)?;
        if request.lease != 0 && !self.leases.contains_key(&request.lease) {
            return Err(no_such_lease());
        }
        Ok(())
    }

    fn write(&mut self, revision: i64, request: PutRequest) {
        let PutRequest { key, value, lease, .. } = request;
        self.change(revision, key.clone(), Some(Stored { value, lease }));
        if let Some(granted) = self.leases.get_mut(&lease) {
            granted.keys.insert(key);
        }
    }

    fn delete_all(&mut self, keys: impl IntoIterator<Item = Vec<u8>>) {
        let next = self.revision + 1;
        for key in keys {
            if self.stored(&key).is_some() {
                self.change(next, key, None);
            }
        }
        self.publish();
    }

    /// Makes a change of the next revision, which is current as soon as it is published.
    fn change(&mut self, revision: i64, key: Vec<u8>, data: Option<Stored>) {
        if let Some(granted) = self.lease_of(&key).and_then(|lease| self.leases.get_mut(&lease)) {
            granted.keys.remove(&key);
        }
        self.log.push_back((revision, key.clone()));
        let versions = self.keys.entry(key).or_default();
        let before = versions.last().filter(|version| version.data.is_some());
        let created = before.map_or(revision, |version| version.created);
        versions.push(Version { revision, created, data });
    }

    fn wrote(&self, revision: i64) -> bool {
        self.log.back().is_some_and(|(newest, _)| *newest == revision)
    }

    /// Makes the next revision the current one, if something was changed by it, and notifies the watches.
    fn publish(&mut self) {
        let next = self.revision + 1;
        if !self.wrote(next) {
            return;
        }
        self.revision = next;
        let first = self.log.partition_point(|(revision, _)| *revision < next);
        let events =
            self.log.range(first..).filter_map(|(revision, key)| self.event(*revision, key)).collect::<Vec<_>>();
        self.watches.notify(next, &events);
    }

    /// Forgets what was before the current revision.
    pub(super) fn compact(&mut self) {
        let compacted = self.revision;
        self.compacted = compacted;
        self.log.retain(|(revision, _)| *revision >= compacted);
        self.keys.retain(|_, versions| {
            versions.drain(..versions.len() - 1);
            versions[0].data.is_some() || versions[0].revision == compacted
        });
    }

    // Leases.

    pub(super) fn grant(&mut self, seconds: i64) -> Result<LeaseGrantResponse, Status> {
        if seconds > LONGEST_LEASE {
            return Err(Status::out_of_range("etcdserver: too large lease TTL"));
        }
        self.last_lease += 1;
        let (id, ttl) = (self.last_lease, seconds.max(SHORTEST_LEASE));
        self.leases.insert(id, Granted { ttl, expires: after(ttl), keys: BTreeSet::new() });
        Ok(LeaseGrantResponse { id, ttl })
    }

    /// Renews a lease, and returns its time to live; 0 if there is no such lease.
    pub(super) fn renew(&mut self, id: i64) -> i64 {
        self.leases.get_mut(&id).map_or(0, |granted| {
            granted.expires = after(granted.ttl);
            granted.ttl
        })
    }

    pub(super) fn revoke(&mut self, id: i64) -> Result<LeaseRevokeResponse, Status> {
        let granted = self.leases.remove(&id).ok_or_else(no_such_lease)?;
        self.delete_all(granted.keys);
        Ok(LeaseRevokeResponse {})
    }

    pub(super) fn leases(&self) -> Vec<i64> {
        self.leases.keys().copied().collect()
    }

    /// The newest lease.
    pub(super) fn last_lease(&self) -> i64 {
        self.last_lease
    }

    /// When a lease expires if it is not renewed. `None`: never, or there is no such lease.
    pub(super) fn expires(&self, id: i64) -> Option<Instant> {
        self.leases.get(&id)?.expires
    }

    /// Ends the leases whose time is over.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_over = |granted: &Granted| granted.expires.is_some_and(|expires| expires <= now);
        let over: Vec<_> = self.leases.iter().filter(|(_, granted)| is_over(granted)).map(|(id, _)| *id).collect();
        for id in over {
            let _ = self.revoke(id);
        }
    }
}

fn after(seconds: i64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(seconds.unsigned_abs()).saturating_add(GRACE))
}

fn no_such_lease() -> Status {
    Status::not_found("etcdserver: requested lease not found")
}

fn check_key(key: &[u8]) -> Result<(), Status> {
    if key.is_empty() {
        return Err(Status::invalid_argument("etcdserver: key is not provided"));
    }
    Ok(())
}

/// Whether a range of the API has a key: without an end it is one key, and an end of one zero byte means that there is none.
pub(super) fn covers(start: &[u8], end: &[u8], key: &[u8]) -> bool {
    match end {
        [] => key == start,
        [0] => key >= start,
        end => key >= start && key < end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_was_created_by_the_first_write_after_a_deletion() {
        let mut store = Store::new();
        let put = |store: &mut Store| {
            store.put(PutRequest { key: b"a".to_vec(), ..PutRequest::default() }).expect("it is stored");
            let range = RangeRequest { key: b"a".to_vec(), ..RangeRequest::default() };
            let stored = store.range(&range).expect("it is there").kvs.remove(0);
            let told = store.events(b"a", b"", stored.mod_revision).remove(0).kv.expect("it is about a key");
            assert_eq!(told, stored);
            (stored.create_revision, stored.mod_revision)
        };
        assert_eq!([put(&mut store), put(&mut store)], [(2, 2), (2, 3)]);
        store.delete(&DeleteRangeRequest { key: b"a".to_vec() }).expect("it is deleted");
        assert_eq!([put(&mut store), put(&mut store)], [(5, 5), (5, 6)]);
        store.compact();
        assert_eq!(put(&mut store), (5, 7));
    }
}
