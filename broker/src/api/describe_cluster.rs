//! DescribeCluster (key 60): the cluster's id and nodes.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use super::brokers::Reachable;
use super::{Context, RequestMeta, operations};
use crate::metadata::Image;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Answers a DescribeCluster request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    let image = ctx.image();
    answer(&image, &Reachable::new(&image, meta), &request)
}

fn answer(
    image: &Image,
    reachable: &Reachable<'_>,
    request: &DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    let refuse = |error_code, text: String| DescribeClusterResponse {
        error_code,
        error_message: Some(text.into()),
        controller_id: -1,
        ..Default::default()
    };
    match request.endpoint_type {
        BROKERS => {}
        CONTROLLERS => {
            let text = "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER";
            return refuse(ErrorCode::MISMATCHED_ENDPOINT_TYPE, text.to_string());
        }
        other => {
            return refuse(
                ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
                format!("Unsupported endpoint type {other}"),
            );
        }
    }
    let shown = reachable
        .all()
        .filter(|(broker, _)| request.include_fenced_brokers || !broker.fenced);
    let brokers = shown.map(|(broker, address)| DescribeClusterBroker {
        broker_id: broker.id.0,
        host: address.host.into(),
        port: i32::from(address.port),
        rack: broker.rack.clone().map(Into::into),
        is_fenced: broker.fenced,
    });
    DescribeClusterResponse {
        cluster_id: image.cluster_id.clone().into(),
        controller_id: image.node.0,
        brokers: brokers.collect(),
        cluster_authorized_operations: operations::if_asked(
            request.include_cluster_authorized_operations,
            operations::CLUSTER,
        ),
        ..Default::default()
    }
}
