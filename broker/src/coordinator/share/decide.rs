//! What is asked of a share partition's state, and what is written of it. Codes and texts are Kafka's.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::ShareRecord;
use ottla_protocol::records::share_snapshot::ShareSnapshotKey;
use ottla_protocol::records::share_update::{ShareUpdateKey, ShareUpdateValue};

use super::batches::combine;
use super::state::{State, UNKNOWN, update_batches};
use super::{Change, Command, Key, Known, Record, Refusal, Shares, Verb};
use crate::coordinator::Now;

type Decided = Result<(Option<Record>, Option<Known>), Refusal>;

impl Shares {
    /// The record to be written, if any, and the answer once it is.
    ///
    /// # Errors
    /// 42, 3, 74, 124.
    pub(super) fn decide(&self, command: Command, now: &Now<'_>) -> Decided {
        let Command { key, verb } = command;
        if key.partition.partition < 0 {
            return Err(invalid("The partition id cannot be a negative number."));
        }
        let state = self.states.get(&key);
        let exists = || match now.image.topics.partition(key.partition) {
            Some(_) => Ok(()),
            None => Err(Refusal::plain(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)),
        };
        match verb {
            Verb::Initialize { state_epoch, start } => {
                let known = state.map_or(-1, |state| state.state_epoch);
                fence(state_epoch, known, ErrorCode::FENCED_STATE_EPOCH)?;
                exists()?;
                let record = initialized(&key, state, state_epoch, start, now.wall_ms);
                Ok((Some(record), None))
            }
            Verb::Read { leader_epoch } => {
                let state = state.ok_or_else(|| invalid(NOT_READABLE))?;
                fence(
                    leader_epoch,
                    state.leader_epoch,
                    ErrorCode::FENCED_LEADER_EPOCH,
                )?;
                exists()?;
                let new = leader_epoch > state.leader_epoch;
                let record = new.then(|| self.took_over(&key, state, leader_epoch, now));
                Ok((record, Some(known(state))))
            }
            Verb::Summary => {
                exists()?;
                Ok((None, Some(state.map_or(NOTHING, known))))
            }
            Verb::Write(change) => {
                let state = state.ok_or_else(|| invalid(NOT_WRITABLE))?;
                fence(
                    change.leader_epoch,
                    state.leader_epoch,
                    ErrorCode::FENCED_LEADER_EPOCH,
                )?;
                fence(
                    change.state_epoch,
                    state.state_epoch,
                    ErrorCode::FENCED_STATE_EPOCH,
                )?;
                if change
                    .batches
                    .iter()
                    .any(|b| b.first < 0 || b.first > b.last)
                {
                    return Err(invalid("A batch of the state ends before it begins."));
                }
                exists()?;
                let record = self.changed(&key, state, &change, state.leader_epoch, now);
                Ok((Some(record), None))
            }
            Verb::Delete => {
                exists()?;
                Ok((state.map(|_| tombstone(&key)), None))
            }
        }
    }

    /// A leader has asked, which is the newest from now on.
    fn took_over(&self, key: &Key, state: &State, leader_epoch: i32, now: &Now<'_>) -> Record {
        let change = Change {
            state_epoch: state.state_epoch,
            leader_epoch,
            start: state.start,
            complete_count: state.complete_count,
            batches: Vec::new(),
        };
        self.changed(key, state, &change, leader_epoch, now)
    }

    /// An update; a snapshot when there have been enough of them.
    fn changed(
        &self,
        key: &Key,
        state: &State,
        change: &Change,
        leader_epoch: i32,
        now: &Now<'_>,
    ) -> Record {
        let most = setting(
            now,
            "share.coordinator.snapshot.update.records.per.snapshot",
        );
        if state.updates < most {
            let key = ShareUpdateKey {
                group_id: key.group.to_string().into(),
                topic_id: key.partition.topic,
                partition: key.partition.partition,
            };
            let value = ShareUpdateValue {
                snapshot_epoch: state.snapshot_epoch,
                leader_epoch,
                start_offset: change.start,
                delivery_complete_count: change.complete_count,
                state_batches: update_batches(&combine(&[], &change.batches, change.start)),
            };
            return ShareRecord::ShareUpdate(key, Some(value));
        }
        let start = match change.start {
            UNKNOWN => state.start,
            start => start,
        };
        let state = State {
            snapshot_epoch: state.snapshot_epoch.wrapping_add(1),
            leader_epoch,
            start,
            complete_count: change.complete_count,
            create_ms: now.wall_ms,
            write_ms: now.wall_ms,
            batches: combine(&state.batches, &change.batches, start),
            ..state.clone()
        };
        snapshot(key, &state)
    }
}

fn initialized(
    key: &Key,
    before: Option<&State>,
    state_epoch: i32,
    start: i64,
    now_ms: i64,
) -> Record {
    let state = State {
        snapshot_epoch: before.map_or(0, |state| state.snapshot_epoch.wrapping_add(1)),
        state_epoch,
        leader_epoch: 0,
        start,
        complete_count: if start == UNKNOWN { -1 } else { 0 },
        create_ms: now_ms,
        write_ms: now_ms,
        batches: Vec::new(),
        updates: 0,
        at: 0,
    };
    snapshot(key, &state)
}

/// The snapshot of a state.
pub(super) fn snapshot(key: &Key, state: &State) -> Record {
    ShareRecord::ShareSnapshot(snapshot_key(key), Some(state.snapshot()))
}

/// The record that forgets a state.
pub(super) fn tombstone(key: &Key) -> Record {
    ShareRecord::ShareSnapshot(snapshot_key(key), None)
}

fn snapshot_key(key: &Key) -> ShareSnapshotKey<'static> {
    ShareSnapshotKey {
        group_id: key.group.to_string().into(),
        topic_id: key.partition.topic,
        partition: key.partition.partition,
    }
}

/// A number of the broker's.
pub(super) fn setting(now: &Now<'_>, name: &str) -> i64 {
    let settings = &now.image.broker_config.settings;
    settings.number(name).unwrap_or_default()
}

fn fence(said: i32, known: i32, code: ErrorCode) -> Result<(), Refusal> {
    match said != -1 && known > said {
        true => Err(Refusal::plain(code)),
        false => Ok(()),
    }
}

fn known(state: &State) -> Known {
    Known {
        state_epoch: state.state_epoch,
        leader_epoch: state.leader_epoch,
        start: state.start,
        complete_count: state.complete_count,
        batches: state.batches.clone(),
    }
}

/// What is said of a share partition that was never initialized.
const NOTHING: Known = Known {
    state_epoch: 0,
    leader_epoch: 0,
    start: UNKNOWN,
    complete_count: -1,
    batches: Vec::new(),
};

const NOT_READABLE: &str = "The read operation on uninitialized share partition is not allowed.";
const NOT_WRITABLE: &str = "The write operation on uninitialized share partition is not allowed.";

fn invalid(message: &str) -> Refusal {
    Refusal {
        code: ErrorCode::INVALID_REQUEST,
        message: message.into(),
    }
}

impl Refusal {
    /// In the words of the code.
    pub fn plain(code: ErrorCode) -> Refusal {
        Refusal {
            code,
            message: code.message().into(),
        }
    }
}
