use super::*;
use crate::api::testing::{encodes, state};
use crate::controller::{Command, QuotaChange};

fn image() -> Image {
    let entity = |user: Option<Option<&str>>, client: Option<&str>| QuotaEntity {
        user: user.map(|name| name.map(str::to_string)),
        client_id: client.map(|name| Some(name.to_string())),
        ip: None,
    };
    let entities = [
        entity(Some(Some("u1")), None),
        entity(Some(Some("u1")), Some("c1")),
        entity(Some(None), None),
        entity(None, Some("c1")),
        QuotaEntity {
            ip: Some(None),
            ..Default::default()
        },
    ];
    let changes = entities.into_iter().map(|entity| {
        let name = if entity.ip.is_some() {
            "connection_creation_rate"
        } else {
            "request_percentage"
        };
        QuotaChange {
            entity,
            ops: vec![(name.to_string(), Some(5.0))],
        }
    });
    state(vec![Command::AlterClientQuotas {
        changes: changes.collect(),
        validate_only: false,
    }])
    .image()
}

type Part<'a> = (&'a str, i8, Option<&'a str>);

fn ask(components: &[Part<'_>], strict: bool) -> Result<usize, i16> {
    let component = |(kind, match_type, name): &Part<'_>| ComponentData {
        entity_type: kind.to_string().into(),
        match_type: *match_type,
        r#match: name.map(|name| name.to_string().into()),
    };
    let components = components.iter().map(component).collect();
    let response = answer(
        &image(),
        &DescribeClientQuotasRequest { components, strict },
    );
    encodes(&response, 0..=1);
    response
        .entries
        .map(|entries| entries.len())
        .ok_or(response.error_code.0)
}

#[test]
fn filters() {
    assert_eq!((ask(&[], false), ask(&[], true)), (Ok(5), Ok(0)));
    let u1 = ("user", EXACT, Some("u1"));
    assert_eq!((ask(&[u1], false), ask(&[u1], true)), (Ok(2), Ok(1)));
    assert_eq!(ask(&[("user", DEFAULT, None)], true), Ok(1));
    let any_user = ("user", ANY, None);
    assert_eq!(
        (ask(&[any_user], true), ask(&[any_user], false)),
        (Ok(2), Ok(3))
    );
    assert_eq!(ask(&[any_user, ("client-id", ANY, None)], false), Ok(1));
}

#[test]
fn filters_that_make_no_sense() {
    assert_eq!(ask(&[("user", 7, None)], false), Err(42));
    assert_eq!(
        (
            ask(&[("user", EXACT, None)], false),
            ask(&[("user", DEFAULT, Some("x"))], false)
        ),
        (Err(42), Err(42))
    );
    assert_eq!(
        (
            ask(&[("bad", EXACT, Some("x"))], false),
            ask(&[("", EXACT, Some("x"))], false)
        ),
        (Err(35), Err(42))
    );
    let user = ("user", EXACT, Some("u"));
    assert_eq!(
        (
            ask(&[user, user], false),
            ask(&[("ip", ANY, None), user], false)
        ),
        (Err(42), Err(42))
    );
}
