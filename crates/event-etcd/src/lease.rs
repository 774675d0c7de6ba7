//! Leases: what was written with one is deleted when its holder is gone for too long.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use event_core::{MemoryReader, MemoryValue};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::api::Client;
use crate::client::EtcdClient;
use crate::error::{Error, Failure};
use crate::pauses::Pauses;
use crate::trace;

/// A lease that is kept alive in the background for as long as this exists.
///
/// Dropped, it is left to expire, and the keys that were written with it are deleted then; [`revoke`](Self::revoke) has
/// that done immediately.
pub struct Lease {
    client: EtcdClient,
    id: i64,
    term: Arc<Term>,
    lost: MemoryReader<()>,
    keeper: JoinHandle<()>,
}

/// How long a lease certainly lasts, by this process's own clock.
#[derive(Debug)]
pub(crate) struct Term {
    time_to_live: Duration,
    /// `None` once it has ended, which it does once: no answer that comes later brings a lease back.
    until: Mutex<Option<Instant>>,
}

/// The terms of the leases that a client keeps, by number.
#[derive(Debug, Default)]
pub(crate) struct Terms(Mutex<HashMap<i64, Weak<Term>>>);

/// The lease of a write: of a [`Lease`], or its number.
///
/// What is written under a [`Lease`] is refused by this client as soon as the lease is [lost](Lease::lost). So it is with
/// the number of a lease that this client keeps. With the number of a lease that somebody else keeps, the cluster decides.
#[derive(Clone, Debug, Default)]
pub struct LeaseOfWrite {
    pub(crate) id: i64,
    term: Option<Arc<Term>>,
}

impl EtcdClient {
    /// Asks for a lease that lasts at least this long (in whole seconds, rounded up) after this process was last heard
    /// of, and keeps it alive. etcd grants no less than one and a half times its election timeout, 2 s by default;
    /// [`Lease::time_to_live`] returns what was granted.
    ///
    /// A member that does not answer is skipped. If it granted a lease nevertheless, that one expires unused.
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set); [`Error::InvalidArgument`] for no time at all.
    ///
    /// # Cancel safety
    ///
    /// A lease that was granted meanwhile expires by itself.
    pub async fn lease(&self, time_to_live: Duration) -> Result<Lease, Error> {
        let seconds = time_to_live.as_secs().saturating_add(u64::from(time_to_live.subsec_nanos() > 0));
        let Some(seconds) = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
            return Err(Error::InvalidArgument(format!(
                "a lease cannot last {time_to_live:?}; it takes a second at least, and not for ever"
            )));
        };
        let grant = |client: Client| async move {
            let sent = Instant::now();
            client.lease_grant(seconds).await.map(|granted| (sent, granted))
        };
        let (sent, granted) = self.write_repeatedly(grant).await?;
        let id = granted.id;
        let term = Arc::new(Term::new(Duration::from_secs(granted.ttl.unsigned_abs()), sent));
        self.terms().add(id, &term);
        let lost = MemoryValue::new();
        let reader = lost.reader();
        let keeping = keep_alive(self.clone(), id, Arc::clone(&term), lost);
        let keeper = self.runtime().spawn(trace::in_lease(id, keeping));
        Ok(Lease { client: self.clone(), id, term, lost: reader, keeper })
    }
}

impl Lease {
    /// Its number. [`EtcdValue::with_lease`](crate::EtcdValue::with_lease) takes the lease itself, or this.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// How long it lasts after this process was last heard of.
    #[must_use]
    pub fn time_to_live(&self) -> Duration {
        self.term.time_to_live
    }

    /// Waits until the lease is lost: the cluster says that there is no such lease (any more), or the time to live has
    /// passed without an answer.
    ///
    /// That time is measured by this process's own monotonic clock, from when the last request that was answered was *sent*. So the
    /// loss is reported before the cluster can delete what was written under the lease, as long as the two clocks run at the same
    /// speed. From then on this client refuses to write under the lease, with [`Error::LeaseNotFound`]; a lost lease does not
    /// come back. (The monotonic clock of some systems, Linux among them, stands still while the machine is suspended.)
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub async fn lost(&self) {
        // The value has data then, or was closed at the end of the runtime that kept the lease alive.
        let _ = self.lost.watch().get().await;
    }

    /// Ends the lease, and deletes what was written with it.
    ///
    /// # Errors
    ///
    /// As [`EtcdValue::set`](crate::EtcdValue::set); none if it was lost before.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the lease expires by itself.
    pub async fn revoke(self) -> Result<(), Error> {
        self.keeper.abort();
        let id = self.id;
        match self.client.write_repeatedly(|client| async move { client.lease_revoke(id).await }).await {
            Ok(_) | Err(Error::LeaseNotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("id", &self.id)
            .field("time_to_live", &self.term.time_to_live)
            .finish_non_exhaustive()
    }
}

impl Term {
    fn new(time_to_live: Duration, sent: Instant) -> Self {
        Self { time_to_live, until: Mutex::new(sent.checked_add(time_to_live)) }
    }

    /// What is left of it; `None` once it has ended.
    fn left(&self) -> Option<Duration> {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.and_then(|until| until.checked_duration_since(Instant::now())).filter(|left| !left.is_zero());
        if left.is_none() {
            *until = None;
        }
        left
    }

    /// The cluster has renewed the lease, with an answer to a request that was sent then.
    fn renewed(&self, sent: Instant) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended meanwhile has ended.
        let lasting = until.filter(|until| Instant::now() < *until);
        *until = lasting.and_then(|_| sent.checked_add(self.time_to_live));
    }

    fn end(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Terms {
    fn add(&self, id: i64, term: &Arc<Term>) {
        let mut terms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        terms.retain(|_, term| term.strong_count() > 0);
        terms.insert(id, Arc::downgrade(term));
    }

    fn find(&self, id: i64) -> Option<Arc<Term>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id)?.upgrade()
    }
}

impl LeaseOfWrite {
    /// The same, with the term that the client knows of a lease whose number was passed.
    pub(crate) fn known_to(mut self, client: &EtcdClient) -> Self {
        self.term = self.term.or_else(|| client.terms().find(self.id));
        self
    }

    /// # Errors
    ///
    /// [`Error::LeaseNotFound`] when the lease is lost.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.term {
            Some(term) if term.left().is_none() => Err(Error::LeaseNotFound { lease: self.id }),
            _ => Ok(()),
        }
    }
}

impl From<&Lease> for LeaseOfWrite {
    fn from(lease: &Lease) -> Self {
        Self { id: lease.id, term: Some(Arc::clone(&lease.term)) }
    }
}

impl From<i64> for LeaseOfWrite {
    /// The lease with this number; 0 stands for no lease.
    fn from(id: i64) -> Self {
        Self { id, term: None }
    }
}

/// Keeps a lease alive until a member says that there is none, or its term has ended.
///
/// An answered request is followed by another one after a third of the time to live. The rest has to do for all members.
async fn keep_alive(client: EtcdClient, id: i64, term: Arc<Term>, lost: MemoryValue<()>) {
    let options = client.members().options();
    let mut pauses = Pauses::new(options.max_pause.min(term.time_to_live / 8));
    let mut failures = 0;
    while let Some(left) = term.left() {
        // They may change.
        let members = client.members().count();
        let limit = attempt_limit(left, members - failures % members).min(options.request_timeout);
        let sent = Instant::now();
        let asked = client.members().ask_within(limit, |client| async move { client.lease_keep_alive(id).await }).await;
        match asked {
            Ok(_) => {
                trace::lease_renewed();
                failures = 0;
                pauses.reset();
                term.renewed(sent);
                sleep_until(sent + term.time_to_live / 3).await;
            }
            Err(Failure::Permanent(Error::LeaseNotFound { .. })) => break,
            Err(failure) => {
                trace::lease_unanswered(&failure);
                failures += 1;
                // The next member need not wait for the failure of this one. After the last one there is a pause, so that
                // members which refuse are not asked without end.
                if failures % members == 0 {
                    sleep(pauses.next().min(term.left().unwrap_or_default())).await;
                }
            }
        }
    }
    term.end();
    trace::lease_lost();
    lost.set(());
}

/// How long an attempt may take when so much time and so many members are left, this one included: all have the same time, and
/// as much is left over for pauses.
fn attempt_limit(left: Duration, members: usize) -> Duration {
    left / u32::try_from(members).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_time_to_answer_before_the_lease_ends() {
        for seconds in [1, 2, 3, 5, 7, 60] {
            for members in 1..=7 {
                let time_to_live = Duration::from_secs(seconds);
                let first = attempt_limit(time_to_live * 2 / 3, members);
                let mut left = time_to_live * 2 / 3;
                for tried in 0..members {
                    let limit = attempt_limit(left, members - tried);
                    assert!(limit + Duration::from_micros(1) >= first, "{seconds} s, {members} members: {limit:?}");
                    left = left.checked_sub(limit).expect("it is a part of what was left");
                }
                assert!(left + Duration::from_micros(1) >= first, "{seconds} s, {members} members: {left:?} left");
            }
        }
    }

    #[test]
    fn a_term_that_has_ended_is_not_renewed() {
        let now = Instant::now();
        let term = Term::new(Duration::from_secs(3600), now);
        assert!(term.left().is_some());
        let late = Term::new(Duration::from_millis(1), now - Duration::from_millis(2));
        assert!(late.left().is_none());
        late.renewed(Instant::now() + Duration::from_secs(3600));
        assert!(late.left().is_none());
        term.end();
        term.renewed(Instant::now());
        assert!(term.left().is_none());
    }

    #[test]
    fn a_term_begins_when_the_request_was_sent() {
        let sent = Instant::now() - Duration::from_secs(1800);
        let term = Term::new(Duration::from_secs(3600), sent - Duration::from_secs(900));
        term.renewed(sent);
        let left = term.left().expect("half of it has passed");
        assert!(left <= Duration::from_secs(1800) && left > Duration::from_secs(900), "{left:?}");
    }
}
