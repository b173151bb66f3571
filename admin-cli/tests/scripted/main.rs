//! The client against a broker that misbehaves by a script, over real sockets.

mod broker;
mod coordinator;
mod groups;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use broker::{Mind, Step, TOPIC};
use ottla_admin_cli::args::values::Address;
use ottla_admin_cli::client::consumer::Consumer;
use ottla_admin_cli::client::error::ClientError;
use ottla_admin_cli::client::offsets::At;
use ottla_admin_cli::client::producer::{Outgoing, Producer, Settings};
use ottla_admin_cli::client::{Client, Missing, Options};
use ottla_admin_cli::{CliError, Exit};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record::Codec;
use ottla_runtime::shards::{Config, Cores, run};

const TIMEOUT: Duration = Duration::from_secs(2);

/// Runs a test on a shard of its own.
fn on_shard<F, Fut>(test: F)
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    run(
        Config {
            cores: Cores::Floating,
            ..Config::default()
        },
        move |_| test(),
    )
    .unwrap();
}

fn client(address: &Address, timeout: Duration) -> Client {
    Client::new(Options {
        brokers: vec![address.clone()],
        timeout,
    })
}

fn settings() -> Settings {
    Settings {
        acks: -1,
        codec: Codec::None,
        idempotent: true,
        batch_bytes: 200,
    }
}

async fn producer(address: &Address) -> Producer {
    Producer::open(client(address, TIMEOUT), TOPIC, settings())
        .await
        .unwrap()
}

/// Sends `count` records of 50 bytes: batches of three. Gives the values.
async fn send(producer: &mut Producer, count: usize) -> Result<Vec<String>, ClientError> {
    let values: Vec<String> = (0..count).map(|n| format!("{n:050}")).collect();
    for value in &values {
        producer
            .push(Outgoing {
                partition: None,
                key: None,
                value: Some(value.as_bytes()),
                headers: &[],
            })
            .await?;
    }
    producer.flush().await?;
    Ok(values)
}

/// Everything in the topic, oldest first.
async fn receive(address: &Address) -> Result<Vec<String>, ClientError> {
    let mut client = client(address, TIMEOUT);
    let topic = client.topic(TOPIC, Missing::Fail).await?;
    let begins = client.offsets(TOPIC, &[0], At::Beginning).await?;
    let ends = client.offsets(TOPIC, &[0], At::End).await?;
    let mut consumer = Consumer::new(client, topic, begins, ends, Duration::from_millis(100));
    let mut found = Vec::new();
    while !consumer.is_done() {
        let mut visit = |record: &ottla_admin_cli::render::record::Received<'_>| {
            assert_eq!(record.offset, found.len() as i64);
            found.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            ControlFlow::Continue(())
        };
        consumer.poll(&mut visit).await?;
    }
    Ok(found)
}

#[test]
fn what_was_sent_comes_back() {
    on_shard(|| async {
        let (address, mind) = broker::start(Mind {
            api_versions: 4,
            ..Mind::default()
        });
        let mut producer = producer(&address).await;
        let values = send(&mut producer, 20).await.unwrap();
        let acked = producer.take_acked();
        assert_eq!(acked.iter().map(|batch| batch.records).sum::<u64>(), 20);
        assert!(
            acked
                .windows(2)
                .all(|pair| pair[0].base_offset < pair[1].base_offset)
        );
        assert!(
            mind.borrow().log.len() > 4,
            "several batches were in flight"
        );
        mind.borrow_mut().cut = 30;
        assert_eq!(receive(&address).await.unwrap(), values);
    });
}

/// An old broker knows ApiVersions only up to 2, and tells so in version 0 (KIP-511).
#[test]
fn an_old_brokers_versions_are_learned() {
    on_shard(|| async {
        let (address, _) = broker::start(Mind {
            api_versions: 2,
            ..Mind::default()
        });
        assert!(
            client(&address, TIMEOUT)
                .topic(TOPIC, Missing::Fail)
                .await
                .is_ok()
        );
    });
}

/// Refused, lost before and lost after it was stored, at the start and in the middle: all is there once and in order.
#[test]
fn retries_neither_lose_nor_repeat_nor_reorder() {
    for at in 0..4 {
        for step in [
            Step::Refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            Step::Gone,
            Step::DoneAndGone,
        ] {
            on_shard(move || async move {
                // Nothing else of the script is used up before the step: no step is a request that goes well.
                let (address, mind) = broker::start(Mind {
                    api_versions: 4,
                    ..Mind::default()
                });
                let mut producer = producer(&address).await;
                let before = send(&mut producer, 3 * at).await.unwrap();
                mind.borrow_mut().produce = [step, step].into();
                let after = send(&mut producer, 12).await.unwrap();
                let sum: u64 = producer
                    .take_acked()
                    .iter()
                    .map(|batch| batch.records)
                    .sum();
                assert_eq!(sum, (before.len() + after.len()) as u64);
                assert_eq!(
                    receive(&address).await.unwrap(),
                    [before, after].concat(),
                    "{step:?} after {at}"
                );
            });
        }
    }
}

#[test]
fn a_topic_and_a_producer_id_that_take_a_moment_are_awaited() {
    on_shard(|| async {
        let unknown = Step::Refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        let loading = Step::Refuse(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        let mind = Mind {
            api_versions: 4,
            metadata: [unknown, unknown].into(),
            producer_id: [loading, loading].into(),
            ..Mind::default()
        };
        let (address, _mind) = broker::start(mind);
        let mut producer = producer(&address).await;
        send(&mut producer, 1).await.unwrap();
    });
}

#[test]
fn a_final_refusal_ends_it_with_the_brokers_reason() {
    on_shard(|| async {
        let produce = [Step::Refuse(ErrorCode::MESSAGE_TOO_LARGE)].into();
        let (address, _) = broker::start(Mind {
            api_versions: 4,
            produce,
            ..Mind::default()
        });
        let mut producer = producer(&address).await;
        let error = CliError::from(send(&mut producer, 1).await.unwrap_err());
        assert_eq!(error.exit, Exit::Refused);
        assert!(
            error.what.contains("producing to orders/0")
                && error.what.contains("MESSAGE_TOO_LARGE"),
            "{error}"
        );
        assert!(error.next.is_some());
    });
}

#[test]
fn a_fetch_that_fails_is_asked_again() {
    on_shard(|| async {
        let (address, mind) = broker::start(Mind {
            api_versions: 4,
            ..Mind::default()
        });
        let mut producer = producer(&address).await;
        let values = send(&mut producer, 5).await.unwrap();
        mind.borrow_mut().fetch =
            [Step::Refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER), Step::Gone].into();
        assert_eq!(receive(&address).await.unwrap(), values);
    });
}

#[test]
fn deleted_records_are_jumped_over_and_what_never_was_is_refused() {
    on_shard(|| async {
        let (address, mind) = broker::start(Mind {
            api_versions: 4,
            ..Mind::default()
        });
        let mut producer = producer(&address).await;
        send(&mut producer, 9).await.unwrap();
        mind.borrow_mut().begin = 6;
        for (from, expected) in [(2, Some(6)), (7, Some(7)), (10, None)] {
            let mut client = client(&address, TIMEOUT);
            let topic = client.topic(TOPIC, Missing::Fail).await.unwrap();
            let (positions, ends) = (BTreeMap::from([(0, from)]), BTreeMap::new());
            let mut consumer =
                Consumer::new(client, topic, positions, ends, Duration::from_millis(100));
            let mut first = None;
            let result = loop {
                let mut visit = |record: &ottla_admin_cli::render::record::Received<'_>| {
                    first.get_or_insert(record.offset);
                    ControlFlow::Break(())
                };
                match consumer.poll(&mut visit).await {
                    Ok(_) if first.is_none() => {}
                    other => break other,
                }
            };
            assert_eq!(first, expected);
            assert_eq!(result.is_ok(), expected.is_some(), "{result:?}");
        }
    });
}

#[test]
fn silence_is_an_error_in_time() {
    on_shard(|| async {
        let fetch = [Step::Silent; 20].into();
        let (address, _) = broker::start(Mind {
            api_versions: 4,
            fetch,
            ..Mind::default()
        });
        let timeout = Duration::from_millis(100);
        let mut client = client(&address, timeout);
        let topic = client.topic(TOPIC, Missing::Fail).await.unwrap();
        let mut consumer = Consumer::new(
            client,
            topic,
            BTreeMap::from([(0, 0)]),
            BTreeMap::new(),
            timeout,
        );
        let error = loop {
            if let Err(error) = consumer.poll(&mut |_| ControlFlow::Continue(())).await {
                break CliError::from(error);
            }
        };
        assert_eq!(error.exit, Exit::Unreachable);
    });
}

#[test]
fn nobody_there_is_unreachable_and_says_what_to_do() {
    on_shard(|| async {
        let nobody = Address {
            host: "127.0.0.1".to_owned(),
            port: 1,
        };
        let error = client(&nobody, TIMEOUT)
            .metadata(None, false)
            .await
            .unwrap_err();
        let error = CliError::from(error);
        assert_eq!(error.exit, Exit::Unreachable);
        assert!(error.next.unwrap().contains("ottla start"));
    });
}
