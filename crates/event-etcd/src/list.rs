//! Lists what is stored in a range, in pages of one revision.

use etcd_client::GetOptions;

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
        let mut page = members
            .ask(|client| async move {
                let mut options = GetOptions::new().with_limit(PAGE).with_revision(revision);
                if !end.is_empty() {
                    options = options.with_range(end);
                }
                client.kv_client().max_decoding_message_size(usize::MAX).get(start, Some(options)).await
            })
            .await?;
        if revision == 0 {
            listing.revision = page.header().map_or(0, etcd_client::ResponseHeader::revision);
        }
        let more = page.more();
        let pairs = page.take_kvs().into_iter().map(|pair| {
            let mod_revision = pair.mod_revision();
            let (key, bytes) = pair.into_key_value();
            (key, Stored { bytes: bytes.into(), mod_revision })
        });
        listing.present.extend(pairs);
        let Some((last, _)) = listing.present.last().filter(|_| more) else {
            return Ok(listing);
        };
        // The key that comes right after the last one.
        start = last.clone();
        start.push(0);
    }
}
