//! Eight watchers, of keys, a range and a prefix, fast and slow, which are now and then replaced.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use event_etcd::{EtcdClient, EtcdValue, Status};

use crate::random::Random;
use crate::support::{Item, Record};
use crate::support::{PATIENCE, Recorder, connect, key, prefix, text};

/// The watchers, on two clients.
#[derive(Debug)]
pub(crate) struct Watchers {
    watchers: Vec<Watching>,
    /// What those gave who are gone.
    given: usize,
}

#[derive(Debug)]
struct Watching {
    value: EtcdValue<Item>,
    /// The keys: from, and up to but not including.
    keys: (&'static str, &'static str),
    /// How long it rests after a get.
    rest: Duration,
    recorder: Recorder,
}

impl Watchers {
    pub(crate) async fn start(endpoints: &[String]) -> Self {
        let one = connect(endpoints).await;
        let other = connect(endpoints.iter().rev()).await;
        let slowly = Duration::from_millis(150);
        let range = |client: &EtcdClient| {
            let range = EtcdValue::builder(client).range("s/05".."s/15").decoder(text);
            (range.build().expect("a range"), ("s/05", "s/15"))
        };
        let all = |client: &EtcdClient| (prefix(client, "s/"), ("s/", "s0"));
        let watchers = [
            (key(&one, "s/00"), ("s/00", "s/01"), Duration::ZERO),
            (key(&one, "s/07"), ("s/07", "s/08"), slowly),
            (key(&other, "s/07"), ("s/07", "s/08"), Duration::ZERO),
            (range(&one).0, range(&one).1, Duration::ZERO),
            (range(&other).0, range(&other).1, slowly),
            (all(&one).0, all(&one).1, slowly),
            (all(&one).0, all(&one).1, Duration::ZERO),
            (all(&other).0, all(&other).1, Duration::ZERO),
        ];
        let watchers = watchers.map(|(value, keys, rest)| {
            let recorder = Recorder::resume(value.watch(), Record::default(), rest);
            Watching { value, keys, rest, recorder }
        });
        Self { watchers: watchers.into(), given: 0 }
    }

    /// Replaces one of them by a new one, by a clone, or by itself after its get was cancelled; or none.
    pub(crate) async fn replace_one(&mut self, random: &mut Random) {
        let (place, kind) = (random.below(self.watchers.len()), random.below(4));
        if kind == 0 {
            return;
        }
        let Watching { value, keys, rest, recorder } = self.watchers.remove(place);
        recorder.assert_faultless();
        let (watcher, record) = recorder.stop().await;
        let recorder = match kind {
            1 => {
                self.given += record.items();
                Recorder::resume(value.watch(), Record::default(), rest)
            }
            2 => Recorder::resume(watcher.clone(), record, rest),
            _ => Recorder::resume(watcher, record, rest),
        };
        self.watchers.insert(place, Watching { value, keys, rest, recorder });
    }

    pub(crate) fn assert_faultless(&self) {
        self.watchers.iter().for_each(|watching| watching.recorder.assert_faultless());
    }

    /// Waits until all have what is stored and know that they do, and says how much they were given. What is stored is asked
    /// for again and again: a write that was not answered may be done yet.
    pub(crate) async fn agree(self, stored: impl Fn() -> BTreeMap<String, String>) -> usize {
        let begun = Instant::now();
        loop {
            self.assert_faultless();
            let stored = stored();
            let differing = self.watchers.iter().find(|watching| !watching.knows(&stored));
            let Some(differing) = differing else { break };
            let states = differing.recorder.status.all();
            let end = &states[states.len().saturating_sub(20)..];
            assert!(
                begun.elapsed() < PATIENCE,
                "stored is {stored:?}, but the watcher of {:?} was given {:?}, through {end:?}",
                differing.keys,
                differing.recorder.map(),
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.given + self.watchers.iter().map(|watching| watching.recorder.items().len()).sum::<usize>()
    }
}

impl Watching {
    fn knows(&self, stored: &BTreeMap<String, String>) -> bool {
        let (start, end) = self.keys;
        let mine = stored.range(start.to_owned()..end.to_owned()).map(|(key, data)| (key.clone(), data.clone()));
        self.recorder.map() == mine.collect() && self.recorder.status.all().last().is_some_and(Status::is_synced)
    }
}
