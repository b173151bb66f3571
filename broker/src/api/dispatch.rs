//! From a frame to its handler and back: the table of what is served.

use std::pin::Pin;
use std::rc::Rc;

use bytes::{Buf, BytesMut};
use ottla_protocol::api::{ApiKey, RequestHeader, VersionRange, encode_response};
use ottla_protocol::messages as m;
use ottla_protocol::wire::{Decode, Encode, Frame, Reader};
use ottla_runtime::time;

use super::{Close, ConnInfo, Context, RequestMeta, api_versions};

/// An answer that is being worked on; `None` is the answer to a request that gets none (acks=0).
pub type Later = Pin<Box<dyn Future<Output = Result<Option<Frame>, Close>>>>;

/// A request that has been started.
pub enum Started {
    /// Answered already.
    Ready(Option<Frame>),
    /// What must keep the order of requests is done; the rest runs when this is polled.
    Later(Later),
}

/// The handlers: key, module, request. A handler is `async fn handle(&Context, &RequestMeta, Request) -> Response`; one
/// that may close the connection stands under `closing` and gives `Result<Response, Close>`.
macro_rules! serve {
    (
        plain { $($key:ident => $module:ident($request:ty);)* }
        closing { $($ckey:ident => $cmodule:ident($crequest:ty);)* }
        staged { $($skey:ident => $smodule:ident;)* }
    ) => {
        /// What is served, and therefore what ApiVersions advertises, in no particular order.
        pub const SERVED: &[ApiKey] = &[ApiKey::API_VERSIONS, $(ApiKey::$key,)* $(ApiKey::$ckey,)* $(ApiKey::$skey,)*];

        async fn start(ctx: Rc<Context>, meta: RequestMeta, body: BytesMut) -> Result<Started, Close> {
            match meta.api {
                $(ApiKey::$key => Ok(Started::Later(Box::pin(async move {
                    let request: $request = decode(&meta, &body)?;
                    let response = super::$module::handle(&ctx, &meta, request).await;
                    answer(&ctx, &meta, &response).map(Some)
                }))),)*
                $(ApiKey::$ckey => Ok(Started::Later(Box::pin(async move {
                    let request: $crequest = decode(&meta, &body)?;
                    let response = super::$cmodule::handle(&ctx, &meta, request).await?;
                    answer(&ctx, &meta, &response).map(Some)
                }))),)*
                $(ApiKey::$skey => {
                    let enqueued = super::$smodule::enqueue(&ctx, &meta, body).await?;
                    Ok(Started::Later(Box::pin(async move {
                        match enqueued.finish().await? {
                            Some(response) => answer(&ctx, &meta, &response).map(Some),
                            None => Ok(None),
                        }
                    })))
                })*
                ApiKey::API_VERSIONS => {
                    let request: m::api_versions::ApiVersionsRequest<'_> = decode(&meta, &body)?;
                    let response = api_versions::handle(&ctx, &meta, request);
                    answer(&ctx, &meta, &response).map(|frame| Started::Ready(Some(frame)))
                }
                other => Err(Close::internal(format!("{other} is advertised but has no handler"))),
            }
        }

        /// A valid frame, without its length, of each request in each version.
        #[cfg(test)]
        #[allow(elided_lifetimes_in_paths)] // some of the requests borrow, some do not
        pub(super) fn samples() -> Vec<Vec<u8>> {
            let mut all = Vec::new();
            $(sample::<$request>(&mut all);)*
            $(sample::<$crequest>(&mut all);)*
            sample::<m::produce::ProduceRequest>(&mut all);
            sample::<m::api_versions::ApiVersionsRequest>(&mut all);
            all
        }
    };
}

serve! {
    plain {
        ADD_OFFSETS_TO_TXN => add_offsets_to_txn(m::add_offsets_to_txn::AddOffsetsToTxnRequest<'_>);
        ADD_PARTITIONS_TO_TXN => add_partitions_to_txn(m::add_partitions_to_txn::AddPartitionsToTxnRequest<'_>);
        ADD_RAFT_VOTER => add_raft_voter(m::add_raft_voter::AddRaftVoterRequest<'_>);
        ALTER_CLIENT_QUOTAS => alter_client_quotas(m::alter_client_quotas::AlterClientQuotasRequest<'_>);
        ALTER_CONFIGS => alter_configs(m::alter_configs::AlterConfigsRequest<'_>);
        ALTER_PARTITION_REASSIGNMENTS => alter_partition_reassignments(m::alter_partition_reassignments::AlterPartitionReassignmentsRequest<'_>);
        ALTER_REPLICA_LOG_DIRS => alter_replica_log_dirs(m::alter_replica_log_dirs::AlterReplicaLogDirsRequest<'_>);
        ALTER_SHARE_GROUP_OFFSETS => alter_share_group_offsets(m::alter_share_group_offsets::AlterShareGroupOffsetsRequest<'_>);
        ALTER_USER_SCRAM_CREDENTIALS => alter_user_scram_credentials(m::alter_user_scram_credentials::AlterUserScramCredentialsRequest<'_>);
        CONSUMER_GROUP_DESCRIBE => consumer_group_describe(m::consumer_group_describe::ConsumerGroupDescribeRequest<'_>);
        CONSUMER_GROUP_HEARTBEAT => consumer_group_heartbeat(m::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'_>);
        CREATE_ACLS => create_acls(m::create_acls::CreateAclsRequest<'_>);
        CREATE_DELEGATION_TOKEN => create_delegation_token(m::create_delegation_token::CreateDelegationTokenRequest<'_>);
        CREATE_PARTITIONS => create_partitions(m::create_partitions::CreatePartitionsRequest<'_>);
        CREATE_TOPICS => create_topics(m::create_topics::CreateTopicsRequest<'_>);
        DELETE_ACLS => delete_acls(m::delete_acls::DeleteAclsRequest<'_>);
        DELETE_GROUPS => delete_groups(m::delete_groups::DeleteGroupsRequest<'_>);
        DELETE_SHARE_GROUP_OFFSETS => delete_share_group_offsets(m::delete_share_group_offsets::DeleteShareGroupOffsetsRequest<'_>);
        DELETE_SHARE_GROUP_STATE => delete_share_group_state(m::delete_share_group_state::DeleteShareGroupStateRequest<'_>);
        DELETE_TOPICS => delete_topics(m::delete_topics::DeleteTopicsRequest<'_>);
        DESCRIBE_ACLS => describe_acls(m::describe_acls::DescribeAclsRequest<'_>);
        DESCRIBE_CLIENT_QUOTAS => describe_client_quotas(m::describe_client_quotas::DescribeClientQuotasRequest<'_>);
        DESCRIBE_CLUSTER => describe_cluster(m::describe_cluster::DescribeClusterRequest);
        DESCRIBE_CONFIGS => describe_configs(m::describe_configs::DescribeConfigsRequest<'_>);
        DESCRIBE_DELEGATION_TOKEN => describe_delegation_token(m::describe_delegation_token::DescribeDelegationTokenRequest<'_>);
        DESCRIBE_GROUPS => describe_groups(m::describe_groups::DescribeGroupsRequest<'_>);
        DESCRIBE_QUORUM => describe_quorum(m::describe_quorum::DescribeQuorumRequest<'_>);
        DESCRIBE_SHARE_GROUP_OFFSETS => describe_share_group_offsets(m::describe_share_group_offsets::DescribeShareGroupOffsetsRequest<'_>);
        DESCRIBE_TOPIC_PARTITIONS => describe_topic_partitions(m::describe_topic_partitions::DescribeTopicPartitionsRequest<'_>);
        DESCRIBE_TRANSACTIONS => describe_transactions(m::describe_transactions::DescribeTransactionsRequest<'_>);
        DESCRIBE_USER_SCRAM_CREDENTIALS => describe_user_scram_credentials(m::describe_user_scram_credentials::DescribeUserScramCredentialsRequest<'_>);
        ELECT_LEADERS => elect_leaders(m::elect_leaders::ElectLeadersRequest<'_>);
        END_TXN => end_txn(m::end_txn::EndTxnRequest<'_>);
        EXPIRE_DELEGATION_TOKEN => expire_delegation_token(m::expire_delegation_token::ExpireDelegationTokenRequest<'_>);
        FIND_COORDINATOR => find_coordinator(m::find_coordinator::FindCoordinatorRequest<'_>);
        HEARTBEAT => heartbeat(m::heartbeat::HeartbeatRequest<'_>);
        INCREMENTAL_ALTER_CONFIGS => incremental_alter_configs(m::incremental_alter_configs::IncrementalAlterConfigsRequest<'_>);
        INIT_PRODUCER_ID => init_producer_id(m::init_producer_id::InitProducerIdRequest<'_>);
        INITIALIZE_SHARE_GROUP_STATE => initialize_share_group_state(m::initialize_share_group_state::InitializeShareGroupStateRequest<'_>);
        JOIN_GROUP => join_group(m::join_group::JoinGroupRequest<'_>);
        LEAVE_GROUP => leave_group(m::leave_group::LeaveGroupRequest<'_>);
        LIST_CONFIG_RESOURCES => list_config_resources(m::list_config_resources::ListConfigResourcesRequest);
        LIST_GROUPS => list_groups(m::list_groups::ListGroupsRequest<'_>);
        LIST_PARTITION_REASSIGNMENTS => list_partition_reassignments(m::list_partition_reassignments::ListPartitionReassignmentsRequest<'_>);
        LIST_TRANSACTIONS => list_transactions(m::list_transactions::ListTransactionsRequest<'_>);
        METADATA => metadata(m::metadata::MetadataRequest<'_>);
        OFFSET_COMMIT => offset_commit(m::offset_commit::OffsetCommitRequest<'_>);
        OFFSET_DELETE => offset_delete(m::offset_delete::OffsetDeleteRequest<'_>);
        OFFSET_FETCH => offset_fetch(m::offset_fetch::OffsetFetchRequest<'_>);
        READ_SHARE_GROUP_STATE => read_share_group_state(m::read_share_group_state::ReadShareGroupStateRequest<'_>);
        READ_SHARE_GROUP_STATE_SUMMARY => read_share_group_state_summary(m::read_share_group_state_summary::ReadShareGroupStateSummaryRequest<'_>);
        REMOVE_RAFT_VOTER => remove_raft_voter(m::remove_raft_voter::RemoveRaftVoterRequest<'_>);
        RENEW_DELEGATION_TOKEN => renew_delegation_token(m::renew_delegation_token::RenewDelegationTokenRequest<'_>);
        SHARE_ACKNOWLEDGE => share_acknowledge(m::share_acknowledge::ShareAcknowledgeRequest<'_>);
        SHARE_FETCH => share_fetch(m::share_fetch::ShareFetchRequest<'_>);
        SHARE_GROUP_DESCRIBE => share_group_describe(m::share_group_describe::ShareGroupDescribeRequest<'_>);
        SHARE_GROUP_HEARTBEAT => share_group_heartbeat(m::share_group_heartbeat::ShareGroupHeartbeatRequest<'_>);
        STREAMS_GROUP_DESCRIBE => streams_group_describe(m::streams_group_describe::StreamsGroupDescribeRequest<'_>);
        STREAMS_GROUP_HEARTBEAT => streams_group_heartbeat(m::streams_group_heartbeat::StreamsGroupHeartbeatRequest<'_>);
        SYNC_GROUP => sync_group(m::sync_group::SyncGroupRequest<'_>);
        TXN_OFFSET_COMMIT => txn_offset_commit(m::txn_offset_commit::TxnOffsetCommitRequest<'_>);
        UNREGISTER_BROKER => unregister_broker(m::unregister_broker::UnregisterBrokerRequest);
        UPDATE_FEATURES => update_features(m::update_features::UpdateFeaturesRequest<'_>);
        WRITE_SHARE_GROUP_STATE => write_share_group_state(m::write_share_group_state::WriteShareGroupStateRequest<'_>);
    }
    closing {
        DESCRIBE_LOG_DIRS => describe_log_dirs(m::describe_log_dirs::DescribeLogDirsRequest<'_>);
        DELETE_RECORDS => delete_records(m::delete_records::DeleteRecordsRequest<'_>);
        DESCRIBE_PRODUCERS => describe_producers(m::describe_producers::DescribeProducersRequest<'_>);
        FETCH => fetch(m::fetch::FetchRequest<'_>);
        LIST_OFFSETS => list_offsets(m::list_offsets::ListOffsetsRequest<'_>);
        OFFSET_FOR_LEADER_EPOCH => offset_for_leader_epoch(m::offset_for_leader_epoch::OffsetForLeaderEpochRequest<'_>);
        WRITE_TXN_MARKERS => write_txn_markers(m::write_txn_markers::WriteTxnMarkersRequest<'_>);
    }
    staged {
        PRODUCE => produce;
    }
}

/// Starts one request. For Produce the batches stand in their owners' queues when this returns, in the order of the calls;
/// of any other request nothing has happened before the result is polled.
pub async fn dispatch(
    ctx: &Rc<Context>,
    conn: &Rc<ConnInfo>,
    mut frame: BytesMut,
) -> Result<Started, Close> {
    let received = time::now();
    let (meta, at) = {
        let mut reader = Reader::new(&frame);
        let header = RequestHeader::decode(&mut reader).map_err(|error| {
            Close::new(format!("the header of its request does not parse: {error}"))
        })?;
        let meta = RequestMeta {
            api: header.api_key,
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: conn.set_client_id(header.client_id.as_deref().unwrap_or("")),
            conn: conn.clone(),
            received,
        };
        (meta, frame.len() - reader.rest().len())
    };
    match served_versions(meta.api) {
        Some(served) if served.contains(meta.version) => {}
        Some(_) if meta.api == ApiKey::API_VERSIONS => {
            let response = api_versions::unsupported();
            let frame = encode_response(&response, meta.api, 0, meta.correlation_id)
                .map_err(|error| Close::unsayable(&meta, error))?;
            return Ok(Started::Ready(Some(frame)));
        }
        Some(served) => {
            return Err(Close::new(format!(
                "it sent {meta}; versions {} to {} are served",
                served.min, served.max
            )));
        }
        None => return Err(Close::new(format!("it sent {meta}, which is not served"))),
    }
    ctx.metrics.requests.of(meta.api).inc();
    frame.advance(at);
    start(ctx.clone(), meta, frame).await
}

/// Versions of `api` that are answered; `None` when it is not served. Narrower than what is advertised for Produce, wider
/// for none.
pub(super) fn served_versions(api: ApiKey) -> Option<VersionRange> {
    let known = SERVED.contains(&api).then(|| api.api()).flatten()?;
    Some(VersionRange {
        min: known.versions.min.max(known.advertised.min),
        max: known.versions.max.min(known.advertised.max),
    })
}

/// Reads a body. Bytes after a good one are ignored, as in Kafka.
pub fn decode<'a, R: Decode<'a>>(meta: &RequestMeta, body: &'a [u8]) -> Result<R, Close> {
    R::decode(&mut Reader::new(body), meta.version).map_err(|error| Close::bad_body(meta, error))
}

fn answer(ctx: &Context, meta: &RequestMeta, response: &impl Encode) -> Result<Frame, Close> {
    ctx.metrics
        .request_time
        .of(meta.api)
        .record(meta.received.elapsed());
    encode_response(response, meta.api, meta.version, meta.correlation_id)
        .map_err(|error| Close::unsayable(meta, error))
}

/// Whether `frame` is a Produce request, as far as its first bytes say: it may start while others of its kind are under way.
pub fn is_produce(frame: &[u8]) -> bool {
    frame
        .first_chunk::<2>()
        .is_some_and(|key| ApiKey(i16::from_be_bytes(*key)) == ApiKey::PRODUCE)
}

#[cfg(test)]
fn sample<R: ottla_protocol::Request + Default>(all: &mut Vec<Vec<u8>>) {
    let Some(versions) = served_versions(R::KEY) else {
        return;
    };
    for version in versions.min..=versions.max {
        let frame = ottla_protocol::api::encode_request(&R::default(), version, 7, Some("test"));
        let frame = frame.expect("a default request").into_bytes();
        all.push(frame[4..].to_vec());
    }
}
