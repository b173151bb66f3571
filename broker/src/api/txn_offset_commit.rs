//! TxnOffsetCommit (key 28): how far a group has come once a transaction commits. From version 5 on the group's partition
//! becomes part of the transaction by that (KIP-890).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

use super::txn_verify::{self, Part, Transaction};
use super::{Context, RequestMeta};
use crate::coordinator::group::offsets::{Commit, Committer, NewOffset};
use crate::coordinator::group::{Answer, Command};
use crate::coordinator::topics::{Kind, partition_of};
use crate::coordinator::{InTxn, Producer};
use crate::metadata::Topic;

/// The first version whose clients survive 14.
const LOADING_SINCE: i16 = 2;

/// Answers a TxnOffsetCommit request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: TxnOffsetCommitRequest<'_>,
) -> TxnOffsetCommitResponse<'static> {
    let image = ctx.image();
    let mut response = TxnOffsetCommitResponse::default();
    let mut offsets = Vec::new();
    for topic in &request.topics {
        let known = image.topics.named(&topic.name);
        let partitions = topic.partitions.iter().map(|p| {
            let known = known.filter(|topic| topic.partition(p.partition_index).is_some());
            offsets.extend(known.map(|topic| new_offset(topic, p)));
            TxnOffsetCommitResponsePartition {
                partition_index: p.partition_index,
                error_code: match known {
                    Some(_) => ErrorCode::NONE,
                    None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                },
            }
        });
        response.topics.push(TxnOffsetCommitResponseTopic {
            partitions: partitions.collect(),
            name: topic.name.to_string().into(),
        });
    }
    let codes = match offsets.is_empty() {
        true => Ok(Vec::new()),
        false => commit(ctx, meta, &request, offsets).await,
    };
    put(&mut response, meta.version, codes);
    response
}

async fn commit(
    ctx: &Context,
    meta: &RequestMeta,
    request: &TxnOffsetCommitRequest<'_>,
    offsets: Vec<NewOffset>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let topic = ctx.coordinators.topic(Kind::Group).await?;
    let partition = partition_of(&request.group_id, topic.partitions.len() as i32);
    let transaction = Transaction {
        id: &request.transactional_id,
        producer_id: request.producer_id,
        epoch: request.producer_epoch,
        part: Part::of_txn_offset_commit(meta.version),
    };
    let place = topic.partition_id(partition);
    let guard = txn_verify::offsets_guard(ctx, transaction, place).await?;
    let commit = Commit {
        group: request.group_id.to_string(),
        member: Committer {
            version: meta.version,
            id: request.member_id.to_string(),
            instance: request.group_instance_id.as_deref().map(str::to_owned),
            generation: request.generation_id,
        },
        retention_ms: None,
        txn: Some(InTxn {
            producer: Producer {
                id: request.producer_id,
                epoch: request.producer_epoch,
            },
            guard,
        }),
        offsets,
    };
    let command = Command::Commit(commit);
    let answer = ctx.coordinators.group_at(&topic, partition, command);
    match answer.await.map_err(txn_verify::for_group_client)? {
        Answer::Committed(codes) => codes,
        other => Err(super::unexpected("group coordinator", &other)),
    }
}

fn new_offset(topic: &Topic, p: &TxnOffsetCommitRequestPartition<'_>) -> NewOffset {
    NewOffset {
        topic: topic.name.to_string(),
        topic_id: topic.id,
        partition: p.partition_index,
        offset: p.committed_offset,
        leader_epoch: p.committed_leader_epoch,
        metadata: p.committed_metadata.as_deref().unwrap_or("").to_owned(),
    }
}

/// Puts the coordinator's codes where the request's partitions were fine; one for all is each one's.
fn put(
    response: &mut TxnOffsetCommitResponse<'_>,
    version: i16,
    codes: Result<Vec<ErrorCode>, ErrorCode>,
) {
    let known = |code| match code {
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS if version < LOADING_SINCE => {
            ErrorCode::COORDINATOR_NOT_AVAILABLE
        }
        code => code,
    };
    let fine = response
        .topics
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions)
        .filter(|p| p.error_code == ErrorCode::NONE);
    match codes {
        Ok(codes) => fine.zip(codes).for_each(|(p, code)| p.error_code = code),
        Err(code) => fine.for_each(|p| p.error_code = known(code)),
    }
}
