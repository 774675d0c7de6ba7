//! Lists what is stored in a range: all of it, in pages of one revision, or what has changed since a revision.

use tokio::time::sleep;

use crate::api::{self, RangeRequest, RangeResponse};
use crate::error::Failure;
use crate::members::Members;
use crate::pauses::Pauses;
use crate::range::KeyRange;
use crate::store::Answer;

/// How many keys the first page has. With etcd's limit of 1.5 MiB for a value it can still be large; with usual values it is
/// some hundred kilobytes. It shows how large the others may be.
const FIRST_PAGE: i64 = 500;

/// About how many bytes a page has after the first.
const PAGE_BYTES: i64 = 4 << 20;

/// By how much pages grow when a list was overtaken by a compaction.
const GROWTH: i64 = 4;

/// If more keys than this were written since a revision, all of them are listed in pages.
const MOST_WRITTEN: i64 = 5_000;

/// Lists a range. The first page is linearizable: it holds all that was written before.
pub(crate) async fn list_all(members: &Members, range: &KeyRange) -> Result<Answer, Failure> {
    let mut pauses = Pauses::new(members.options().max_pause);
    let (mut first_page, mut page_bytes) = (FIRST_PAGE, PAGE_BYTES);
    loop {
        match list_in_pages(members, range, first_page, page_bytes).await {
            // The revision of the first page was compacted before the last one was asked for. Larger pages need less time
            // in all, and one that holds everything cannot be overtaken.
            Err(Failure::Compacted) => {
                sleep(pauses.next()).await;
                first_page = first_page.saturating_mul(GROWTH);
                page_bytes = page_bytes.saturating_mul(GROWTH);
            }
            done => return done,
        }
    }
}

async fn list_in_pages(
    members: &Members,
    range: &KeyRange,
    first_page: i64,
    page_bytes: i64,
) -> Result<Answer, Failure> {
    let (mut revision, mut stored) = (0, Vec::new());
    let (mut start, mut limit) = (range.start().to_vec(), first_page);
    loop {
        let request =
            RangeRequest { key: start, range_end: range.end().to_vec(), limit, revision, ..RangeRequest::default() };
        let page = ask(members, request).await?;
        if revision == 0 {
            revision = api::revision(page.header.as_ref());
            stored.reserve_exact(usize::try_from(page.count).unwrap_or_default().max(page.kvs.len()));
        }
        let bytes: usize = page.kvs.iter().map(|pair| pair.key.len() + pair.value.len()).sum();
        let keys = i64::try_from(page.kvs.len()).unwrap_or(i64::MAX);
        limit = limit.max((page_bytes / average(bytes, keys)).max(1));
        stored.extend(page.kvs);
        let Some(last) = stored.last().filter(|_| page.more) else {
            return Ok(Answer::All { revision, stored });
        };
        // The key that comes right after the last one.
        start = [&*last.key, &[0]].concat();
    }
}

fn average(bytes: usize, keys: i64) -> i64 {
    (i64::try_from(bytes).unwrap_or(i64::MAX) / keys.max(1)).max(1)
}

/// Lists what was written after a revision. It is linearizable, and needs no revision that may be compacted.
pub(crate) async fn list_since(members: &Members, range: &KeyRange, known: i64) -> Result<Answer, Failure> {
    let request = RangeRequest {
        key: range.start().to_vec(),
        range_end: range.end().to_vec(),
        limit: MOST_WRITTEN,
        min_mod_revision: known.saturating_add(1),
        ..RangeRequest::default()
    };
    let page = ask(members, request).await?;
    Ok(Answer::Since {
        revision: api::revision(page.header.as_ref()),
        written: (!page.more).then_some(page.kvs),
        count: page.count,
    })
}

async fn ask(members: &Members, request: RangeRequest) -> Result<RangeResponse, Failure> {
    members.ask(|client| async move { client.range(request).await }).await
}
