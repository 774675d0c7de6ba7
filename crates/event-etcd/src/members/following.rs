//! Endpoints that follow the members of the cluster.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Member, Members};
use crate::api::MemberListResponse;
use crate::error::Failure;
use crate::pauses::Pauses;

/// So often the members are asked for though none has failed: they may be replaced one by one while this client's own is well.
const INTERVAL: Duration = Duration::from_secs(60);

/// So soon they are asked for again after a failure, and then less and less often: what is being done to the cluster may not be
/// over, and a new member has no URL before it has started.
const SOON: Duration = Duration::from_secs(1);

impl Members {
    /// Keeps the endpoints up to date, for ever.
    pub(crate) async fn follow(self: Arc<Self>) {
        let (mut pauses, mut interval) = (Pauses::new(self.options.max_pause), SOON);
        loop {
            match self.ask_who_they_are().await {
                Ok(()) => pauses.reset(),
                Err(_) => sleep(pauses.next()).await,
            }
            interval = match timeout(interval, self.failures.notified()).await {
                Ok(()) => SOON,
                Err(_) => INTERVAL.min(2 * interval),
            };
        }
    }

    /// Asks the cluster for its members, and uses them as endpoints from now on.
    pub(crate) async fn ask_who_they_are(&self) -> Result<(), Failure> {
        let answer = self.ask(|client| async move { client.member_list().await }).await?;
        let endpoints = self.endpoints(answer);
        let known = self.turn();
        // The member that has answered can be reached. Otherwise one of those that it names has to be.
        let name = &known.member().name;
        if endpoints.iter().any(|endpoint| **endpoint == **name) || self.can_reach_one_of(&endpoints).await {
            self.replace(endpoints);
        }
        Ok(())
    }

    /// The URLs of those that can serve clients.
    fn endpoints(&self, answer: MemberListResponse) -> Vec<String> {
        let voters = answer.members.into_iter().filter(|member| !member.is_learner);
        let urls = voters.flat_map(|member| member.client_urls);
        let urls = urls.map(|url| url.trim_end_matches('/').to_owned());
        let mut endpoints: Vec<String> = Vec::new();
        for url in urls.filter(|url| self.options.check(url).is_ok()) {
            if !endpoints.contains(&url) {
                endpoints.push(url);
            }
        }
        endpoints
    }

    async fn can_reach_one_of(&self, endpoints: &[String]) -> bool {
        for endpoint in endpoints {
            let member = Member::at(endpoint);
            let asked = async { super::status_of_a_voter(self.connect(&member).await?).await };
            // Any answer that is not about the member will do, such as that it wants a user.
            match super::answer_within(self.options.request_timeout, asked).await {
                Ok(()) | Err(Failure::Permanent(_) | Failure::Compacted) => return true,
                Err(Failure::Transient { .. }) => {}
            }
        }
        false
    }

    /// Uses these as endpoints. Those that were used before keep their connections and their order; new ones come after them.
    fn replace(&self, endpoints: Vec<String>) {
        let mut now = self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_named = |member: &&Arc<Member>| endpoints.iter().any(|endpoint| **endpoint == *member.name);
        let mut members: Vec<_> = now.members.iter().filter(is_named).cloned().collect();
        for endpoint in &endpoints {
            if !members.iter().any(|member| *member.name == **endpoint) {
                members.push(Arc::new(Member::at(endpoint)));
            }
        }
        if members.is_empty() {
            return;
        }
        crate::trace::members(&endpoints);
        match members.iter().position(|member| *member.name == *now.member().name) {
            Some(place) => now.place = place,
            // Its turn is over. What goes on with it does so until it fails.
            None => {
                now.place = 0;
                now.number += 1;
            }
        }
        now.members = members.into();
    }
}
