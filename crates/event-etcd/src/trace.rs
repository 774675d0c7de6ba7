//! What is told through `tracing` (feature `tracing`): connections, streams, lists and leases. Without the feature, nothing is left
//! of this.
//!
//! Keys, endpoints, revisions and numbers are told; what is stored, passwords and tokens are not, and no request or response is as
//! a whole.

pub(crate) use imp::{
    Stream, connected, failed, in_lease, in_list, lease_lost, lease_renewed, lease_unanswered, listed, members,
    stream_lost,
};

#[cfg(feature = "tracing")]
mod imp {
    use std::future::Future;

    use tracing::{Instrument, Span, debug, debug_span, trace};

    use crate::error::Failure;
    use crate::range::KeyRange;
    use crate::store::Answer;

    /// The span of a stream, from when it is open until it is dropped.
    #[derive(Debug)]
    pub(crate) struct Stream(Span);

    impl Stream {
        pub(crate) fn opened(member: &str) -> Self {
            let span = debug_span!(target: "event_etcd", "stream", member);
            debug!(target: "event_etcd", parent: &span, "stream opened");
            Self(span)
        }

        pub(crate) fn told(&self, responses: usize) {
            trace!(target: "event_etcd", parent: &self.0, responses, "told");
        }
    }

    pub(crate) fn stream_lost(cause: &str) {
        debug!(target: "event_etcd", cause, "stream lost");
    }

    pub(crate) fn connected(member: &str) {
        debug!(target: "event_etcd", member, "connected");
    }

    /// The failure names the member.
    pub(crate) fn failed(failure: &Failure) {
        debug!(target: "event_etcd", %failure, "member failed");
    }

    pub(crate) fn members(endpoints: &[String]) {
        debug!(target: "event_etcd", ?endpoints, "members");
    }

    /// A list within its span.
    pub(crate) fn in_list<F: Future>(
        range: &KeyRange,
        since: Option<i64>,
        list: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        list.instrument(debug_span!(target: "event_etcd", "list", ?range, since))
    }

    pub(crate) fn listed(result: &Result<Answer, Failure>) {
        match result {
            Ok(Answer::All { revision, stored }) => {
                debug!(target: "event_etcd", revision, keys = stored.len(), "listed");
            }
            Ok(Answer::Since { revision, written, .. }) => {
                let keys = written.as_ref().map(Vec::len);
                debug!(target: "event_etcd", revision, keys, "listed what was written since");
            }
            Err(failure) => debug!(target: "event_etcd", %failure, "list failed"),
        }
    }

    /// What keeps a lease within its span.
    pub(crate) fn in_lease<F: Future>(id: i64, keeper: F) -> impl Future<Output = F::Output> + use<F> {
        keeper.instrument(debug_span!(target: "event_etcd", "lease", id))
    }

    pub(crate) fn lease_renewed() {
        trace!(target: "event_etcd", "lease renewed");
    }

    pub(crate) fn lease_unanswered(failure: &Failure) {
        debug!(target: "event_etcd", %failure, "lease not renewed");
    }

    pub(crate) fn lease_lost() {
        debug!(target: "event_etcd", "lease lost");
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    use crate::error::Failure;
    use crate::range::KeyRange;
    use crate::store::Answer;

    /// Nothing.
    #[derive(Debug)]
    pub(crate) struct Stream(());

    impl Stream {
        #[inline(always)]
        pub(crate) fn opened(_: &str) -> Self {
            Self(())
        }

        #[inline(always)]
        #[allow(clippy::unused_self, reason = "its twin needs it")]
        pub(crate) fn told(&self, _: usize) {}
    }

    #[inline(always)]
    pub(crate) fn stream_lost(_: &str) {}

    #[inline(always)]
    pub(crate) fn connected(_: &str) {}

    #[inline(always)]
    pub(crate) fn failed(_: &Failure) {}

    #[inline(always)]
    pub(crate) fn members(_: &[String]) {}

    #[inline(always)]
    pub(crate) fn in_list<F>(_: &KeyRange, _: Option<i64>, list: F) -> F {
        list
    }

    #[inline(always)]
    pub(crate) fn listed(_: &Result<Answer, Failure>) {}

    #[inline(always)]
    pub(crate) fn in_lease<F>(_: i64, keeper: F) -> F {
        keeper
    }

    #[inline(always)]
    pub(crate) fn lease_renewed() {}

    #[inline(always)]
    pub(crate) fn lease_unanswered(_: &Failure) {}

    #[inline(always)]
    pub(crate) fn lease_lost() {}
}
