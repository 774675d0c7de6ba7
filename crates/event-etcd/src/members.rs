//! The members of a cluster, one of which is used until it fails; then it is the next one's turn.
//!
//! Each endpoint has a client of its own, since a client over several of them picks one by chance: a member that has lost
//! its leader would be asked again and again, and nobody could say which one it was.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex as BlockingMutex;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::Status;

use crate::api::Client;
use crate::error::{Error, Failure};
use crate::options::ClientBuilder;

/// The members, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Members {
    options: ClientBuilder,
    members: Vec<Member>,
    turn: BlockingMutex<Turn>,
}

/// Each failure of the member whose turn it is begins a new turn. What an earlier turn's member does matters no more.
#[derive(Clone, Copy, Debug)]
struct Turn {
    member: usize,
    number: u64,
}

struct Member {
    name: Arc<str>,
    /// The client, once there was a first use of it in this turn.
    connected: Mutex<Option<(u64, Client)>>,
    /// A client over a channel that was passed ready-made. It is for that to reconnect.
    given: Option<Client>,
}

/// What failed, and in which turn, if that was a member's.
pub(crate) type Failed = (Option<u64>, Failure);

/// A client to one of the members.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
    turn: u64,
}

impl Members {
    pub(crate) fn new(options: ClientBuilder) -> Self {
        let member =
            |endpoint: &String| Member { name: Arc::from(&**endpoint), connected: Mutex::default(), given: None };
        let members = options.endpoints.iter().map(member).collect();
        Self { options, members, turn: BlockingMutex::new(Turn { member: 0, number: 0 }) }
    }

    pub(crate) fn of_channel(channel: tonic::transport::Channel) -> Self {
        Self::of_channel_with(channel, ClientBuilder::new::<&str>([]))
    }

    /// The same with options, except those of the connection, which the channel has.
    pub(crate) fn of_channel_with(channel: tonic::transport::Channel, options: ClientBuilder) -> Self {
        let client = Client::over(channel, &options);
        let member = Member { name: Arc::from("the cluster"), connected: Mutex::default(), given: Some(client) };
        Self { options, members: vec![member], turn: BlockingMutex::new(Turn { member: 0, number: 0 }) }
    }

    pub(crate) fn options(&self) -> &ClientBuilder {
        &self.options
    }

    fn turn(&self) -> Turn {
        *self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A client to the member whose turn it is. With a user this authenticates, the first time.
    pub(crate) async fn contact(&self) -> Result<Contact, Failed> {
        self.contact_in(self.turn()).await
    }

    async fn contact_in(&self, turn: Turn) -> Result<Contact, Failed> {
        let member = &self.members[turn.member];
        let contact = |client| Contact { client, name: Arc::clone(&member.name), turn: turn.number };
        let mut connected = member.connected.lock().await;
        if let Some((number, client)) = &*connected {
            if *number >= turn.number {
                return Ok(contact(client.clone()));
            }
        }
        let client = answer_within(self.options.request_timeout, self.connect(member)).await;
        let client = client.map_err(|failure| (Some(turn.number), named(&member.name, failure)))?;
        *connected = Some((turn.number, client.clone()));
        Ok(contact(client))
    }

    async fn connect(&self, member: &Member) -> Result<Client, Status> {
        if let Some(client) = &member.given {
            return Ok(client.clone());
        }
        Client::connect(&member.name, &self.options).await
    }

    /// The member of a turn has failed. If its turn is not over yet, it is the next one's.
    pub(crate) fn failed(&self, turn: u64) {
        let mut now = self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if now.number == turn {
            *now = Turn { member: (now.member + 1) % self.members.len(), number: turn + 1 };
        }
    }

    /// How many there are, at least one.
    pub(crate) fn count(&self) -> usize {
        self.members.len()
    }

    /// Does something with the member whose turn it is, and waits for its answer as long as the options say.
    pub(crate) async fn ask<T, F>(&self, request: impl FnOnce(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        self.ask_in(self.turn(), request).await
    }

    /// The same, with a limit for all of it: the connection, a token, and the answer.
    pub(crate) async fn ask_within<T, F>(
        &self,
        limit: Duration,
        request: impl FnOnce(Client) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let turn = self.turn();
        match timeout(limit, self.ask_in(turn, request)).await {
            Ok(result) => result,
            Err(_) => {
                self.failed(turn.number);
                Err(named(&self.members[turn.member].name, Failure::timeout(limit)))
            }
        }
    }

    async fn ask_in<T, F>(&self, turn: Turn, request: impl FnOnce(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let contact = match self.contact_in(turn).await {
            Ok(contact) => contact,
            Err((turn, failure)) => {
                self.note(turn, &failure);
                return Err(unsent(failure));
            }
        };
        let result = answer_within(self.options.request_timeout, request(contact.client)).await;
        result.map_err(|failure| {
            self.note(Some(contact.turn), &failure);
            named(&contact.name, failure)
        })
    }

    fn note(&self, turn: Option<u64>, failure: &Failure) {
        if let (Some(turn), Failure::Transient { .. }) = (turn, failure) {
            self.failed(turn);
        }
    }

    /// Asks each member until one answers that can serve.
    ///
    /// With a user, the member has to accept it. Without one, a member that wants one has answered as well, whichever call it
    /// wants one for: since etcd 3.5.28 the status is among them.
    pub(crate) async fn first_contact(&self) -> Result<(), Error> {
        let mut causes = Vec::new();
        for _ in 0..self.members.len() {
            let cause = match self.ask(status_of_a_voter).await {
                Ok(()) | Err(Failure::Compacted | Failure::Permanent(Error::PermissionDenied)) => return Ok(()),
                Err(Failure::Permanent(Error::Unauthenticated(_))) if self.options.credentials().is_none() => {
                    return Ok(());
                }
                Err(Failure::Permanent(error)) => return Err(error),
                Err(Failure::Transient { cause, .. }) => cause,
            };
            causes.push(without_name(&cause));
        }
        Err(Error::Unreachable(causes))
    }
}

/// A learner answers this, and refuses nearly everything else.
async fn status_of_a_voter(client: Client) -> Result<(), Status> {
    if client.status().await?.is_learner {
        return Err(Status::unavailable("the member is a learner, which cannot serve clients"));
    }
    Ok(())
}

impl Contact {
    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }
}

/// Waits for an answer, but not for ever.
pub(crate) async fn answer_within<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, Status>>,
) -> Result<T, Failure> {
    match timeout(limit, request).await {
        Ok(answer) => answer.map_err(|error| Failure::of(&error)),
        Err(_) => Err(Failure::timeout(limit)),
    }
}

/// Whoever could not even be connected to has done nothing.
fn unsent(failure: Failure) -> Failure {
    match failure {
        Failure::Transient { cause, .. } => Failure::Transient { cause, sent: false },
        other => other,
    }
}

/// Says who it was.
pub(crate) fn named(name: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Transient { cause, sent } => Failure::Transient { cause: format!("{name}: {cause}"), sent },
        other => other,
    }
}

/// The member and the cause, of what [`named`] made.
pub(crate) fn without_name(cause: &str) -> (String, String) {
    let (name, cause) = cause.split_once(": ").unwrap_or(("the cluster", cause));
    (name.into(), cause.into())
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Member").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests;
