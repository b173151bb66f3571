//! The assignor of streams groups, by the rules of Kafka's sticky one: tasks stay where they are, or go where a copy of their state
//! is, as long as nobody gets more than his share; the rest goes to the process with the least load.
//!
//! A process never has a task twice. Where Kafka leaves to chance who gets what, the lower id does.

use std::collections::{BTreeMap, BTreeSet};

use super::super::tasks::{Assignment, Tasks};

/// A subtopology, and the number of one of its tasks.
type Task<'a> = (&'a str, i32);

/// A member, as far as the assignor cares.
#[derive(Clone, Copy, Debug)]
pub struct MemberSpec<'a> {
    /// The process that it is a thread of.
    pub process: &'a str,
    /// What it was to have so far.
    pub had: &'a Assignment,
}

/// What is to be assigned to whom.
#[derive(Clone, Debug, Default)]
pub struct Spec<'a> {
    /// The members, by id.
    pub members: BTreeMap<&'a str, MemberSpec<'a>>,
    /// Subtopologies: how many tasks, and whether they have state.
    pub subtopologies: BTreeMap<&'a str, (i32, bool)>,
    /// Copies of each task's state.
    pub standbys: usize,
}

/// What each member is to have.
pub fn assign(spec: &Spec<'_>) -> BTreeMap<String, Assignment> {
    if spec.members.is_empty() {
        return BTreeMap::new();
    }
    let mut work = Work::new(spec);
    work.assign_active();
    if spec.standbys > 0 {
        work.assign_standby();
    }
    work.result
}

/// How much each may have: what there is, evenly. Who has his share is counted out, and the rest shared among the others.
struct Quota {
    tasks: usize,
    members: usize,
    each: usize,
}

impl Quota {
    fn new(tasks: usize, members: usize) -> Quota {
        let each = tasks
            .checked_div(members)
            .map_or(0, |_| tasks.div_ceil(members));
        Quota {
            tasks,
            members,
            each,
        }
    }

    /// A member has so many now.
    fn reached(&mut self, count: usize) {
        if count == self.each {
            let (tasks, members) = (
                self.tasks.saturating_sub(count),
                self.members.saturating_sub(1),
            );
            *self = Quota::new(tasks, members);
        }
    }
}

/// Tasks of a process for each of its members. Ordered as fractions are.
#[derive(Clone, Copy, Debug)]
struct Load {
    tasks: usize,
    members: usize,
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.tasks * other.members).cmp(&(other.tasks * self.members))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Load {}

#[derive(Default)]
struct Process<'a> {
    /// How many tasks each member has.
    members: BTreeMap<&'a str, usize>,
    tasks: BTreeSet<Task<'a>>,
    count: usize,
}

impl<'a> Process<'a> {
    fn load(&self) -> Load {
        Load {
            tasks: self.count,
            members: self.members.len(),
        }
    }

    fn least_loaded(&self) -> Option<&'a str> {
        let least = self
            .members
            .iter()
            .min_by_key(|(id, count)| (**count, **id));
        least.map(|(id, _)| *id)
    }
}

struct Work<'s, 'a> {
    spec: &'s Spec<'a>,
    processes: BTreeMap<&'a str, Process<'a>>,
    by_load: BTreeSet<(Load, &'a str)>,
    had_active: BTreeMap<Task<'a>, &'a str>,
    had_standby: BTreeMap<Task<'a>, Vec<&'a str>>,
    active: Quota,
    all: Quota,
    result: BTreeMap<String, Assignment>,
}

impl<'s, 'a> Work<'s, 'a> {
    fn new(spec: &'s Spec<'a>) -> Self {
        let count = |n: &i32| usize::try_from(*n).unwrap_or(0);
        let active: usize = spec.subtopologies.values().map(|(n, _)| count(n)).sum();
        let stateful = spec
            .subtopologies
            .values()
            .filter(|(_, stateful)| *stateful);
        let standby: usize = stateful.map(|(n, _)| count(n) * spec.standbys).sum();
        let mut work = Work {
            spec,
            processes: BTreeMap::new(),
            by_load: BTreeSet::new(),
            had_active: BTreeMap::new(),
            had_standby: BTreeMap::new(),
            active: Quota::new(active, spec.members.len()),
            all: Quota::new(active + standby, spec.members.len()),
            result: BTreeMap::new(),
        };
        for (id, member) in &spec.members {
            let process = work.processes.entry(member.process).or_default();
            process.members.insert(id, 0);
            work.had_active
                .extend(each(&member.had.active).map(|task| (task, *id)));
            for task in each(&member.had.standby) {
                work.had_standby.entry(task).or_default().push(id);
            }
            work.result.insert((*id).to_owned(), Assignment::default());
        }
        let loads = work.processes.iter().map(|(id, p)| (p.load(), *id));
        work.by_load = loads.collect();
        work
    }

    fn tasks(&self, only_stateful: bool) -> Vec<Task<'a>> {
        let some = self.spec.subtopologies.iter();
        let some = some.filter(|(_, (_, stateful))| *stateful || !only_stateful);
        some.flat_map(|(id, (count, _))| (0..*count).map(|task| (*id, task)))
            .collect()
    }

    fn assign_active(&mut self) {
        // Same numbers together, so that what is joined comes to the same member.
        let mut tasks = self.tasks(false);
        tasks.sort_by_key(|(subtopology, task)| (*task, *subtopology));
        tasks.retain(|task| !self.leave_where_it_was(*task));
        tasks.retain(|task| !self.take_where_its_copy_was(*task));
        tasks.sort();
        for task in tasks {
            let least = self.by_load.first().map(|(_, process)| *process);
            if let Some(member) = least.and_then(|p| self.processes.get(p)?.least_loaded()) {
                self.give_active(member, task);
            }
        }
    }

    fn leave_where_it_was(&mut self, task: Task<'a>) -> bool {
        let member = self.had_active.get(&task).copied();
        let member = member.filter(|m| self.count(m) < self.active.each);
        member.is_some_and(|member| self.give_active(member, task))
    }

    fn take_where_its_copy_was(&mut self, task: Task<'a>) -> bool {
        let member = self.least_loaded_of(task, |_| true);
        let member = member.filter(|m| self.count(m) < self.active.each);
        member.is_some_and(|member| self.give_active(member, task))
    }

    /// Of the members that had a copy of the task's state, in such processes, the one with the least load.
    fn least_loaded_of(
        &self,
        task: Task<'a>,
        fits: impl Fn(&Process<'a>) -> bool,
    ) -> Option<&'a str> {
        let had = self.had_standby.get(&task)?.iter().copied();
        let with_load = had.filter_map(|member| {
            let process = self.process_of(member).filter(|p| fits(p))?;
            Some(((process.load(), self.count(member), member), member))
        });
        with_load.min().map(|(_, member)| member)
    }

    fn assign_standby(&mut self) {
        let mut tasks = self.tasks(true);
        tasks.sort_by_key(|(subtopology, task)| std::cmp::Reverse((*task, *subtopology)));
        let mut rest = Vec::new();
        for task in tasks {
            let mut copies = 0;
            while copies < self.spec.standbys && self.keep_a_copy(task) {
                copies += 1;
            }
            if copies < self.spec.standbys {
                rest.push((task, self.spec.standbys - copies));
            }
        }
        rest.sort_by_key(|(task, _)| std::cmp::Reverse(*task));
        for (task, copies) in rest {
            for _ in 0..copies {
                let mut by_load = self.by_load.iter().map(|(_, process)| *process);
                let free = by_load.find(|p| !self.processes[p].tasks.contains(&task));
                match free.and_then(|process| self.processes[process].least_loaded()) {
                    Some(member) => self.give_standby(member, task),
                    // There are fewer processes than copies asked for.
                    None => break,
                }
            }
        }
    }

    /// Gives a copy to who processed the task, else to who had a copy.
    fn keep_a_copy(&mut self, task: Task<'a>) -> bool {
        let fits = |process: &Process<'a>| !process.tasks.contains(&task);
        let below = |member: &&'a str| self.count(member) < self.all.each;
        let active = self.had_active.get(&task).copied();
        let active = active.filter(|m| self.process_of(m).is_some_and(fits));
        let member = active
            .filter(below)
            .or_else(|| self.least_loaded_of(task, fits).filter(below));
        if let Some(member) = member {
            self.give_standby(member, task);
        }
        member.is_some()
    }

    fn give_active(&mut self, member: &'a str, task: Task<'a>) -> bool {
        let count = self.give(member, task);
        self.active.reached(count);
        self.all.reached(count);
        let assignment = self.result.entry(member.to_owned()).or_default();
        put(&mut assignment.active, task);
        true
    }

    fn give_standby(&mut self, member: &'a str, task: Task<'a>) {
        let count = self.give(member, task);
        self.all.reached(count);
        let assignment = self.result.entry(member.to_owned()).or_default();
        put(&mut assignment.standby, task);
    }

    /// Counts a task in; how many the member has now.
    fn give(&mut self, member: &'a str, task: Task<'a>) -> usize {
        let id = self.spec.members[member].process;
        let process = self.processes.entry(id).or_default();
        self.by_load.remove(&(process.load(), id));
        process.tasks.insert(task);
        process.count += 1;
        let count = process.members.entry(member).or_default();
        *count += 1;
        let count = *count;
        self.by_load.insert((process.load(), id));
        count
    }

    fn process_of(&self, member: &str) -> Option<&Process<'a>> {
        self.processes.get(self.spec.members.get(member)?.process)
    }

    fn count(&self, member: &str) -> usize {
        let process = self.process_of(member);
        process
            .and_then(|p| p.members.get(member).copied())
            .unwrap_or(0)
    }
}

fn each(tasks: &Tasks) -> impl Iterator<Item = Task<'_>> {
    tasks
        .iter()
        .flat_map(|(subtopology, tasks)| tasks.iter().map(|task| (&**subtopology, *task)))
}

fn put(tasks: &mut Tasks, (subtopology, task): Task<'_>) {
    tasks
        .entry(subtopology.to_owned())
        .or_default()
        .insert(task);
}
