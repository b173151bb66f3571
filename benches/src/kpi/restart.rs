//! P10, P11: from exec to the first acknowledgements, on an empty folder and after kill -9.

use std::io;
use std::time::Duration;

use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;

use super::stage::{Shape, Stage, USUAL};
use crate::load::{Running, prepare};
use crate::process::node::Node;
use crate::wire::cluster::{Cluster, Topic};
use crate::wire::template::{NOBODY, Template};

/// Starts whose median counts; fewer of one that takes seconds.
const STARTS: usize = 7;
const SLOW_STARTS: usize = 3;
/// All partitions must acknowledge within this time.
const PATIENCE: Duration = Duration::from_secs(180);

/// One record to each of `partitions`; those that did not take it.
fn one_to_each(cluster: &mut Cluster, topic: &str, partitions: &[i32]) -> io::Result<Vec<i32>> {
    let template = Template::new(&[vec![b'x'; 100]], false, 1);
    let mut batch = template.prefix(1).to_vec();
    template.patch(&mut batch, 1, &[1_700_000_000_000_000_000], &[], NOBODY);
    let data = |&index| PartitionProduceData {
        index,
        records: Records::Borrowed(&batch),
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: partitions.iter().map(data).collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    cluster.call_by_name(&request, |answer| {
        let parts = answer.responses.iter().flat_map(|t| &t.partition_responses);
        let refused = parts.filter(|p| p.error_code.is_error());
        refused.map(|p| p.index).collect()
    })
}

/// Waits until every partition of the topic has acknowledged a record.
pub fn acknowledged_by_all(node: &mut Node, topic: &Topic) -> io::Result<()> {
    let mut left: Vec<i32> = (0..topic.leaders.len() as i32).collect();
    loop {
        let mut cluster = node.cluster()?;
        // A broker that is starting may close connections; that only costs time.
        while let Ok(refused) = one_to_each(&mut cluster, &topic.name, &left) {
            left = refused;
            if left.is_empty() {
                return Ok(());
            }
            if node.started.elapsed() > PATIENCE {
                let what = format!("{} partitions do not acknowledge", left.len());
                return Err(io::Error::other(what));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// P10.
pub fn cold_start(stage: &Stage) -> io::Result<Vec<f64>> {
    let one = || {
        let mut node = stage.unstarted(&[])?;
        if node.is_jvm() {
            // Its folder is to be formatted first, which is no part of its start.
            node.start()?;
            node.cluster()?;
            node.kill()?;
        }
        node.start()?;
        let mut cluster = node.cluster()?;
        cluster.create("p10", 1, 1, &[])?;
        let topic = cluster.topic("p10")?;
        acknowledged_by_all(&mut node, &topic)?;
        Ok::<_, io::Error>((node.started.elapsed().as_secs_f64() * 1e3, node.is_jvm()))
    };
    let first = one()?;
    let more = if first.1 { SLOW_STARTS } else { STARTS } - 1;
    let mut times = vec![first.0];
    for _ in 0..more {
        times.push(one()?.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(vec![times[times.len() / 2]])
}

/// P11.
pub fn after_kill(stage: &Stage) -> io::Result<Vec<f64>> {
    let one = |partitions| {
        let cold = Stage {
            jvm_warmup: 0.0,
            ..stage.clone()
        };
        let mut node = cold.node_for_many()?;
        let shape = Shape {
            partitions,
            properties: &["batch.size=16384", "batches.per.request=8"],
            ..USUAL
        };
        let setup = cold.setup(&node, &shape, "p11")?;
        let topics = prepare(&setup)?;
        let mut load = Running::start(&setup, &topics, false)?;
        for _ in 0..stage.seconds as usize {
            load.second()?;
        }
        node.kill()?;
        drop(load); // its threads see their connections end
        node.start()?;
        acknowledged_by_all(&mut node, &topics[0])?;
        Ok(node.started.elapsed().as_secs_f64())
    };
    [1000, 5000].into_iter().map(one).collect()
}
