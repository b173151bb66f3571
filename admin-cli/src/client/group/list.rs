//! Which groups there are, and the end of a group.

use ottla_protocol::messages::delete_groups::DeleteGroupsRequest;
use ottla_protocol::messages::list_groups::ListGroupsRequest;

use super::super::Client;
use super::super::admin::{accepted, silent};
use super::super::coordinator::Terms;
use super::super::error::ClientError;
use super::charge;

/// A group as its coordinator lists it. What a broker is too old to tell is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub name: String,
    /// `classic`, `consumer`, `share`, `streams`; empty before Kafka 3.8.
    pub kind: String,
    /// As `Stable` or `Empty`; empty before Kafka 2.6.
    pub state: String,
    /// What its members are to each other, as `consumer` or `connect`; empty for a group that only holds offsets.
    pub protocol_type: String,
    /// The node that coordinates it.
    pub coordinator: i32,
}

impl Client {
    /// Every group of the cluster, by name.
    pub async fn list_groups(&mut self) -> Result<Vec<ListedGroup>, ClientError> {
        let request = ListGroupsRequest::default();
        let by_node = self.ask_all(&request, |node, answer| {
            let body = answer.body()?;
            let what = format!("the groups of node {node}");
            accepted(what, body.error_code, None)?;
            let listed = body.groups.iter().map(|group| ListedGroup {
                name: group.group_id.to_string(),
                kind: group.group_type.to_lowercase(),
                state: group.group_state.to_string(),
                protocol_type: group.protocol_type.to_string(),
                coordinator: node,
            });
            Ok(listed.collect::<Vec<_>>())
        });
        let mut groups: Vec<ListedGroup> = by_node.await?.into_iter().flatten().collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        // A group that moves while it is asked for may be listed by two nodes.
        groups.dedup_by(|a, b| a.name == b.name);
        Ok(groups)
    }

    /// Deletes a group with all it has committed.
    pub async fn delete_group(&mut self, name: &str) -> Result<(), ClientError> {
        let make = |_| DeleteGroupsRequest {
            groups_names: vec![name.to_owned().into()],
        };
        let charge = charge(name);
        self.ask_coordinator(&charge, Terms::default(), make, |answer| {
            let body = answer.body()?;
            let result = body.results.first().ok_or_else(|| silent("DeleteGroups"))?;
            accepted(format!("deleting group {name:?}"), result.error_code, None)
        })
        .await
    }
}
