//! The state of share partitions, as handlers of share groups have the share coordinator change it.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{PartitionId, Uuid};

use super::Context;
use crate::coordinator::group::share::{self, Partitions};
use crate::coordinator::group::{Answer, Command};
use crate::coordinator::share::{Command as Ask, Key, Known, Refusal, Verb};

/// Asks the share coordinator of a share partition.
///
/// # Errors
/// What it says; 14, 15, 16.
pub async fn ask(
    ctx: &Context,
    group: &str,
    partition: PartitionId,
    verb: Verb,
) -> Result<Option<Known>, Refusal> {
    let key = Key {
        group: group.into(),
        partition,
    };
    match ctx.coordinators.share(Ask { key, verb }).await {
        Ok(answer) => answer,
        Err(code) => Err(Refusal::plain(code)),
    }
}

/// Asks the group coordinator about a share group.
///
/// # Errors
/// 14, 15, 16.
pub async fn group(
    ctx: &Context,
    name: &str,
    command: share::Command,
) -> Result<share::Answer, ErrorCode> {
    match ctx.coordinators.group(name, Command::Share(command)).await {
        Ok(Answer::Share(answer)) => Ok(answer),
        Ok(other) => Err(super::unexpected("group coordinator", &other)),
        Err(code) => Err(code),
    }
}

/// Has state made of these partitions, each to begin at its offset or, at -1, where the group begins; then the group knows.
/// Gives back what could not be made, and why.
pub async fn initialize(
    ctx: &Context,
    name: &str,
    state_epoch: i32,
    wanted: Vec<(PartitionId, i64)>,
) -> Vec<(PartitionId, Refusal)> {
    let (mut done, mut failed) = (Partitions::new(), Partitions::new());
    let mut refusals = Vec::new();
    for (id, start) in wanted {
        let verb = Verb::Initialize { state_epoch, start };
        let into = match ask(ctx, name, id, verb).await {
            Ok(_) => &mut done,
            Err(refusal) => {
                tracing::warn!(
                    group = name,
                    partition = %id,
                    "the state of a share partition cannot be made: {}",
                    refusal.message
                );
                refusals.push((id, refusal));
                &mut failed
            }
        };
        into.entry(id.topic).or_default().insert(id.partition);
    }
    let command = share::Command::Initialized {
        group: name.to_owned(),
        done,
        failed,
    };
    // If the group does not hear of it, it asks again.
    if let Err(code) = group(ctx, name, command).await {
        tracing::warn!(
            group = name,
            "a share group cannot be told: {}",
            code.message()
        );
    }
    refusals
}

/// Has the state of a topic's partitions deleted.
///
/// # Errors
/// That of the first which cannot be.
pub async fn delete(
    ctx: &Context,
    name: &str,
    topic: Uuid,
    partitions: BTreeSet<i32>,
) -> Result<(), Refusal> {
    for partition in partitions {
        let id = PartitionId { topic, partition };
        ask(ctx, name, id, Verb::Delete).await?;
    }
    Ok(())
}
