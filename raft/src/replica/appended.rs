//! An append became durable.

use super::Replica;
use crate::action::Action;

impl Replica {
    pub(super) fn appended(&mut self, seq: u64) {
        let (mut number, mut install) = (None, None);
        while self.pending.front().is_some_and(|oldest| oldest.seq <= seq) {
            let Some(done) = self.pending.pop_front() else {
                break;
            };
            number = Some(done.number);
            install = done.install.or(install);
            for message in done.messages {
                self.send_now(message);
            }
        }
        let Some(number) = number else { return };
        self.node.on_persist_ready(number);
        if let Some((point, members)) = install {
            self.node.advance_apply_to(point.index);
            self.applied = point;
            self.history = vec![(point.index, members.clone())];
            self.actions.push_back(Action::Members(members));
        }
        self.release_held();
    }

    /// True while the switch to a snapshot is on its way to the disk. raft-rs has already moved on then, and an
    /// election would look for entries that are no more.
    pub(super) fn installing(&self) -> bool {
        self.pending.iter().any(|pending| pending.install.is_some())
    }
}
