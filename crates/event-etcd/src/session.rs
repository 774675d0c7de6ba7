//! The stream that carries every watch of a client: it is opened, kept under observation, lost, and opened again.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use tonic::Streaming;

use crate::api::{WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse};
use crate::error::{Error, Failure};
use crate::members::{Contact, Failed, Members, answer_within, named};
use crate::pauses::Pauses;
use crate::range::KeyRange;
use crate::trace;

/// What happens to a stream.
#[derive(Debug)]
pub(crate) enum Event {
    /// It is open, and carries no watch yet but the one it was opened with, whose number this is.
    Opened { first: i64 },
    /// The cluster says something: all that has arrived, in its order.
    Told(Vec<WatchResponse>),
    /// It is gone, with every watch on it. It opens again when it is asked to.
    Lost(Arc<str>),
    /// It cannot be opened, and nothing that passes by itself is to blame.
    Refused(Error),
}

/// A watch to be created on the stream.
#[derive(Clone, Debug)]
pub(crate) struct Create {
    /// The number it gets on this stream; each is used once.
    pub(crate) watch_id: i64,
    pub(crate) range: KeyRange,
    pub(crate) from: i64,
}

#[derive(Debug)]
enum Request {
    Create(Create),
    Cancel(i64),
    Progress,
}

/// The stream.
pub(crate) struct Session {
    members: Arc<Members>,
    pauses: Pauses,
    state: State,
}

/// An open stream, and the number of the first watch on it.
type Opened = Result<(i64, Open), Failed>;

enum State {
    Closed,
    Pausing(Pin<Box<Sleep>>),
    /// After a pause: to be opened with the next watch.
    Ready,
    Opening(Pin<Box<dyn Future<Output = Opened> + Send>>),
    Open(Box<Open>),
}

struct Open {
    contact: Contact,
    requests: Sender<WatchRequest>,
    responses: Streaming<WatchResponse>,
    outgoing: VecDeque<Request>,
    /// When the member said something last, and whether it was asked to since.
    heard: Instant,
    probed: bool,
    /// Not later than when the member has been silent for too long. It is not moved with each response, which would cost as much
    /// as the rest.
    timer: Pin<Box<Sleep>>,
    /// Why the stream has ended, after what has arrived on it.
    ended: Option<String>,
    span: trace::Stream,
}

/// So many responses are passed on together, if they have arrived.
const RESPONSES_AT_ONCE: usize = 64;

impl Session {
    pub(crate) fn new(members: Arc<Members>) -> Self {
        let pauses = Pauses::new(members.options().max_pause);
        Self { members, pauses, state: State::Closed }
    }

    /// Whether watches can be created on it now.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether it needs a watch to open with.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Closed | State::Ready)
    }

    /// Opens the stream with a first watch on it.
    pub(crate) fn open(&mut self, first: Create) {
        debug_assert!(self.is_ready());
        let members = Arc::clone(&self.members);
        self.state = State::Opening(Box::pin(open(members, first)));
    }

    /// Creates a watch, on an open stream.
    pub(crate) fn create(&mut self, create: Create) {
        self.send(Request::Create(create));
    }

    /// Ends a watch, on an open stream.
    pub(crate) fn cancel(&mut self, watch_id: i64) {
        self.send(Request::Cancel(watch_id));
    }

    fn send(&mut self, request: Request) {
        if let State::Open(open) = &mut self.state {
            open.outgoing.push_back(request);
        }
    }

    /// Nobody watches any more.
    pub(crate) fn close(&mut self) {
        self.state = State::Closed;
    }

    /// Gives the stream up, since the member refused a watch, and may have done so for the token that the stream has.
    pub(crate) fn give_up(&mut self) {
        self.pause();
    }

    fn pause(&mut self) {
        self.state = State::Pausing(Box::pin(sleep(self.pauses.next())));
    }

    fn lost(&mut self, turn: Option<u64>, cause: String) -> Event {
        if let Some(turn) = turn {
            self.members.failed(turn);
        }
        self.pause();
        trace::stream_lost(&cause);
        Event::Lost(cause.into())
    }

    /// What happens next; waits for ever on a stream that is not wanted.
    ///
    /// # Cancel safety
    ///
    /// What was begun goes on with the next call. Nothing that was received is lost.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        match &mut self.state {
            State::Closed | State::Ready => std::future::pending().await,
            State::Pausing(pause) => {
                pause.as_mut().await;
                self.state = State::Ready;
                None
            }
            State::Opening(opening) => Some(match opening.as_mut().await {
                Ok((first, open)) => {
                    self.state = State::Open(Box::new(open));
                    Event::Opened { first }
                }
                Err((_, Failure::Permanent(error))) => {
                    self.pause();
                    Event::Refused(error)
                }
                Err((turn, failure)) => self.lost(turn, failure.to_string()),
            }),
            State::Open(open) => match open.next(self.members.options().probe).await {
                Ok(responses) if responses.is_empty() => None,
                Ok(responses) => {
                    self.pauses.reset();
                    Some(Event::Told(responses))
                }
                Err(cause) => {
                    let (turn, cause) = (open.contact.turn(), format!("{}: {cause}", open.contact.name));
                    Some(self.lost(Some(turn), cause))
                }
            },
        }
    }
}

async fn open(members: Arc<Members>, first: Create) -> Opened {
    let contact = members.contact().await?;
    let limit = members.options().request_timeout;
    let failed = |failure| (Some(contact.turn()), named(&contact.name, failure));
    let watch_id = first.watch_id;
    let stream = contact.client.watch(Request::Create(first).to_send());
    let (requests, responses) = answer_within(limit, stream).await.map_err(failed)?;
    let (outgoing, heard) = (VecDeque::new(), Instant::now());
    let timer = Box::pin(sleep_until(heard + members.options().probe));
    let span = trace::Stream::opened(&contact.name);
    Ok((watch_id, Open { contact, requests, responses, outgoing, heard, probed: false, timer, ended: None, span }))
}

impl Request {
    fn to_send(&self) -> WatchRequest {
        let mut request = WatchRequest::default();
        match self {
            Self::Create(Create { watch_id, range, from }) => {
                request.create_request = Some(WatchCreateRequest {
                    key: range.start().to_vec(),
                    range_end: range.end().to_vec(),
                    start_revision: *from,
                    progress_notify: true,
                    watch_id: *watch_id,
                });
            }
            Self::Cancel(watch_id) => request.cancel_request = Some(WatchCancelRequest { watch_id: *watch_id }),
            Self::Progress => request.progress_request = Some(WatchProgressRequest {}),
        }
        request
    }
}

impl Open {
    /// What has arrived; nothing when there was something else to do.
    async fn next(&mut self, probe: Duration) -> Result<Vec<WatchResponse>, String> {
        let Self { requests, responses, outgoing, heard, probed, timer, ended, span, .. } = self;
        if let Some(cause) = ended.take() {
            return Err(cause);
        }
        tokio::select! {
            response = responses.message() => {
                (*heard, *probed) = (Instant::now(), false);
                let mut told = vec![received(response)?];
                while told.len() < RESPONSES_AT_ONCE {
                    let Some(response) = arrived(responses).await else { break };
                    match received(response) {
                        Ok(response) => told.push(response),
                        Err(cause) => {
                            *ended = Some(cause);
                            break;
                        }
                    }
                }
                span.told(told.len());
                Ok(told)
            }
            // Dropped before it is done, it has sent nothing, and comes again.
            sent = send(requests, outgoing.front()), if !outgoing.is_empty() => {
                outgoing.pop_front();
                sent.map(|()| Vec::new())
            }
            () = timer.as_mut() => {
                let patience = *heard + if *probed { 2 * probe } else { probe };
                if Instant::now() >= patience {
                    if *probed {
                        return Err(format!("not a word for {:?}", heard.elapsed()));
                    }
                    *probed = true;
                    outgoing.push_back(Request::Progress);
                }
                let patience = *heard + if *probed { 2 * probe } else { probe };
                timer.as_mut().reset(patience);
                Ok(Vec::new())
            }
        }
    }
}

fn received(response: Result<Option<WatchResponse>, tonic::Status>) -> Result<WatchResponse, String> {
    match response {
        Ok(Some(response)) => Ok(response),
        Ok(None) => Err("the member ended the stream".into()),
        Err(error) => Err(Failure::of(&error).to_string()),
    }
}

/// What has arrived on a stream already, if anything.
async fn arrived(responses: &mut Streaming<WatchResponse>) -> Option<Result<Option<WatchResponse>, tonic::Status>> {
    poll_fn(|cx| match pin!(responses.message()).poll(cx) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn send(requests: &Sender<WatchRequest>, request: Option<&Request>) -> Result<(), String> {
    let Some(request) = request else { return Ok(()) };
    // There is no other reason: the task of the connection has ended, and with it the other end of this.
    requests.send(request.to_send()).await.map_err(|_| "the connection ended".to_owned())
}
