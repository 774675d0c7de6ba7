//! The rules, said as plainly as it can be: one thing after the other, nothing at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use event_supervisor::{NodeStatus, Signal, State, Tree};

use crate::support::{Command, How, OnCancel, Puppet};

/// Not a multiple of anything else, so that hardly ever two things happen at the same time.
pub(crate) const GRACE: Duration = Duration::from_nanos(4_871_236_597);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(60);
const HEALTHY_PERIOD: Duration = Duration::from_secs(60);

/// A tree.
#[derive(Debug)]
pub(crate) struct Reference {
    now: Duration,
    /// By path.
    nodes: BTreeMap<String, Node>,
    /// The first one is that of the root.
    groups: Vec<Group>,
    /// How often each runnable was started, those that are forgotten included.
    runs: BTreeMap<String, u64>,
    is_ambiguous: bool,
}

#[derive(Debug)]
struct Node {
    puppet: Puppet,
    status: Status,
    body: Body,
    /// It can start nothing any more, and is not heard.
    closed: bool,
    /// It has to end.
    ending: bool,
    /// It has died, or a group of it has died too often.
    dead: bool,
    /// Its run and its children have.
    ended: bool,
    /// Its groups end one after the other.
    ordered: bool,
    limit: Option<(u32, Duration)>,
    /// Those that have not ended for good, in the order of their start.
    groups: Vec<usize>,
}

/// What the tree says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    state: State,
    restarts: u64,
    restart_in: Option<Duration>,
    overdue: bool,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    NotYet,
    Running,
    /// It was told to end, and will do so by itself, or else be dropped at that time.
    Told {
        ends: Option<(Duration, How)>,
        dropped: Duration,
    },
    Dead,
    Done,
    /// It has ended because it was cancelled, with a panic or without.
    Cancelled {
        panic: Option<How>,
    },
}

#[derive(Debug)]
struct Group {
    members: Vec<String>,
    /// `None`: it is the root.
    parent: Option<String>,
    phase: Phase,
    /// It was told to end for good.
    stop: bool,
    /// It shall start again without a delay.
    restarts: bool,
    /// When it died.
    deaths: Vec<Duration>,
    /// So many delays since the last reset.
    delays: u32,
    healthy_since: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Spawned,
    Live,
    /// Somebody has died, or it was told to end.
    Closing,
    Resting {
        until: Duration,
    },
    Gone,
}

impl Reference {
    pub(crate) fn new(root: &Puppet) -> Self {
        let (nodes, groups, runs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let mut this = Self { now: Duration::ZERO, nodes, groups, runs, is_ambiguous: false };
        this.spawn(None, vec![(root.name().to_owned(), root.clone())]);
        this.settle();
        this
    }

    fn spawn(&mut self, parent: Option<&str>, members: Vec<(String, Puppet)>) -> usize {
        let paths = members.iter().map(|(path, _)| path.clone()).collect();
        self.groups.push(Group {
            members: paths,
            parent: parent.map(str::to_owned),
            phase: Phase::Spawned,
            stop: false,
            restarts: false,
            deaths: Vec::new(),
            delays: 0,
            healthy_since: None,
        });
        for (path, puppet) in members {
            let status = Status { state: State::New, restarts: 0, restart_in: None, overdue: false, last_error: None };
            let node = Node {
                puppet,
                status,
                body: Body::NotYet,
                closed: false,
                ending: false,
                dead: false,
                ended: false,
                ordered: false,
                limit: None,
                groups: Vec::new(),
            };
            self.nodes.insert(path, node);
        }
        self.groups.len() - 1
    }

    fn node(&mut self, path: &str) -> &mut Node {
        self.nodes.get_mut(path).unwrap_or_else(|| panic!("the reference knows no {path}"))
    }

    /// The runnable does this now.
    pub(crate) fn does(&mut self, path: &str, command: &Command) {
        self.obey(path, command);
        self.settle();
    }

    /// Somebody controls it from outside.
    pub(crate) fn controls(&mut self, control: impl FnOnce(&mut Self)) {
        control(self);
        self.settle();
    }

    /// The whole tree is told to end.
    pub(crate) fn stop(&mut self) {
        self.groups[0].stop = true;
        self.settle();
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, to: Duration) {
        loop {
            let (restart, reset, end) = self.next_timers();
            let Some(next) = [restart, reset, end].into_iter().flatten().min().filter(|next| *next <= to) else {
                break;
            };
            // The end of one may be the end of the other, if it is first.
            self.is_ambiguous |= restart.is_some() && restart == end;
            // So may be the end of two, of which one lets a group start again without a delay.
            let ends_now = |node: &&Node| match node.body {
                Body::Told { ends, dropped } => ends.map_or(dropped, |(at, _)| at.min(dropped)) == next,
                _ => false,
            };
            let restarts = self.groups.iter().any(|group| group.restarts && group.phase == Phase::Closing);
            self.is_ambiguous |= restarts && self.nodes.values().filter(ends_now).nth(1).is_some();
            self.now = next;
            self.settle();
        }
        self.now = to;
    }

    /// When the next group is restarted, is healthy for long enough, and when the next runnable ends.
    fn next_timers(&self) -> (Option<Duration>, Option<Duration>, Option<Duration>) {
        let restart = |group: &Group| match group.phase {
            Phase::Resting { until } => Some(until),
            _ => None,
        };
        let reset = |group: &Group| match group.phase {
            Phase::Live => group.healthy_since.map(|since| since + HEALTHY_PERIOD).filter(|reset| *reset > self.now),
            _ => None,
        };
        let end = |node: &Node| match node.body {
            Body::Told { ends, dropped } => Some(ends.map_or(dropped, |(at, _)| at.min(dropped))),
            _ => None,
        };
        (
            self.groups.iter().filter_map(restart).min(),
            self.groups.iter().filter_map(reset).min(),
            self.nodes.values().filter_map(end).min(),
        )
    }

    fn obey(&mut self, path: &str, command: &Command) {
        let node = self.node(path);
        if !matches!(node.body, Body::Running | Body::Told { .. }) {
            return;
        }
        match command {
            Command::Ordered | Command::Limit(..) if node.closed => {}
            Command::Ordered => node.ordered = true,
            Command::Limit(deaths, window) => node.limit = Some((*deaths, *window)),
            Command::Cancel(name) => self.cancel(&format!("{path}.{name}")),
            Command::Restart(name) => self.restart(&format!("{path}.{name}")),
            Command::Signal(_) if node.closed => {}
            Command::Signal(Signal::Healthy) if node.status.state == State::New => node.status.state = State::Healthy,
            Command::Signal(Signal::Healthy) => {}
            Command::Signal(Signal::Done) => node.status.state = State::Done,
            // It dies of the error.
            Command::Run(_) if node.closed => self.end(path, How::Err),
            Command::Run(group) => {
                let members = group.iter().map(|puppet| (format!("{path}.{}", puppet.name()), puppet.clone()));
                let group = self.spawn(Some(path), members.collect());
                self.node(path).groups.push(group);
            }
            Command::End(how) => self.end(path, *how),
        }
    }

    /// The group of the runnable is told to end, unless it has ended for good.
    pub(crate) fn cancel(&mut self, path: &str) {
        if let Some(group) = self.group(path) {
            self.groups[group].stop = true;
        }
    }

    /// The group of the runnable is started again, unless it has ended for good or shall.
    pub(crate) fn restart(&mut self, path: &str) {
        let now = self.now;
        let Some(group) = self.group(path).map(|group| &mut self.groups[group]).filter(|group| !group.stop) else {
            return;
        };
        match &mut group.phase {
            Phase::Resting { until } => *until = now,
            Phase::Live => (group.phase, group.restarts) = (Phase::Closing, true),
            _ => group.restarts = true,
        }
    }

    fn group(&self, path: &str) -> Option<usize> {
        let is_it = |group: &Group| group.phase != Phase::Gone && group.members.iter().any(|member| member == path);
        // One that is forgotten was told to end with its parent.
        self.groups.iter().rposition(is_it).filter(|_| self.nodes.contains_key(path))
    }

    /// Somebody dies of this.
    fn die(&mut self, path: &str, error: &str) {
        let node = self.node(path);
        (node.dead, node.status.state, node.status.last_error) = (true, State::Dead, Some(error.to_owned()));
        let Some(number) = self.group(path).filter(|group| self.groups[*group].phase == Phase::Live) else { return };
        self.groups[number].phase = Phase::Closing;
        let parent = self.groups[number].parent.clone();
        let limit = parent.as_ref().and_then(|parent| self.nodes[parent].limit);
        let Some((most, window)) = limit else { return };
        let (now, group) = (self.now, &mut self.groups[number]);
        group.deaths.retain(|death| *death + window > now);
        group.deaths.push(now);
        let deaths = group.deaths.len();
        if deaths > most as usize {
            group.stop = true;
            let times = if deaths == 1 { "once".to_owned() } else { format!("{deaths} times") };
            let window = window.as_secs();
            let error = format!("{path} died {times} within {window}s, at last of this: {error}");
            match parent {
                Some(parent) if !self.node(&parent).ending => self.die(&parent, &error),
                _ => {}
            }
        }
    }

    fn end(&mut self, path: &str, how: How) {
        let parent = self.group(path).and_then(|group| self.groups[group].parent.clone());
        let is_last = parent.is_some_and(|parent| self.nodes[&parent].ending);
        let node = self.node(path);
        if !node.ending && is_last && how == How::Ok && node.status.state != State::Done {
            (node.body, node.closed) = (Body::Cancelled { panic: None }, true);
            return self.cancel(path);
        }
        if node.ending || node.closed {
            node.body = Body::Cancelled { panic: how.is_panic().then_some(how) };
        } else if how == How::Ok && node.status.state == State::Done {
            node.body = Body::Done;
        } else {
            (node.body, node.closed) = (Body::Dead, true);
            self.die(path, how.error());
        }
        self.node(path).closed = true;
    }

    /// Applies the rules until none does anything. Something is started when nothing else is to be done.
    fn settle(&mut self) {
        while (0..self.groups.len()).any(|group| self.step(group))
            || (0..self.groups.len()).any(|group| self.begin(group))
        {}
    }

    fn begin(&mut self, number: usize) -> bool {
        match self.groups[number].phase {
            Phase::Spawned => self.start(number),
            Phase::Resting { until } if until <= self.now => {
                for path in self.groups[number].members.clone() {
                    let status = &mut self.node(&path).status;
                    status.restart_in = None;
                    status.restarts += 1;
                }
                self.start(number)
            }
            _ => false,
        }
    }

    fn step(&mut self, number: usize) -> bool {
        let group = &self.groups[number];
        let members = group.members.clone();
        match group.phase {
            Phase::Spawned | Phase::Resting { .. } if group.stop => self.gone(number),
            Phase::Spawned | Phase::Resting { .. } | Phase::Gone => false,
            Phase::Live => {
                if group.stop {
                    self.groups[number].phase = Phase::Closing;
                    return true;
                }
                let is_complete = |path: &String| {
                    let is_gone = |group: &usize| self.groups[*group].phase == Phase::Gone;
                    self.nodes[path].body == Body::Done && self.nodes[path].groups.iter().all(is_gone)
                };
                if group.parent.is_some() && members.iter().all(is_complete) {
                    self.groups[number].phase = Phase::Gone;
                    members.iter().for_each(|path| self.node(path).ended = true);
                    return true;
                }
                let is_healthy = |path: &String| matches!(self.nodes[path].status.state, State::Healthy | State::Done);
                let all_healthy = members.iter().all(is_healthy);
                let group = &mut self.groups[number];
                if all_healthy && group.healthy_since.is_none() {
                    group.healthy_since = Some(self.now);
                }
                if group.healthy_since.is_some_and(|since| since + HEALTHY_PERIOD <= self.now) {
                    group.delays = 0;
                }
                false
            }
            Phase::Closing => {
                // One after the other, all of them.
                if members.iter().any(|path| self.close(path)) {
                    return true;
                }
                if members.iter().any(|path| !self.nodes[path].ended) {
                    return false;
                }
                if self.groups[number].stop {
                    return self.gone(number);
                }
                let now = self.now;
                let group = &mut self.groups[number];
                if group.restarts {
                    (group.restarts, group.phase) = (false, Phase::Resting { until: now });
                    return true;
                }
                let delay = (FIRST_DELAY * 2_u32.pow(group.delays.min(7))).min(CAP);
                group.delays += 1;
                group.phase = Phase::Resting { until: self.now + delay };
                members.iter().for_each(|path| self.node(path).status.restart_in = Some(delay));
                true
            }
        }
    }

    fn start(&mut self, number: usize) -> bool {
        let group = &mut self.groups[number];
        group.phase = Phase::Live;
        group.healthy_since = None;
        for path in group.members.clone() {
            let below = path.clone() + ".";
            self.nodes.retain(|path, _| !path.starts_with(&below));
            *self.runs.entry(path.clone()).or_default() += 1;
            let is_first = self.runs[&path] == 1;
            let node = self.node(&path);
            node.status.state = State::New;
            node.status.overdue = false;
            (node.body, node.closed, node.ended) = (Body::Running, false, false);
            (node.ending, node.dead, node.ordered, node.limit) = (false, false, false, None);
            node.groups.clear();
            let puppet = node.puppet.clone();
            puppet.script().iter().for_each(|command| self.obey(&path, command));
            if is_first {
                puppet.ends_first().iter().for_each(|how| self.obey(&path, &Command::End(*how)));
            }
        }
        true
    }

    fn gone(&mut self, number: usize) -> bool {
        self.groups[number].phase = Phase::Gone;
        for path in self.groups[number].members.clone() {
            let status = &mut self.node(&path).status;
            status.restart_in = None;
            if status.state != State::Done {
                status.state = State::Cancelled;
            }
        }
        true
    }

    /// Brings a member of a closing group nearer to its end: first its children, the group started last being the first.
    fn close(&mut self, path: &str) -> bool {
        let now = self.now;
        let node = self.node(path);
        (node.closed, node.ending) = (true, true);
        let (ordered, groups) = (node.ordered, node.groups.clone());
        let left: Vec<_> = groups.into_iter().filter(|group| self.groups[*group].phase != Phase::Gone).collect();
        if let Some(last) = left.last() {
            let told = if ordered { std::slice::from_ref(last) } else { &left };
            let next = told.iter().find(|group| !self.groups[**group].stop);
            return next.is_some_and(|group| !std::mem::replace(&mut self.groups[*group].stop, true));
        }
        let node = self.node(path);
        match node.body {
            Body::Running => {
                node.body = match node.puppet.how_it_cancels() {
                    OnCancel::End(how) => Body::Cancelled { panic: how.is_panic().then_some(how) },
                    OnCancel::After(wait, how) => Body::Told { ends: Some((now + wait, how)), dropped: now + GRACE },
                    OnCancel::Ignore => Body::Told { ends: None, dropped: now + GRACE },
                }
            }
            Body::Told { ends: Some((at, how)), .. } if at <= now => {
                node.body = Body::Cancelled { panic: how.is_panic().then_some(how) };
            }
            Body::Told { dropped, .. } if dropped <= now => {
                node.status.overdue = true;
                node.body = Body::Cancelled { panic: None };
            }
            Body::Told { .. } => return false,
            _ if node.ended => return false,
            Body::Cancelled { .. } if node.dead => node.ended = true,
            Body::Cancelled { panic } => {
                node.ended = true;
                if node.status.state != State::Done {
                    node.status.state = State::Cancelled;
                }
                if let Some(how) = panic {
                    node.status.last_error = Some(how.error().to_owned());
                }
            }
            Body::NotYet | Body::Dead | Body::Done => node.ended = true,
        }
        true
    }
}

/// What can be asked.
impl Reference {
    /// Something ended at the very time of a restart: the rules do not say which was first.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.is_ambiguous
    }

    pub(crate) fn is_over(&self) -> bool {
        self.groups[0].phase == Phase::Gone
    }

    /// Those whose future exists.
    pub(crate) fn running(&self) -> Vec<String> {
        let is_running = |node: &Node| matches!(node.body, Body::Running | Body::Told { .. });
        self.nodes.iter().filter(|(_, node)| is_running(node)).map(|(path, _)| path.clone()).collect()
    }

    /// Those that can be given commands: they do not sleep until their end.
    pub(crate) fn listening(&self) -> Vec<(String, Puppet)> {
        let listens = |node: &Node| matches!(node.body, Body::Running | Body::Told { ends: None, .. });
        let listening = self.nodes.iter().filter(|(_, node)| listens(node));
        listening.map(|(path, node)| (path.clone(), node.puppet.clone())).collect()
    }

    /// Whether the last run of it has to end, or has; `None` if there was none.
    pub(crate) fn is_cancelled(&self, path: &str) -> Option<bool> {
        let node = self.nodes.get(path).filter(|node| node.body != Body::NotYet)?;
        Some(node.ended || matches!(node.body, Body::Told { .. }))
    }

    /// Panics where the tree says something else.
    pub(crate) fn assert_agrees(&self, tree: &Tree) {
        let said: BTreeMap<_, _> = tree.iter().map(|(path, status)| (path.to_owned(), Status::of(status))).collect();
        let expected: BTreeMap<_, _> =
            self.nodes.iter().map(|(path, node)| (path.clone(), node.status.clone())).collect();
        for (path, expected) in &expected {
            assert_eq!(said.get(path), Some(expected), "{path} at {:?}; the tree is\n{tree}", self.now);
        }
        assert_eq!(said.len(), expected.len(), "there are others in the tree at {:?}:\n{tree}", self.now);
    }
}

impl Status {
    fn of(status: &NodeStatus) -> Self {
        Self {
            state: status.state(),
            restarts: status.restarts(),
            restart_in: status.restart_in(),
            overdue: status.is_overdue(),
            last_error: status.last_error().map(str::to_owned),
        }
    }
}
