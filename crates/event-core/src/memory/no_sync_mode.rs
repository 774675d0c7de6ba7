//! Without a heap no value can be put into sync mode.

use super::shared::Shared;
use crate::version::Version;
use crate::wakers::PlaceId;

pub(super) enum SyncMode {}

impl SyncMode {
    pub(super) fn seen<T>(&self, _: &Shared<T>, _: PlaceId, _: Version) {
        match *self {}
    }

    pub(super) fn owes_nothing<T>(&self, _: &Shared<T>, _: PlaceId) {
        match *self {}
    }

    pub(super) fn moved<T>(&self, _: &Shared<T>, _: PlaceId, _: PlaceId) {
        match *self {}
    }
}
