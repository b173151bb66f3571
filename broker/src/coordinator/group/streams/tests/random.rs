//! Members come, go, lose answers and fall silent, topics vanish, the coordinator crashes: never do two process a task at once, nor
//! has a process a task twice; the log always says what the group says, and when all is quiet everything is processed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::Soft;
use super::super::tasks::Assignment;
use super::*;
use crate::coordinator::group::{Groups, kind};

const TOPICS: [&str; 3] = ["by-key", "counts-changelog", "words"];

/// A thread as clients are written: it gives up what it is not to have, and says so, before it takes what is new.
#[derive(Clone, Debug, Default)]
struct Client {
    process: String,
    epoch: i32,
    /// What it works on.
    owned: Assignment,
    /// What it was told to have last.
    told: Assignment,
}

impl Client {
    fn give_up(&mut self) {
        let (owned, told) = (&mut self.owned, &self.told);
        let roles = [
            (&mut owned.active, &told.active),
            (&mut owned.standby, &told.standby),
        ];
        for (owned, told) in roles {
            for (part, tasks) in owned.iter_mut() {
                let keeps = told.get(part);
                tasks.retain(|task| keeps.is_some_and(|keeps| keeps.contains(task)));
            }
            owned.retain(|_, tasks| !tasks.is_empty());
        }
    }

    fn lose_all(&mut self) {
        self.epoch = 0;
        self.owned = Assignment::default();
        self.told = Assignment::default();
    }

    fn request(&self, id: &str) -> Heartbeat {
        if self.epoch > 0 {
            let (active, standby) = (self.owned.active.clone(), self.owned.standby.clone());
            return owning(id, self.epoch, active, standby);
        }
        Heartbeat {
            topology: Some(counting()),
            process: Some(self.process.clone()),
            ..join(id)
        }
    }
}

struct Run {
    world: World,
    clients: BTreeMap<String, Client>,
    seed: u64,
    /// Ids are never used again.
    made: usize,
}

impl Run {
    fn below(&mut self, n: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % n
    }

    fn any(&mut self) -> Option<String> {
        let n = self.below(self.clients.len().max(1) as u64);
        self.clients.keys().nth(n as usize).cloned()
    }

    fn come(&mut self) {
        self.made += 1;
        let client = Client {
            process: format!("process-{}", self.below(3)),
            ..Client::default()
        };
        let id = format!("m{}", self.made);
        self.clients.insert(id.clone(), client);
        self.beat(&id, true);
    }

    /// A client reports, and may not hear the answer; if topics are missing they are made, most of the times.
    fn beat(&mut self, id: &str, hears: bool) {
        let Some(client) = self.clients.get(id) else {
            return;
        };
        let result = self.world.beat(client.request(id));
        if let Ok(beat) = &result
            && self.below(4) > 0
        {
            self.world.create(beat);
        }
        let Some(client) = self.clients.get_mut(id) else {
            return;
        };
        match result {
            Ok(_) if !hears => {}
            Ok(beat) => {
                client.epoch = beat.epoch;
                if let Some(told) = beat.assignment {
                    client.told = told;
                }
            }
            Err(refusal) => {
                let known = [
                    ErrorCode::FENCED_MEMBER_EPOCH,
                    ErrorCode::UNKNOWN_MEMBER_ID,
                    ErrorCode::GROUP_ID_NOT_FOUND,
                ];
                assert!(known.contains(&refusal.code), "{refusal:?}");
                client.lose_all();
            }
        }
    }

    /// A client does what it was told: first it gives up; what is new it takes only if it has nothing to give up.
    fn reconcile(&mut self, id: &str) {
        if let Some(client) = self.clients.get_mut(id) {
            let before = client.owned.clone();
            client.give_up();
            if client.owned == before {
                client.owned = client.told.clone();
            }
        }
    }

    fn step(&mut self) {
        match self.below(20) {
            0 if self.clients.len() < 6 => self.come(),
            1 => {
                if let Some(id) = self.any() {
                    self.clients.remove(&id);
                    let _ = self.world.beat(next(&id, -1));
                }
            }
            2 => self.world.restart(),
            3 => {
                let topic = TOPICS[self.below(3) as usize];
                match self.world.image().topics.named(topic).is_some() {
                    true => self.world.delete_topic(topic),
                    false => self.world.create_topic_of(topic, 3),
                }
            }
            4 => {
                // Who is silent for longer than a session works no longer.
                if let Some(id) = self.any() {
                    self.clients.remove(&id);
                    for _ in 0..10 {
                        self.world.after(5_000);
                        let others: Vec<_> = self.clients.keys().cloned().collect();
                        others.iter().for_each(|id| self.beat(id, true));
                    }
                }
            }
            5 => {
                let standbys = self.below(3).to_string();
                self.world.set("streams.num.standby.replicas", &standbys);
            }
            6..8 => self.world.after(700),
            8..12 => {
                if let Some(id) = self.any() {
                    self.reconcile(&id);
                }
            }
            heard => {
                if let Some(id) = self.any() {
                    self.beat(&id, heard > 12);
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        let (mut active, mut in_process) = (BTreeSet::new(), BTreeSet::new());
        for (id, client) in &self.clients {
            for (role, tasks) in client.owned.roles().into_iter().enumerate() {
                for task in tasks
                    .iter()
                    .flat_map(|(p, t)| t.iter().map(move |t| (p, *t)))
                {
                    let once = role > 0 || active.insert(task);
                    assert!(
                        once,
                        "{id} processes what another does: {:#?}",
                        self.clients
                    );
                    let once = in_process.insert((&client.process, task));
                    assert!(once, "{id}'s process has it twice: {:#?}", self.clients);
                }
            }
        }
    }

    /// The log says what the group says.
    fn check_log(&self) {
        assert_eq!(kept(&self.world.groups), kept(&self.world.replayed()));
    }

    /// Nothing happens any more: everybody gets what he is to have.
    fn settle(&mut self) {
        for topic in TOPICS {
            if self.world.image().topics.named(topic).is_none() {
                self.world.create_topic_of(topic, 3);
            }
        }
        self.world.set("streams.num.standby.replicas", "1");
        for _ in 0..30 {
            self.world.after(5_000);
            let ids: Vec<_> = self.clients.keys().cloned().collect();
            for id in ids {
                self.reconcile(&id);
                self.beat(&id, true);
                self.reconcile(&id);
                self.check();
            }
        }
        self.check_log();
        if self.clients.is_empty() {
            return;
        }
        assert_eq!(self.world.state(), "Stable");
        let all = |role: fn(&Assignment) -> &Tasks| {
            let owned = self.clients.values().map(|c| role(&c.owned));
            let each = owned.flat_map(|tasks| {
                tasks
                    .iter()
                    .flat_map(|(p, t)| t.iter().map(move |t| (&**p, *t)))
            });
            let mut all: Vec<_> = each.collect();
            all.sort_unstable();
            all
        };
        let wanted = [("0", 0), ("0", 1), ("0", 2), ("1", 0), ("1", 1), ("1", 2)];
        assert_eq!(all(|a| &a.active), wanted);
        let processes: BTreeSet<_> = self.clients.values().map(|c| &c.process).collect();
        let copies = if processes.len() > 1 {
            &wanted[3..]
        } else {
            &[]
        };
        assert_eq!(all(|a| &a.standby), copies);
    }
}

fn kept(groups: &Groups) -> String {
    match groups.groups.get(GROUP) {
        Some(kind::Group::Streams(group)) => {
            let mut kept = group.clone();
            kept.soft = Soft::default();
            format!("{kept:#?}")
        }
        _ => String::new(),
    }
}

#[test]
fn whatever_happens_a_task_has_one_owner() {
    for seed in 1..=60 {
        let mut run = Run {
            world: World::with_settings(&[("words", 3)], &[]),
            clients: BTreeMap::new(),
            seed: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed),
            made: 0,
        };
        run.come();
        for step in 0..150 {
            run.step();
            if step % 10 == 0 {
                run.check_log();
            }
        }
        run.settle();
    }
}
