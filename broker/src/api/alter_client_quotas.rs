//! AlterClientQuotas (key 49).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, EntryData, ResponseEntryData,
};

use super::{Context, RequestMeta};
use crate::controller::{Command, QuotaChange, Refusal};
use crate::metadata::QuotaEntity;

/// Answers an AlterClientQuotas request, in the order of its entries.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AlterClientQuotasRequest<'_>,
) -> AlterClientQuotasResponse<'static> {
    let read: Vec<Result<QuotaChange, Refusal>> = request.entries.iter().map(change).collect();
    let changes: Vec<QuotaChange> = read
        .iter()
        .filter_map(|change| change.as_ref().ok().cloned())
        .collect();
    let count = changes.len();
    let mut items = match count {
        0 => Vec::new(),
        _ => {
            let command = Command::AlterClientQuotas {
                changes,
                validate_only: request.validate_only,
            };
            super::items(ctx.controller(command).await, count)
        }
    }
    .into_iter();
    let entries = request.entries.iter().zip(read).map(|(entry, read)| {
        let result = read.and_then(|_| items.next().unwrap_or(Ok(())));
        let (error_code, error_message) = super::code_and_text(result);
        let entity = entry.entity.iter().map(|part| EntityData {
            entity_type: part.entity_type.to_string().into(),
            entity_name: part
                .entity_name
                .as_ref()
                .map(|name| name.to_string().into()),
        });
        ResponseEntryData {
            error_code,
            error_message,
            entity: entity.collect(),
        }
    });
    AlterClientQuotasResponse {
        entries: entries.collect(),
        ..Default::default()
    }
}

fn change(entry: &EntryData<'_>) -> Result<QuotaChange, Refusal> {
    let mut entity = QuotaEntity::default();
    for part in &entry.entity {
        let name = Some(part.entity_name.as_ref().map(|name| name.to_string()));
        match &*part.entity_type {
            "user" => entity.user = name,
            "client-id" => entity.client_id = name,
            "ip" => entity.ip = name,
            other => {
                let text = format!("Unhandled client quota entity type: {other}");
                return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
            }
        }
    }
    let ops = entry
        .ops
        .iter()
        .map(|op| (op.key.to_string(), (!op.remove).then_some(op.value)));
    Ok(QuotaChange {
        entity,
        ops: ops.collect(),
    })
}
