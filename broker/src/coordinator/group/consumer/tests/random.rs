//! Members come, go, lose answers and fall silent, topics grow and vanish, the coordinator crashes: never do two have a partition at
//! once, the log always says what the group says, and when all is quiet everything is read.

use std::collections::BTreeSet;

use super::super::super::assignor::each_of;
use super::super::group::Watch;
use super::migration::classic_join_of;
use super::*;
use crate::coordinator::group::kind;

/// A consumer as clients are written: it gives up what it is not to have, and says so, before it takes what is new.
#[derive(Clone, Debug, Default)]
struct Client {
    epoch: i32,
    topics: Vec<&'static str>,
    regex: Option<&'static str>,
    /// What it reads.
    owned: Partitions,
    /// What it was told to have last.
    told: Partitions,
    /// It did not hear the last answer: the next request says everything.
    deaf: bool,
    /// It speaks the classic protocol, and gives up everything before it joins again.
    classic: bool,
}

impl Client {
    fn give_up(&mut self) {
        for (topic, partitions) in &mut self.owned {
            let keeps = self.told.get(topic);
            partitions.retain(|p| keeps.is_some_and(|keeps| keeps.contains(p)));
        }
        self.owned.retain(|_, partitions| !partitions.is_empty());
    }

    fn lose_all(&mut self) {
        self.epoch = 0;
        self.owned.clear();
        self.told.clear();
    }

    fn request(&self, id: &str, says_all: bool) -> Heartbeat {
        if self.epoch > 0 && !says_all && !self.deaf {
            return owning(id, self.epoch, self.owned.clone());
        }
        Heartbeat {
            epoch: self.epoch,
            owned: Some(self.owned.clone()),
            regex: self.regex.map(str::to_owned),
            ..join(id, &self.topics)
        }
    }
}

struct Run {
    world: World,
    clients: BTreeMap<String, Client>,
    seed: u64,
    /// Ids are never used again.
    made: usize,
    /// There are classic members, too, and a first one that never goes.
    mixed: bool,
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

    /// Somebody, who goes.
    fn go(&mut self) -> Option<String> {
        let goes = self.any().filter(|id| !self.mixed || id != "m1")?;
        self.clients.remove(&goes);
        Some(goes)
    }

    fn come(&mut self) {
        self.made += 1;
        let all = ["a", "b", "c"];
        let topics = all.into_iter().filter(|_| self.below(3) > 0).collect();
        let regex = [None, None, Some("[ab]"), Some(".*")][self.below(4) as usize];
        let classic = self.mixed && self.made > 1 && self.below(2) == 0;
        let client = Client {
            topics,
            regex: regex.filter(|_| !classic),
            classic,
            ..Client::default()
        };
        let id = format!("m{}", self.made);
        self.clients.insert(id.clone(), client);
        self.beat(&id, true);
    }

    /// A client reports, and may not hear the answer.
    fn beat(&mut self, id: &str, hears: bool) {
        let says_all = self.below(3) == 0;
        let Some(client) = self.clients.get(id) else {
            return;
        };
        if client.classic {
            return self.beat_classic(id, hears);
        }
        let request = client.request(id, says_all);
        let result = self.world.beat(request);
        let Some(client) = self.clients.get_mut(id) else {
            return;
        };
        match result {
            Ok(_) if !hears => client.deaf = true,
            Ok(beat) => {
                client.deaf = false;
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

    fn beat_classic(&mut self, id: &str, hears: bool) {
        let Some(client) = self.clients.get_mut(id) else {
            return;
        };
        let alive = match client.epoch {
            0 => ErrorCode::REBALANCE_IN_PROGRESS,
            generation => self.world.alive(id, generation),
        };
        match alive {
            ErrorCode::NONE => return,
            ErrorCode::REBALANCE_IN_PROGRESS => {}
            _ => client.lose_all(),
        }
        client.owned.clear();
        client.told.clear();
        let joined = self.world.join_classic(classic_join_of(id, &client.topics));
        assert_eq!(joined.error_code, ErrorCode::NONE);
        if !hears {
            return;
        }
        client.epoch = joined.generation_id;
        let synced = self.world.sync(id, client.epoch, &[]);
        match synced.error_code {
            ErrorCode::NONE => client.told = self.world.parts_of(&synced.assignment),
            code => assert_eq!(code, ErrorCode::REBALANCE_IN_PROGRESS),
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
                if let Some(id) = self.go() {
                    let _ = self.world.beat(next(&id, -1));
                }
            }
            2 => self.world.restart(),
            3 => {
                let topic = ["a", "b", "c"][self.below(3) as usize];
                let image = self.world.image();
                match image.topics.named(topic) {
                    Some(found) if self.below(2) == 0 => {
                        let more = found.partitions.len() as i32 + 1;
                        self.world.add_partitions(topic, more);
                    }
                    Some(_) => self.world.delete_topic(topic),
                    None => self.world.create_topic_of(topic, 3),
                }
            }
            4 => {
                // Who is silent for longer than a session reads on no longer.
                if self.go().is_some() {
                    for _ in 0..10 {
                        self.world.after(5_000);
                        let others: Vec<_> = self.clients.keys().cloned().collect();
                        others.iter().for_each(|id| self.beat(id, true));
                    }
                }
            }
            5..8 => self.world.after(700),
            8..12 => {
                if let Some(id) = self.any() {
                    self.reconcile(&id);
                }
            }
            12 => {
                if let Some(id) = self.any() {
                    self.beat(&id, false);
                }
            }
            _ => {
                if let Some(id) = self.any() {
                    self.beat(&id, true);
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        let mut read = BTreeSet::new();
        for (id, client) in &self.clients {
            for partition in each_of(&client.owned) {
                assert!(
                    read.insert(partition),
                    "{id} reads what another reads: {:#?}",
                    self.clients
                );
            }
        }
    }

    /// The log says what the group says.
    fn check_log(&self) {
        assert_eq!(kept(&self.world.groups), kept(&self.world.replayed()));
    }

    /// Nothing happens any more: everybody gets what he is to have.
    fn settle(&mut self) {
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
        let read: BTreeSet<_> = self
            .clients
            .values()
            .flat_map(|c| each_of(&c.owned))
            .collect();
        let image = self.world.image();
        let mut wanted = BTreeSet::new();
        for topic in image.topics.iter() {
            let by_name = |c: &Client| c.topics.contains(&&*topic.name);
            let by_pattern = |c: &Client| match c.regex {
                Some(".*") => true,
                Some(_) => ["a", "b"].contains(&&*topic.name),
                None => false,
            };
            if self.clients.values().any(|c| by_name(c) || by_pattern(c)) {
                wanted.extend((0..).take(topic.partitions.len()).map(|p| (topic.id, p)));
            }
        }
        assert_eq!(read, wanted);
    }
}

fn kept(groups: &Groups) -> String {
    match groups.groups.get(GROUP) {
        Some(kind::Group::Consumer(group)) => {
            let mut kept = group.clone();
            kept.watch = Watch::default();
            format!("{kept:#?}")
        }
        _ => String::new(),
    }
}

#[test]
fn whatever_happens_a_partition_has_one_reader() {
    for seed in 1..=60 {
        let mut run = Run {
            world: World::with_settings(
                &[("a", 2), ("b", 3)],
                &[("group.consumer.migration.policy", "upgrade")],
            ),
            clients: BTreeMap::new(),
            seed: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed),
            made: 0,
            mixed: seed % 2 == 0,
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
