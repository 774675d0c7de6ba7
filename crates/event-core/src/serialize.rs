//! A value serialises as its current data (feature `serde`).

#[cfg(feature = "alloc")]
use serde::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use crate::memory::{MappedRef, MemoryReader, MemoryValue, Ref, Snapshot, StateValue};

/// As an `Option`: the current data, or none.
impl<T: Serialize> Serialize for MemoryValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().as_deref().serialize(serializer)
    }
}

/// As an `Option`: a value with that data, or without.
#[cfg(feature = "alloc")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for MemoryValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or_else(Self::new, Self::with_value))
    }
}

/// As an `Option`: the current data, or none.
impl<T: Serialize> Serialize for MemoryReader<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().as_deref().serialize(serializer)
    }
}

/// As the data.
impl<T: Serialize> Serialize for StateValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().serialize(serializer)
    }
}

/// As the data.
#[cfg(feature = "alloc")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for StateValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// As the data.
impl<T: Serialize> Serialize for Ref<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As the part.
impl<T: Serialize + ?Sized> Serialize for MappedRef<'_, T> {
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

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use crate::{MemoryValue, StateValue};

    #[test]
    fn a_value_serialises_as_its_present_data() {
        let value = MemoryValue::with_value(vec![1, 2]);
        assert_eq!(serde_json::to_string(&value).unwrap(), "[1,2]");
        assert_eq!(serde_json::to_string(&value.reader()).unwrap(), "[1,2]");
        let borrowed = value.borrow().unwrap();
        assert_eq!(serde_json::to_string(&borrowed).unwrap(), "[1,2]");
        assert_eq!(serde_json::to_string(&borrowed.map(|data| &data[0])).unwrap(), "1");
        assert_eq!(serde_json::to_string(&value.borrow().unwrap().detach()).unwrap(), "[1,2]");
        value.clear();
        assert_eq!(serde_json::to_string(&value).unwrap(), "null");
    }

    #[test]
    fn a_state_is_its_data() {
        let state: StateValue<Vec<u8>> = serde_json::from_str("[3]").unwrap();
        assert_eq!(state.load(), [3]);
        assert_eq!(serde_json::to_string(&state).unwrap(), "[3]");
        assert!(serde_json::from_str::<StateValue<Vec<u8>>>("null").is_err());
    }

    #[test]
    fn a_value_is_made_with_or_without_data() {
        let value: MemoryValue<Vec<u8>> = serde_json::from_str("[3]").unwrap();
        assert_eq!(value.load(), Some(vec![3]));
        let empty: MemoryValue<Vec<u8>> = serde_json::from_str("null").unwrap();
        assert!(!empty.is_set());
        assert!(serde_json::from_str::<MemoryValue<Vec<u8>>>("{}").is_err());
    }
}
