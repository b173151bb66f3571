//! The clients of a seed: who there is by its plan, each a task of the machine that the clients are on.

use ottla_runtime::rand::Rng;
use ottla_runtime::shards::ShardId;

use super::admin::Keeper;
use super::client::{Client, work};
use super::consumer::Consumer;
use super::groups;
use super::groups::commits::Committer;
use super::groups::feeder::{Feeder, Input};
use super::groups::pipe::Pipe;
use super::keys;
use super::ledger::Ledger;
use super::producer::Producer;
use super::queue;
use super::seed::Run;
use super::txn;
use super::txn::producer::Transactor;
use super::txn::reader::Reader;

impl Run {
    /// Starts them all.
    pub(super) fn start_clients(&mut self) {
        let habits = self.draw.habits;
        for topic in 0..self.draw.topics {
            self.start_client(format!("keep{topic}"), async move |client| {
                Keeper::new(client, topic, habits).run().await;
            });
        }
        let largest = self.draw.largest;
        for (number, kind) in (0u32..).zip(self.draw.producers.clone()) {
            self.start_client(format!("prod{number}"), async move |client| {
                Producer::new(client, number, kind, largest).run().await;
            });
        }
        for number in 0..self.draw.consumers {
            self.start_client(format!("cons{number}"), async move |client| {
                work(Consumer::new(client)).await;
            });
        }
        self.start_transactions();
        self.start_groups();
        self.start_keys();
        self.start_queue();
    }

    fn start_client(&mut self, name: String, run: impl AsyncFnOnce(Client) + 'static) {
        let client = Client::new(self.shared.clone(), Rng::new(self.rng.u64()), name);
        self.clients_started += 1;
        self.sim
            .spawn(self.clients, ShardId(0), async move { run(client).await })
            .detach();
    }

    fn start_transactions(&mut self) {
        let txns = self.draw.txns.clone();
        for (number, habits) in (0u32..).zip(txns.producers.clone()) {
            let plan = txns.clone();
            self.start_client(format!("txn{number}"), async move |client| {
                Transactor::new(client, number, plan, habits).run().await;
            });
        }
        self.start_readers(&txns);
    }

    fn start_readers(&mut self, txns: &txn::Plan) {
        for number in 0..txns.readers {
            let plan = txns.clone();
            self.start_client(format!("read{number}"), async move |client| {
                work(Reader::new(client, plan)).await;
            });
        }
    }

    fn start_feeder(&mut self, input: Input, fed: fn(&mut Ledger) -> &mut Option<Vec<i64>>) {
        let shared = self.shared.clone();
        self.start_client("feed".to_owned(), async move |client| {
            let ends = Feeder::new(client, input).run().await;
            *fed(&mut shared.ledger.borrow_mut()) = Some(ends);
        });
    }

    fn start_queue(&mut self) {
        let Some(plan) = self.draw.queue.clone() else {
            return;
        };
        let input = Input {
            topic: queue::TOPIC,
            partitions: plan.partitions,
            batches: plan.batches,
        };
        self.start_feeder(input, |ledger| &mut ledger.queue.fed);
        for number in 0..plan.members {
            let plan = plan.clone();
            self.start_client(format!("share{number}"), async move |client| {
                work(queue::member::Member::new(client, plan)).await;
            });
        }
    }

    fn start_groups(&mut self) {
        let Some(groups) = self.draw.groups.clone() else {
            return;
        };
        let input = Input {
            topic: groups::INPUT,
            partitions: groups.partitions,
            batches: groups.batches,
        };
        self.start_feeder(input, |ledger| &mut ledger.roster.fed);
        for number in (0u32..).take(groups.members.len()) {
            let plan = groups.clone();
            self.start_client(format!("pipe{number}"), async move |client| {
                work(Pipe::new(client, number, plan)).await;
            });
        }
        for number in 0..groups.committers {
            let plan = groups.clone();
            self.start_client(format!("lone{number}"), async move |client| {
                Committer::new(client, number, plan).run().await;
            });
        }
        self.start_readers(&groups.txns);
    }

    fn start_keys(&mut self) {
        let Some(keys) = self.draw.keys.clone() else {
            return;
        };
        for number in (0u32..).take(keys.writers.len()) {
            let plan = keys.clone();
            self.start_client(format!("keys{number}"), async move |client| {
                work(keys::writer::Writer::new(client, number, plan)).await;
            });
        }
        for number in 0..keys.readers {
            let plan = keys.clone();
            self.start_client(format!("table{number}"), async move |client| {
                work(keys::reader::Reader::new(client, plan)).await;
            });
        }
    }
}
