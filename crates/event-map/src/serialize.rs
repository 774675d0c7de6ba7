//! Maps as maps (feature `serde`).

use core::fmt;
use core::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::map::MemoryMap;
use crate::reader::MapReader;
use crate::snapshot::MapSnapshot;

/// As a map, in the order of keys.
impl<K: Ord + Serialize, V: Serialize> Serialize for MapSnapshot<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

/// As its snapshot.
impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Serialize for MemoryMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.snapshot().serialize(serializer)
    }
}

/// As its snapshot.
impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Serialize for MapReader<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.snapshot().serialize(serializer)
    }
}

/// From a map. If a key comes twice, the last one counts.
impl<'de, K, V> Deserialize<'de> for MemoryMap<K, V>
where
    K: Ord + Clone + Deserialize<'de>,
    V: Clone + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = alloc::vec::Vec<(K, V)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = alloc::vec::Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Entries(PhantomData)).map(|entries| entries.into_iter().collect())
    }
}

/// From a map, as [`MemoryMap`].
impl<'de, K, V> Deserialize<'de> for MapSnapshot<K, V>
where
    K: Ord + Clone + Deserialize<'de>,
    V: Clone + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MemoryMap::deserialize(deserializer).map(|map| map.snapshot())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::{MapSnapshot, MemoryMap};

    #[test]
    fn a_map_serialises_as_a_map_in_the_order_of_keys() {
        let map = MemoryMap::from([("b", 2), ("a", 1)]);
        assert_eq!(serde_json::to_string(&map.snapshot()).unwrap(), r#"{"a":1,"b":2}"#);
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":1,"b":2}"#);
        assert_eq!(serde_json::to_string(&map.reader()).unwrap(), r#"{"a":1,"b":2}"#);
        assert_eq!(serde_json::to_string(&MemoryMap::<u8, u8>::new()).unwrap(), "{}");
    }

    #[test]
    fn a_map_is_made_of_a_map() {
        let snapshot: MapSnapshot<&str, u8> = serde_json::from_str(r#"{"b":2,"a":1,"b":3}"#).unwrap();
        assert_eq!(snapshot.iter().collect::<Vec<_>>(), [(&"a", &1), (&"b", &3)]);
        assert!(serde_json::from_str::<MemoryMap<&str, u8>>("[]").is_err());
    }
}
