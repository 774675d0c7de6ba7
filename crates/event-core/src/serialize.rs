//! Values as what is present in them (feature `serde`).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::memory::{MemoryReader, MemoryValue, Ref, Snapshot};

/// As an `Option`: what is present, or none.
impl<T: Serialize> Serialize for MemoryValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().as_deref().serialize(serializer)
    }
}

/// As an `Option`: a value with that data, or without.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for MemoryValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or_else(Self::new, Self::with_value))
    }
}

/// As an `Option`: what is present, or none.
impl<T: Serialize> Serialize for MemoryReader<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().as_deref().serialize(serializer)
    }
}

/// As the data.
impl<T: Serialize> Serialize for Ref<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As the data.
impl<T: Serialize> Serialize for Snapshot<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
