//! DescribeClientQuotas (key 48): quotas of the entities that a filter matches (KIP-546).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse, EntityData,
    EntryData, ValueData,
};

use super::{Context, RequestMeta};
use crate::controller::Refusal;
use crate::metadata::{Image, QuotaEntity};

const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

/// Answers a DescribeClientQuotas request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeClientQuotasRequest<'_>,
) -> DescribeClientQuotasResponse<'static> {
    answer(&ctx.image(), &request)
}

fn answer(
    image: &Image,
    request: &DescribeClientQuotasRequest<'_>,
) -> DescribeClientQuotasResponse<'static> {
    if let Err(refusal) = check(&request.components) {
        return DescribeClientQuotasResponse {
            error_code: refusal.code,
            error_message: Some(refusal.message.into()),
            entries: None,
            ..Default::default()
        };
    }
    let matched = image
        .quotas
        .iter()
        .filter(|(entity, _)| matches(entity, request));
    let entries = matched.map(|(entity, quotas)| EntryData {
        entity: parts(entity)
            .map(|(kind, name)| EntityData {
                entity_type: kind.into(),
                entity_name: name.clone().map(Into::into),
            })
            .collect(),
        values: quotas
            .iter()
            .map(|(key, value)| ValueData {
                key: key.clone().into(),
                value: *value,
            })
            .collect(),
    });
    DescribeClientQuotasResponse {
        error_message: Some("".into()),
        entries: Some(entries.collect()),
        ..Default::default()
    }
}

fn parts(entity: &QuotaEntity) -> impl Iterator<Item = (&'static str, &Option<String>)> {
    let all = [
        ("client-id", &entity.client_id),
        ("ip", &entity.ip),
        ("user", &entity.user),
    ];
    all.into_iter()
        .filter_map(|(kind, name)| Some((kind, name.as_ref()?)))
}

fn check(components: &[ComponentData<'_>]) -> Result<(), Refusal> {
    let refuse = |code, text: String| Err(Refusal::new(code, text));
    let mut seen: Vec<&str> = Vec::new();
    for component in components {
        let kind = &*component.entity_type;
        if kind.is_empty() {
            return refuse(
                ErrorCode::INVALID_REQUEST,
                "Invalid empty entity type.".to_string(),
            );
        }
        if seen.contains(&kind) {
            let text = format!("Entity type {kind} cannot appear more than once in the filter.");
            return refuse(ErrorCode::INVALID_REQUEST, text);
        }
        seen.push(kind);
        let fault = match (component.match_type, component.r#match.is_some()) {
            (EXACT, true) | (DEFAULT | ANY, false) => None,
            (EXACT, false) => Some(
                "Request specified MATCH_TYPE_EXACT, but set match string to null.".to_string(),
            ),
            (DEFAULT, true) => Some(
                "Request specified MATCH_TYPE_DEFAULT, but also specified a match string."
                    .to_string(),
            ),
            (ANY, true) => Some(
                "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string."
                    .to_string(),
            ),
            (other, _) => Some(format!("Unknown match type {other}")),
        };
        if let Some(text) = fault {
            return refuse(ErrorCode::INVALID_REQUEST, text);
        }
        if !["user", "client-id", "ip"].contains(&kind) {
            return refuse(
                ErrorCode::UNSUPPORTED_VERSION,
                format!("Unsupported entity type {kind}"),
            );
        }
    }
    if seen.contains(&"ip") && seen.len() > 1 {
        let text = "Invalid entity filter component combination. IP filter component should not be used with user or \
                    clientId filter component.";
        return refuse(ErrorCode::INVALID_REQUEST, text.to_string());
    }
    Ok(())
}

/// Every part of the filter must fit; strictly, the entity may have no further part.
fn matches(entity: &QuotaEntity, request: &DescribeClientQuotasRequest<'_>) -> bool {
    let fits = request.components.iter().all(|component| {
        let part = parts(entity).find(|(kind, _)| *kind == component.entity_type);
        part.is_some_and(|(_, name)| match component.match_type {
            EXACT => name.is_some() && name.as_deref() == component.r#match.as_deref(),
            DEFAULT => name.is_none(),
            _ => true,
        })
    });
    fits && (!request.strict || parts(entity).count() == request.components.len())
}

#[cfg(test)]
mod tests;
