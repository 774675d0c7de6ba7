//! Lists what is stored in a range, in pages of one revision.

use crate::api::{self, RangeRequest};
use crate::error::Failure;
use crate::inbox::Stored;
use crate::members::Members;
use crate::range::KeyRange;

/// So many keys are asked for at once. With etcd's limit of 1.5 MiB for a value, a page can still be large; with usual
/// values it is some hundred kilobytes.
const PAGE: i64 = 500;

/// Everything that was present at one revision.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) revision: i64,
    pub(crate) present: Vec<(Vec<u8>, Stored)>,
}

/// Lists a range. The first page is linearizable: it holds all that was written before.
pub(crate) async fn list(members: &Members, range: &KeyRange) -> Result<Listing, Failure> {
    let mut listing = Listing { revision: 0, present: Vec::new() };
    let mut start = range.start().to_vec();
    loop {
        let (revision, end) = (listing.revision, range.end().to_vec());
        let page = members
            .ask(|client| async move {
                let page =
                    RangeRequest { key: start, range_end: end, limit: PAGE, revision, ..RangeRequest::default() };
                client.range(page).await
            })
            .await?;
        if revision == 0 {
            listing.revision = api::revision(page.header.as_ref());
        }
        let pairs = page
            .kvs
            .into_iter()
            .map(|pair| (pair.key, Stored { bytes: pair.value.into(), mod_revision: pair.mod_revision }));
        listing.present.extend(pairs);
        let Some((last, _)) = listing.present.last().filter(|_| page.more) else {
            return Ok(listing);
        };
        // The key that comes right after the last one.
        start = last.clone();
        start.push(0);
    }
}
