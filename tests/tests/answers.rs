//! What each kind of handle says of a value and of itself: how many there are of what, whether it is set, closed or the same one, and what
//! it looks like in a debugger's output. Every answer is asked for in two situations in which it differs.

use core::future::ready;
use core::task::Poll;

use event_core::{CasError, MemoryValue, MemoryWriter, SetError, SetSyncError, StateValue, Value};
use event_tests::by_hand::Task;

#[test]
fn every_handle_counts_watchers_readers_and_handles() {
    let value = MemoryValue::with_value(1);
    let (first, reader) = (value.watch(), value.reader());
    let counts = |value: &MemoryValue<i32>| {
        (value.watcher_count(), value.reader_count(), value.cached_reader_count(), value.handle_count())
    };
    assert_eq!(counts(&value), (1, 1, 0, 1));
    assert_eq!((first.watcher_count(), first.reader_count(), first.handle_count()), (1, 1, 1));
    assert_eq!((reader.watcher_count(), reader.reader_count(), reader.handle_count()), (1, 1, 1));
    let more = (first.clone(), reader.watch(), reader.clone(), value.reader(), value.clone(), value.clone());
    let cached = (value.cached(), reader.cached(), first.cached());
    assert_eq!(counts(&value), (3, 3, 3, 3));
    assert_eq!((first.watcher_count(), first.reader_count(), first.handle_count()), (3, 3, 3));
    assert_eq!((reader.watcher_count(), reader.reader_count(), reader.handle_count()), (3, 3, 3));
    drop((more, cached));
    assert_eq!(counts(&value), (1, 1, 0, 1));
    drop((first, reader));
    assert_eq!(counts(&value), (0, 0, 0, 1));
}

#[test]
fn a_value_that_was_never_used_counts_as_well() {
    let value = MemoryValue::<i32>::new();
    assert_eq!(
        (value.watcher_count(), value.reader_count(), value.cached_reader_count(), value.handle_count()),
        (0, 0, 0, 1)
    );
    assert!(!value.is_set() && !value.is_closed());
}

#[test]
fn a_state_counts_as_its_value_does() {
    let state = StateValue::new(1);
    assert_eq!((state.watcher_count(), state.reader_count(), state.handle_count()), (0, 0, 1));
    let others = (state.watch(), state.watch_changes(), state.reader(), state.reader(), state.clone());
    assert_eq!((state.watcher_count(), state.reader_count(), state.handle_count()), (2, 2, 2));
    drop(others);
    assert_eq!((state.watcher_count(), state.reader_count(), state.handle_count()), (0, 0, 1));
}

#[test]
fn a_writer_counts_and_says_whether_it_is_set() {
    let mut writer = MemoryWriter::new();
    assert_eq!(
        (writer.watcher_count(), writer.reader_count(), writer.is_set(), writer.is_closed()),
        (0, 0, false, false)
    );
    let others = (writer.watch(), writer.watch_changes(), writer.reader(), writer.reader());
    let version = writer.set(5);
    assert_eq!(
        (writer.watcher_count(), writer.reader_count(), writer.is_set(), writer.version()),
        (2, 2, true, version)
    );
    assert_eq!((writer.current(), writer.load(), writer.borrow().as_deref()), (Some(&5), Some(5), Some(&5)));
    drop(others);
    writer.close();
    assert_eq!((writer.watcher_count(), writer.reader_count(), writer.is_closed()), (0, 0, true));
}

#[test]
fn every_handle_says_whether_the_value_is_set_and_closed() {
    let value = MemoryValue::new();
    let (watcher, reader, cached) = (value.watch(), value.reader(), value.cached());
    assert!(!value.is_set() && !reader.is_set() && reader.load().is_none() && watcher.load().is_none());
    assert!(!value.is_closed() && !watcher.is_closed() && !reader.is_closed() && !cached.is_closed());
    assert!(!watcher.has_changed() && !cached.has_changed());
    let version = value.set(7);
    assert!(value.is_set() && reader.is_set());
    assert!(watcher.has_changed() && cached.has_changed());
    assert_eq!((value.load(), reader.load(), watcher.load()), (Some(7), Some(7), Some(7)));
    assert_eq!((value.version(), reader.version(), watcher.version()), (version, version, version));
    value.close();
    assert!(value.is_closed() && watcher.is_closed() && reader.is_closed() && cached.is_closed());
}

#[test]
fn a_state_is_open_until_it_is_closed() {
    let state = StateValue::new(1);
    assert!(!state.is_closed() && !state.reader().is_closed());
    assert_eq!((state.set_if_not_eq(1), state.set_if_not_eq(2), state.update(|n| *n += 1)), (false, true, true));
    assert_eq!((state.update_if(|_| false), state.update_if(|n| *n == 3)), (false, true));
    assert_eq!(state.swap(4).map(|before| *before), Some(3));
    Value::set(&state, 5);
    assert_eq!((state.load(), *state.borrow()), (5, 5));
    state.close();
    assert!(state.is_closed() && !state.set_if_not_eq(6) && !state.update(|n| *n += 1) && !state.update_if(|_| true));
    assert_eq!((state.load(), state.swap(7).is_some()), (5, false));
}

#[test]
fn handles_know_those_of_the_same_value() {
    let (value, other) = (MemoryValue::with_value(1), MemoryValue::with_value(1));
    assert!(value.same_value(&value.clone()) && !value.same_value(&other));
    assert!(value.watch().same_value(&value.watch()) && !value.watch().same_value(&other.watch()));
    assert!(value.reader().same_value(&value.reader()) && !value.reader().same_value(&other.reader()));
    assert!(value.downgrade().same_value(&value.downgrade()) && !value.downgrade().same_value(&other.downgrade()));
    let (state, other) = (StateValue::new(1), StateValue::new(1));
    assert!(state.same_value(&state.clone()) && !state.same_value(&other));
}

#[test]
fn what_is_made_of_data_has_it() {
    assert_eq!(MemoryValue::from(3).load(), Some(3));
    assert_eq!(MemoryWriter::from(3).load(), Some(3));
    assert_eq!(StateValue::from(3).load(), 3);
    assert_eq!(MemoryValue::with_reader_shards(2).load(), None::<i32>);
    assert!(!MemoryValue::<i32>::default().is_set() && !MemoryWriter::<i32>::default().is_set());
    assert_eq!(StateValue::<i32>::default().load(), 0);
}

#[test]
fn handles_look_like_what_they_are() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let said = format!("{value:?}");
    assert!(said.starts_with("MemoryValue {") && said.contains("set: false, closed: false, watchers: 1"), "{said}");
    value.set(5);
    let said = format!("{:?}", value.reader());
    assert!(said.starts_with("MemoryReader {") && said.contains("set: true, closed: false"), "{said}");
    let said = format!("{watcher:?}");
    assert!(said.starts_with("MemoryWatcher {") && said.contains("closed: false"), "{said}");
    assert!(said.contains("Cursor {") && said.contains("missed: 0"), "{said}");
    let said = format!("{:?}", value.cached());
    assert!(said.starts_with("CachedReader {") && said.contains("closed: false"), "{said}");
    assert!(format!("{:?}", value.downgrade()).starts_with("WeakValue"));
    let said = format!("{:?}", StateValue::new(1));
    assert!(said.starts_with("StateValue {") && said.contains("closed: false, watchers: 0"), "{said}");
    let said = format!("{:?}", MemoryWriter::with_value(1));
    assert!(said.starts_with("MemoryWriter {") && said.contains("set: true, closed: false, watchers: 0"), "{said}");
    for (said, name) in [
        (format!("{:?}", watcher.get_ref()), "GetRef"),
        (format!("{:?}", watcher.wait_for(|_| true)), "WaitFor"),
        (format!("{:?}", watcher.changed()), "Changed"),
        (format!("{:?}", watcher.wait_for_version(|_, _| true)), "WaitForVersion"),
        (format!("{:?}", value.closed()), "ValueState { awaited: "),
        (format!("{:?}", value.set_sync(6)), "SetSync { missing: "),
        (format!("{:?}", value.set_sync(6).until(ready(()))), "SetSyncUntil { set: SetSync {"),
    ] {
        assert!(said.starts_with(name), "{said}");
    }
}

#[test]
fn what_is_read_looks_like_the_data() {
    let value = MemoryValue::with_value("data");
    let borrowed = value.borrow().unwrap();
    assert_eq!(format!("{borrowed:?} {borrowed}"), "\"data\" data");
    let mapped = borrowed.map(|data| &data[1..]);
    assert_eq!(format!("{mapped:?} {mapped}"), "\"ata\" ata");
    let snapshot = value.borrow().unwrap().detach();
    assert_eq!(format!("{snapshot:?} {snapshot}"), "\"data\" data");
}

#[test]
fn errors_say_what_happened_and_not_the_data() {
    let said = |error: &dyn core::error::Error| format!("{error:?}: {error}");
    assert_eq!(said(&SetError::Closed(1)), "Closed(..): the value is closed");
    assert_eq!(
        said(&SetError::Full(1)),
        "Full(..): the value's space has no free slot: too many replaced versions are borrowed"
    );
    assert_eq!(said(&CasError::Closed(1)), "Closed(..): the value is closed");
    assert_eq!(said(&CasError::Conflict(1)), "Conflict(..): the value was set since that version was seen");
    assert_eq!(said(&SetSyncError::Closed(1)), "Closed(..): the value is closed");
    let said = said(&SetSyncError::NotPublished(1));
    assert!(said.starts_with("NotPublished(..): nothing was set"), "{said}");
    let value = MemoryValue::with_value(1);
    let mut watchers = vec![value.watch(), value.watch()];
    for (count, words) in [(2, "2 watchers have not"), (1, "1 watcher has not")] {
        watchers.truncate(count);
        let Poll::Ready(Err(error)) = Task::new().poll(value.set_sync(2).until(ready(()))) else {
            panic!("its time is up, and nobody has looked");
        };
        assert!(matches!(error, SetSyncError::NotSeen { missing, .. } if missing == count));
        let said = format!("{error:?}: {error}");
        assert!(said.starts_with("NotSeen {") && said.contains(words), "{said}");
    }
}
