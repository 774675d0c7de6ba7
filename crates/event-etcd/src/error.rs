//! What can go wrong with a cluster, and whether it helps to try again.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};

/// What went wrong between this process and the cluster.
///
/// Watchers live through what passes by itself, such as a member that does not answer; this is for the rest, and for
/// writing. It never holds a password or a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// What was passed cannot be used. The text names it, and what to do.
    InvalidArgument(String),
    /// There is no tokio runtime for the client to work on.
    NoRuntime,
    /// No endpoint answered. Per endpoint, why.
    Unreachable(Vec<(String, String)>),
    /// The cluster does not take the user or the password, or wants some and got none; or it got some and does not want
    /// any. The text is the cluster's.
    Unauthenticated(String),
    /// The user may not do this.
    PermissionDenied,
    /// There is no such lease: it has expired, was revoked, or never was. Nothing was written.
    LeaseNotFound {
        /// Its number, or 0 where the cluster does not tell.
        lease: i64,
    },
    /// The cluster takes no request of this size. Nothing was written. (etcd's default limit is 1.5 MiB, its option
    /// `--max-request-bytes`.)
    TooLarge {
        /// How long the data were.
        bytes: usize,
    },
    /// The key is not as it was seen. Nothing was written.
    Conflict {
        /// The revision that wrote it last; 0 when there is no such key.
        mod_revision: i64,
    },
    /// A request that writes was not answered. It may have been done or not; whoever watches the key will see.
    Unanswered {
        /// How long was waited for the answer, if that ended it.
        waited: Option<Duration>,
        /// What happened.
        cause: String,
    },
    /// What else the cluster or its client said.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(what) | Self::Other(what) => f.write_str(what),
            Self::NoRuntime => f.write_str(
                "there is no tokio runtime here: the client of the cluster works on one, so make it inside of a runtime",
            ),
            Self::Unreachable(endpoints) => {
                f.write_str("no endpoint of the cluster answered")?;
                for (place, (endpoint, cause)) in endpoints.iter().enumerate() {
                    write!(f, "{} {endpoint}: {cause}", if place == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
            Self::Unauthenticated(cause) => write!(f, "the cluster does not accept the credentials: {cause}"),
            Self::PermissionDenied => f.write_str("the user may not do this: the cluster denied permission"),
            Self::LeaseNotFound { lease } => {
                write!(f, "there is no lease {lease} (any more); nothing was written, so grant a new one")
            }
            Self::TooLarge { bytes } => write!(
                f,
                "{bytes} bytes are more than the cluster takes in one request (its option --max-request-bytes); nothing \
                 was written"
            ),
            Self::Conflict { mod_revision: 0 } => f.write_str("the key does not exist (any more); nothing was written"),
            Self::Conflict { mod_revision } => {
                write!(f, "the key was written at revision {mod_revision}, which is not what was seen; nothing was written")
            }
            Self::Unanswered { waited: Some(waited), cause } => {
                write!(f, "no answer after {waited:?}, the data may have been written or not: {cause}")
            }
            Self::Unanswered { waited: None, cause } => {
                write!(f, "no answer, the data may have been written or not: {cause}")
            }
        }
    }
}

impl StdError for Error {}

/// Why a request failed, and what that means for the next one.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It would fail again.
    Permanent(Error),
    /// Another member, or the same one later, may do it. `sent` tells whether this one may have done it.
    Transient { cause: String, sent: bool },
    /// The revision that was asked for is compacted.
    Compacted,
}

/// Refusals by a member that cannot serve, whatever the request and the code: it has not done anything, and another member
/// may. The texts are those of etcd's `rpctypes`; their codes differ between versions.
const OF_THE_MEMBER: [&str; 6] = [
    "rpc not supported for learner",
    "etcdserver: no leader",
    "etcdserver: not leader",
    "etcdserver: not capable",
    "etcdserver: corrupt cluster",
    // Of a member that is far behind with what the others have agreed on.
    "etcdserver: too many requests",
];

impl Failure {
    pub(crate) fn timeout(after: Duration) -> Self {
        Self::Transient { cause: format!("no answer within {after:?}"), sent: true }
    }

    /// What a refusal means; `docs/refusals.md` has the table.
    pub(crate) fn of(status: &Status) -> Self {
        let cause = status.message();
        if OF_THE_MEMBER.iter().any(|text| cause.contains(text)) {
            return Self::Transient { cause: cause.into(), sent: false };
        }
        match status.code() {
            Code::PermissionDenied => Self::Permanent(Error::PermissionDenied),
            Code::Unauthenticated => Self::Permanent(Error::Unauthenticated(cause.into())),
            // etcd has these codes for what is wrong with a user, too. The texts are those of its `rpctypes`.
            Code::InvalidArgument | Code::FailedPrecondition
                if ["authentication", "user name", "user ID"].iter().any(|about| cause.contains(about)) =>
            {
                Self::Permanent(Error::Unauthenticated(cause.into()))
            }
            // A token is of the users and roles as they were when it was given. The next turn begins with a new one.
            Code::InvalidArgument if cause.contains("revision of auth store is old") => {
                Self::Transient { cause: cause.into(), sent: false }
            }
            Code::NotFound if cause.contains("lease not found") => Self::Permanent(Error::LeaseNotFound { lease: 0 }),
            Code::OutOfRange if cause.contains("compacted") => Self::Compacted,
            Code::InvalidArgument | Code::FailedPrecondition | Code::NotFound | Code::Unimplemented => {
                Self::Permanent(Error::Other(cause.into()))
            }
            Code::ResourceExhausted => Self::Permanent(Error::Other(cause.into())),
            _ => Self::Transient { cause: with_sources(status), sent: !never_connected(status) },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permanent(error) => error.fmt(f),
            Self::Transient { cause, .. } => f.write_str(cause),
            Self::Compacted => f.write_str("the revision is compacted"),
        }
    }
}

/// Whether the request cannot have reached anybody.
fn never_connected(status: &Status) -> bool {
    chain(status).any(|error| error.is::<tonic::ConnectError>())
}

/// The texts of an error and of what caused it, each once.
fn with_sources(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for error in chain(error) {
        // A status shows its code and its metadata as well; its message is what people understand.
        let part = match error.downcast_ref::<Status>() {
            Some(status) => status.message().to_string(),
            None => error.to_string(),
        };
        // tonic's transport errors have this for a text, and what happened as their source.
        if part.is_empty() || part == "transport error" || text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a status, in short: the error's name, or whether another attempt may have another end.
    fn of(code: Code, message: &str) -> String {
        match Failure::of(&tonic::Status::new(code, message)) {
            Failure::Permanent(error) => format!("{error:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
            Failure::Transient { cause, sent } => {
                assert_eq!(cause, message);
                format!("again, sent: {sent}")
            }
            Failure::Compacted => "Compacted".to_owned(),
        }
    }

    #[test]
    fn each_status_is_what_it_means_for_the_next_attempt() {
        for (code, message, expected) in [
            (Code::PermissionDenied, "etcdserver: permission denied", "PermissionDenied"),
            (Code::Unauthenticated, "etcdserver: invalid auth token", "Unauthenticated"),
            (
                Code::InvalidArgument,
                "etcdserver: authentication failed, invalid user ID or password",
                "Unauthenticated",
            ),
            (Code::FailedPrecondition, "etcdserver: authentication is not enabled", "Unauthenticated"),
            (Code::InvalidArgument, "etcdserver: user name is empty", "Unauthenticated"),
            (Code::InvalidArgument, "etcdserver: revision of auth store is old", "again, sent: false"),
            (Code::NotFound, "etcdserver: requested lease not found", "LeaseNotFound"),
            (Code::NotFound, "etcdserver: something else", "Other"),
            (Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted", "Compacted"),
            (Code::InvalidArgument, "etcdserver: request is too large", "Other"),
            (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded", "Other"),
            (Code::ResourceExhausted, "etcdserver: too many requests", "again, sent: false"),
            (Code::Unavailable, "etcdserver: no leader", "again, sent: false"),
            (Code::FailedPrecondition, "etcdserver: not leader", "again, sent: false"),
            (Code::Unavailable, "etcdserver: not capable", "again, sent: false"),
            (Code::DataLoss, "etcdserver: corrupt cluster", "again, sent: false"),
            (Code::FailedPrecondition, "etcdserver: rpc not supported for learner", "again, sent: false"),
            (Code::Unavailable, "etcdserver: rpc not supported for learner", "again, sent: false"),
            (Code::Unavailable, "etcdserver: server stopped", "again, sent: true"),
            (Code::Unavailable, "etcdserver: request timed out", "again, sent: true"),
            (Code::Unavailable, "etcdserver: leader changed", "again, sent: true"),
            (Code::Unavailable, "etcdserver: unhealthy cluster", "again, sent: true"),
            (Code::FailedPrecondition, "etcdserver: not capable", "again, sent: false"),
            (Code::FailedPrecondition, "etcdserver: something else", "Other"),
            (Code::Unknown, "something", "again, sent: true"),
        ] {
            assert_eq!(of(code, message), expected, "{code:?}, {message}");
        }
    }

    #[test]
    fn a_request_to_nobody_was_not_sent() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
        let failure = runtime.block_on(async {
            // Nobody listens there.
            let channel = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
            crate::api::Client::over(channel, &crate::options::ClientBuilder::new::<&str>([])).status().await
        });
        let failure = Failure::of(&failure.expect_err("nobody is there"));
        let Failure::Transient { cause, sent } = failure else { panic!("{failure:?}") };
        assert!(!sent && cause.contains("refused"), "{cause}");
    }
}
