//! Turning what raft-rs has ready into actions.
//!
//! raft-rs is driven by its asynchronous way: the log view holds the new entries at once, the caller flushes them
//! whenever it can, and raft-rs is told afterwards. Messages that vouch for something wait with the append that makes
//! it durable. A leader's own messages need not wait, with one exception: a group with a single voter elects itself
//! before its new term is durable, and its learners must not hear of a term that a crash could make it use twice.

use raft::eraftpb::{self, EntryType, MessageType, Snapshot};

use super::{Held, Pending, Replica, hard_state};
use crate::action::{Action, Append, Fault, Fetch, HardState, Role, RoleChange};
use crate::entry::{self, Entry, Reading};
use crate::log_view::ENTRY_OVERHEAD;
use crate::message::{Body, PeerMessage, read_snapshot};

/// What one Ready changed of the log view.
struct Written {
    /// The end of the log before.
    last: u64,
    install: Option<Fetch>,
    truncate_from: Option<u64>,
    entries: Vec<Entry>,
}

impl Replica {
    /// Takes one Ready from raft-rs. False if there was nothing to do.
    pub(super) fn drain(&mut self) -> bool {
        self.submit();
        self.ask_for_snapshot();
        if self.fault.is_some() || !self.node.has_ready() {
            self.staged.clear();
            return !self.actions.is_empty();
        }
        let mut ready = self.node.ready();
        let number = ready.number();
        let vouching = !ready.persisted_messages().is_empty();
        let mut messages = ready.take_messages();
        messages.extend(ready.take_persisted_messages());
        let committed = ready.take_committed_entries();
        let mut fences = false;
        if let Some(hard) = ready.hs().map(hard_state) {
            fences = (hard.term, hard.vote) != (self.hard.term, self.hard.vote);
            self.hard = hard;
        }
        let written = self.write_to_view(ready.snapshot().clone(), ready.take_entries());
        let Some(written) = written else { return true };
        self.node.advance_append_async(ready);

        // A change of members acts when it is applied, so a restart must not forget that it was committed.
        let changes = committed
            .iter()
            .any(|e| e.get_entry_type() != EntryType::EntryNormal);
        let guard = changes && self.commit_written < self.hard.commit;
        if written.install.is_some() || !written.entries.is_empty() || fences || guard {
            self.append(number, fences, written);
        } else if let Some(last) = self.pending.back_mut() {
            last.number = number;
        } else {
            self.node.on_persist_ready(number);
        }
        self.send(messages, vouching);
        if guard || !self.held.is_empty() {
            let after = if guard { self.last_seq } else { 0 };
            self.held.push_back(Held {
                after,
                entries: committed,
            });
            self.release_held();
        } else {
            self.commit(committed);
        }
        self.report();
        true
    }

    /// Brings the log view to where raft-rs is. `None` if it cannot be: the replica has stopped.
    fn write_to_view(
        &mut self,
        snapshot: Snapshot,
        entries: Vec<eraftpb::Entry>,
    ) -> Option<Written> {
        let last = self.log().last();
        let mut install = None;
        if !snapshot.is_empty() {
            let raft = &self.node.raft;
            let Some(fetch) = read_snapshot(&snapshot, raft.leader_id, raft.term) else {
                self.stop(Fault::Diverged(
                    "a snapshot that was checked before is not sound",
                ));
                return None;
            };
            self.node.mut_store().reset(fetch.point);
            install = Some(fetch);
        }
        let first = entries.first().map(|e| e.index);
        let truncate_from = first.filter(|first| *first <= self.log().last());
        if let Some(from) = truncate_from {
            self.node.mut_store().truncate(from);
        }
        let mut written = Vec::with_capacity(entries.len());
        for entry in &entries {
            match self.write_entry(entry) {
                Ok(entry) => written.push(entry),
                Err(why) => {
                    self.stop(Fault::Diverged(why));
                    return None;
                }
            }
        }
        self.staged.clear();
        self.next_offset = self.log().end_offset();
        Some(Written {
            last,
            install,
            truncate_from,
            entries: written,
        })
    }

    fn write_entry(&mut self, entry: &eraftpb::Entry) -> Result<Entry, &'static str> {
        let reading = entry::read(entry).ok_or("an entry cannot be read")?;
        let body = match &reading {
            Reading::Empty => bytes::Bytes::new(),
            Reading::Config => entry.data.clone(),
            Reading::Described(_) => self
                .staged
                .remove(&(entry.index, entry.term))
                .ok_or("an entry came without its body")?,
        };
        if entry.index != self.log().last() + 1 {
            return Err("entries do not follow each other");
        }
        self.node.mut_store().append(entry.term, &reading, body)
    }

    fn append(&mut self, number: u64, fences: bool, written: Written) {
        self.last_seq += 1;
        let seq = self.last_seq;
        let Written {
            last,
            install,
            truncate_from,
            entries,
        } = written;
        let mut hard = None;
        if fences || self.commit_written < self.hard.commit {
            // A crash may leave the hard state without the rest. What the log held before a snapshot was not
            // compared with it, so none of that may be called committed.
            let covered = match (&install, truncate_from) {
                (Some(_), _) => self.commit_written,
                (None, Some(from)) => from - 1,
                (None, None) => last,
            };
            let commit = self.hard.commit.min(covered);
            self.commit_written = commit;
            hard = Some(HardState {
                commit,
                ..self.hard
            });
        }
        let switch = install
            .as_ref()
            .map(|fetch| (fetch.point, fetch.members.clone()));
        self.pending.push_back(Pending {
            seq,
            number,
            fences,
            install: switch,
            messages: Vec::new(),
        });
        self.actions.push_back(Action::Append(Append {
            seq,
            hard,
            install,
            truncate_from,
            entries,
        }));
    }

    /// Sends messages, or leaves them with the append they must wait for.
    fn send(&mut self, messages: Vec<eraftpb::Message>, vouching: bool) {
        let mut out = Vec::with_capacity(messages.len());
        for message in messages {
            self.outgoing(message, &mut out);
        }
        let wait_for = match vouching {
            true => self.pending.back_mut(),
            false => self.pending.iter_mut().rfind(|pending| pending.fences),
        };
        match wait_for {
            Some(pending) => pending.messages.extend(out),
            None => out.into_iter().for_each(|message| self.send_now(message)),
        }
    }

    pub(super) fn send_now(&mut self, message: PeerMessage) {
        if let Some(to) = message.to() {
            self.actions.push_back(Action::Send { to, message });
        }
    }

    /// Puts bodies beside the entries of a message and splits it where they grow too large: raft-rs counts only
    /// descriptors. A message whose entries have meanwhile left the log is dropped, as if lost on the way.
    fn outgoing(&self, mut raft: eraftpb::Message, out: &mut Vec<PeerMessage>) {
        if raft.get_msg_type() != MessageType::MsgAppend || raft.entries.is_empty() {
            out.push(PeerMessage {
                raft,
                bodies: Vec::new(),
            });
            return;
        }
        let entries: Vec<eraftpb::Entry> = raft.take_entries().into();
        let mut part = PeerMessage {
            raft,
            bodies: Vec::new(),
        };
        let mut size = 0;
        for entry in entries {
            let body = match entry::read(&entry) {
                Some(Reading::Described(_)) => self.log().body(entry.index, entry.term),
                _ => Some(Body::Here(bytes::Bytes::new())),
            };
            let Some(body) = body else { return };
            let more = body.len() + ENTRY_OVERHEAD;
            if size + more > self.limits.max_message_bytes && !part.bodies.is_empty() {
                let mut next = part.raft.clone();
                next.clear_entries();
                (next.index, next.log_term) = part
                    .raft
                    .entries
                    .last()
                    .map_or((0, 0), |e| (e.index, e.term));
                out.push(std::mem::replace(
                    &mut part,
                    PeerMessage {
                        raft: next,
                        bodies: Vec::new(),
                    },
                ));
                size = 0;
            }
            size += more;
            part.raft.mut_entries().push(entry);
            part.bodies.push(body);
        }
        out.push(part);
    }

    /// Says what changed about role, term and leader; first that proposals were lost.
    fn report(&mut self) {
        let now = RoleChange {
            role: self.role(),
            term: self.term(),
            leader: self.leader(),
        };
        if now == self.reported {
            return;
        }
        let led = self.reported.role == Role::Leader;
        if led && (now.role != Role::Leader || now.term != self.reported.term) {
            if self.uncommitted.last > self.applied.index {
                let from = self.applied.index + 1;
                self.actions.push_back(Action::Lost {
                    term: self.reported.term,
                    from,
                });
            }
            self.uncommitted = super::Uncommitted::default();
            self.serving = false;
            self.asked.clear();
        }
        self.reported = now;
        self.actions.push_back(Action::Role(now));
    }
}
