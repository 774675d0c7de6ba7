//! Values as what is present in them.

#![cfg(feature = "serde")]

use event_core::MemoryValue;

#[test]
fn a_value_serialises_as_its_present_data() {
    let value = MemoryValue::with_value(vec![1, 2]);
    assert_eq!(serde_json::to_string(&value).unwrap(), "[1,2]");
    assert_eq!(serde_json::to_string(&value.reader()).unwrap(), "[1,2]");
    let borrowed = value.borrow().unwrap();
    assert_eq!(serde_json::to_string(&borrowed).unwrap(), "[1,2]");
    assert_eq!(serde_json::to_string(&borrowed.detach()).unwrap(), "[1,2]");
    value.clear();
    assert_eq!(serde_json::to_string(&value).unwrap(), "null");
}

#[test]
fn a_value_is_made_with_or_without_data() {
    let value: MemoryValue<Vec<u8>> = serde_json::from_str("[3]").unwrap();
    assert_eq!(value.load(), Some(vec![3]));
    let empty: MemoryValue<Vec<u8>> = serde_json::from_str("null").unwrap();
    assert!(!empty.is_set());
    assert!(serde_json::from_str::<MemoryValue<Vec<u8>>>("{}").is_err());
}
