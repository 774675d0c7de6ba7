//! The steps that change a value.

use event_core::CasError;
use event_tests::census::Citizen;

use super::{World, make_room};
use crate::model::News;
use crate::step::Step;

impl World {
    pub(super) fn change(&mut self, number: usize, step: Step) {
        let (which, handle) = &self.handles[number];
        let (which, value) = (*which, &mut self.values[*which]);
        let citizen = |data: u8| self.census.citizen(data.into());
        let (before, version_before) = (value.data, value.version);
        let mut held = None;
        let news = match step {
            Step::Set { data, .. } => {
                let news = value.set(data.into());
                match handle.try_set(citizen(data)) {
                    Ok(version) => assert_eq!((version.as_u64(), &news), (value.version, &News::Wakes)),
                    Err(error) => assert_eq!((error.into_inner().data(), &news), (u64::from(data), &News::Nothing)),
                }
                news
            }
            Step::Replace { data, .. } => {
                let news = value.set(data.into());
                let expected = before.filter(|_| news == News::Wakes);
                assert_eq!(handle.replace(citizen(data)).map(|old| old.data()), expected);
                news
            }
            Step::SetIfNotEq { data, .. } => {
                let news = if before == Some(data.into()) { News::Nothing } else { value.set(data.into()) };
                assert_eq!(handle.set_if_not_eq(citizen(data)), news == News::Wakes);
                news
            }
            Step::Update { add, go, .. } => {
                let sum = |data: u64| (data + u64::from(add)) % 8;
                let news = before.filter(|_| go).map_or(News::Nothing, |data| value.set(sum(data)));
                let real = |data: &mut Citizen| {
                    *data = self.census.citizen(sum(data.data()));
                    go
                };
                assert_eq!(handle.update_if(real), news == News::Wakes);
                news
            }
            Step::CompareAndSet { right, data, .. } => {
                let seen = handle.version();
                // A version that is not present: that of another value, unless it happens to be the same.
                let wrong = self.readers.borrow()[(which + 1) % self.weak.len()].version();
                let version = if right { seen } else { wrong };
                let right = version == seen;
                let closed = value.closed;
                let news = if right { value.set(data.into()) } else { News::Nothing };
                match handle.compare_and_set(version, citizen(data)) {
                    Ok(version) => assert_eq!((version.as_u64(), &news), (value.version, &News::Wakes)),
                    Err(CasError::Closed(_)) => assert!(closed),
                    Err(_) => assert!(!closed && !right),
                }
                news
            }
            Step::Transition { add, go, .. } => {
                let sum = |data: u64| (data + u64::from(add)) % 8;
                let news = if go { value.set(before.map_or(0, sum)) } else { News::Nothing };
                let (old, version) = handle.transition(|data| {
                    let old = data.map(Citizen::data);
                    (go.then(|| self.census.citizen(old.map_or(0, sum))), old)
                });
                assert_eq!((old, version.is_some()), (before, news == News::Wakes));
                news
            }
            Step::UpdateOr { data, .. } => {
                let news = value.set(before.map_or(data.into(), |data| (data + 1) % 8));
                let version = handle.update_or(
                    || self.census.citizen(data.into()),
                    |data| *data = self.census.citizen((data.data() + 1) % 8),
                );
                assert_eq!(version.as_u64(), value.version);
                news
            }
            Step::Swap { data, keep, .. } => {
                let news = value.set(data.into());
                let old = handle.swap(citizen(data));
                let expected = before.filter(|_| news == News::Wakes).map(|data| (version_before, data));
                assert_eq!(old.as_ref().map(|old| (old.version().as_u64(), old.data())), expected);
                held = old.filter(|_| keep);
                news
            }
            Step::Clear { .. } => {
                value.clear();
                handle.clear();
                News::Nothing
            }
            Step::Close { .. } => {
                let news = value.close();
                handle.close();
                news
            }
            _ => unreachable!("the caller does the others"),
        };
        if let Some(snapshot) = held {
            make_room(&mut self.snapshots);
            self.snapshots.push((which, version_before, snapshot.data(), snapshot));
        }
        self.spread(which, &news);
    }
}
