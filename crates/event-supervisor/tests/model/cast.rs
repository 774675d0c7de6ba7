//! Random trees.

use std::time::Duration;

use event_supervisor::Signal;

use super::reference::GRACE;
use crate::support::{Command, How, Journal, OnCancel, Puppet, Random};

/// Makes runnables.
#[derive(Debug)]
pub(crate) struct Cast {
    journal: Journal,
    /// Whether what happens may depend on the order in which a group is started.
    pub(crate) may_race: bool,
    /// So many more can be made at the start of others, so that trees stay small.
    left: u64,
    made: u64,
}

impl Cast {
    pub(crate) fn new(journal: &Journal, may_race: bool) -> Self {
        Self { journal: journal.clone(), may_race, left: 24, made: 0 }
    }

    /// A runnable that starts others, for so many generations.
    pub(crate) fn root(&mut self, random: &mut Random) -> Puppet {
        self.puppet(random, "root".to_owned(), 3, Role::Any)
    }

    /// A group, of which each name is new.
    pub(crate) fn group(&mut self, random: &mut Random, generations: u64) -> Vec<Puppet> {
        let size = 1 + random.below(3);
        // When one dies at once, what the others do until they are cancelled depends on who is first.
        let dies = random.one_in(6).then(|| random.below(size));
        let members = (0..size).map(|number| {
            self.made += 1;
            self.left = self.left.saturating_sub(1);
            let name = format!("{}{}", ["x", "y", "z"][number as usize], self.made);
            let role = match dies {
                Some(dies) if dies == number => Role::DiesAtOnce,
                Some(_) if !self.may_race => Role::Plain,
                _ => Role::Any,
            };
            self.puppet(random, name, generations, role)
        });
        members.collect()
    }

    fn puppet(&mut self, random: &mut Random, name: String, generations: u64, role: Role) -> Puppet {
        let mut puppet = Puppet::new(&self.journal, name).on_cancel(on_cancel(random));
        if random.one_in(3) {
            puppet = puppet.ordered();
        }
        if random.one_in(3) {
            // When the parent of one that dies at once dies as well, what the others do depends on who is first.
            let deaths = u64::from(!self.may_race) + random.below(3);
            puppet = puppet.limit(deaths as u32, Duration::from_secs(1 + random.below(60)));
        }
        if !matches!(role, Role::Plain) && random.one_in(2) {
            puppet = puppet.healthy();
        }
        let groups = match role {
            Role::Plain => 0,
            // Of several groups that have not begun, the last one is told to end: the others may begin.
            Role::DiesAtOnce if !self.may_race => random.below(2),
            _ => random.below(3),
        };
        for _ in 0..groups {
            if generations > 0 && self.left > 0 {
                puppet = puppet.runs(&self.group(random, generations - 1));
            }
        }
        match role {
            Role::DiesAtOnce => puppet.ending_first(how(random)),
            Role::Any if random.one_in(12) => puppet.done(),
            _ => puppet,
        }
    }

    /// What to tell somebody.
    pub(crate) fn command(&mut self, random: &mut Random) -> Command {
        match random.below(12) {
            0..4 => Command::Signal(Signal::Healthy),
            4 | 5 => Command::Signal(Signal::Done),
            6 | 7 => {
                let generations = random.below(3);
                Command::Run(self.group(random, generations))
            }
            _ => Command::End(how(random)),
        }
    }
}

/// What is special about a runnable.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// It dies in its first poll, once.
    DiesAtOnce,
    /// It does nothing.
    Plain,
    Any,
}

fn how(random: &mut Random) -> How {
    *random.pick(&How::deaths()).expect("there are some")
}

fn on_cancel(random: &mut Random) -> OnCancel {
    // To the nanosecond, so that nothing else happens at that time.
    let grace = GRACE.as_nanos() as u64;
    match random.below(12) {
        0 => OnCancel::Ignore,
        1 => OnCancel::After(Duration::from_nanos(grace + 1 + random.below(grace)), how(random)),
        2..5 => OnCancel::After(Duration::from_nanos(1 + random.below(grace - 1)), how(random)),
        5..7 => OnCancel::End(how(random)),
        _ => OnCancel::End(How::Ok),
    }
}
