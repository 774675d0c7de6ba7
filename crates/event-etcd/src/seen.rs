//! What a caller knows of a key before it writes there.

use crate::error::Error;

/// What was last seen of a key: that it does not exist, or the revision that wrote it.
///
/// [`compare_and_set`](crate::EtcdValue::compare_and_set) writes only if this is still so.
/// [`EtcdWatcher::seen`](crate::EtcdWatcher::seen) returns it for the last get, and [`Error::Conflict`] for what was found
/// instead. A revision that a write returned converts into it.
///
/// # Examples
///
/// ```no_run
/// use event_etcd::{EtcdClient, Seen};
///
/// # async fn example(client: EtcdClient) -> Result<(), event_etcd::Error> {
/// let leader = client.key("leader")?;
/// let revision = leader.compare_and_set(Seen::Absent, "node 7").await?; // only if there is none
/// leader.compare_and_set(revision, "node 7, ready").await?; // only if nobody has written since
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// The key does not exist.
    Absent,
    /// The key exists, and was last written at this revision of the cluster.
    Revision(i64),
}

impl Seen {
    /// What etcd calls the revision of a key: 0 if it does not exist.
    pub(crate) fn of_mod_revision(revision: i64) -> Self {
        if revision == 0 { Self::Absent } else { Self::Revision(revision) }
    }

    /// The other way. No key has a revision below 1, and 0 is not taken for one that does not exist.
    pub(crate) fn mod_revision(self) -> Result<i64, Error> {
        match self {
            Self::Absent => Ok(0),
            Self::Revision(revision) if revision > 0 => Ok(revision),
            Self::Revision(revision) => Err(Error::InvalidArgument(format!(
                "no key was written at revision {revision}; for a key that does not exist there is Seen::Absent"
            ))),
        }
    }
}

/// A revision that a write returned, or that a watcher has seen.
impl From<i64> for Seen {
    fn from(revision: i64) -> Self {
        Self::Revision(revision)
    }
}
