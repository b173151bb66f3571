//! Checking and reading of values.

use super::key::{Key, Kind, Rule};

/// Why a value was refused; the text says what was wrong and what would do.
pub type Reason = String;

/// Checks `value` against the type and the rule of `key`; gives it back in canonical form (trimmed, booleans lower
/// case, lists without blanks).
pub fn check(key: &Key, value: &str) -> Result<String, Reason> {
    let refuse = |why: &str| {
        format!(
            "Invalid value {} for configuration {}: {why}",
            shown(key, value),
            key.name
        )
    };
    let text = canonical(key.kind, value).map_err(|why| refuse(&why))?;
    obeys(key, &text).map_err(|why| refuse(&why))?;
    Ok(if let Rule::ListOf(_) = key.rule {
        distinct(&text)
    } else {
        text
    })
}

fn shown<'a>(key: &Key, value: &'a str) -> &'a str {
    if key.sensitive() { "[hidden]" } else { value }
}

fn canonical(kind: Kind, value: &str) -> Result<String, Reason> {
    let text = value.trim();
    let number = |ok: bool, what: &str| {
        if ok {
            Ok(text.to_string())
        } else {
            Err(format!("Not a number of type {what}"))
        }
    };
    match kind {
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            word @ ("true" | "false") => Ok(word.to_string()),
            _ => Err("Expected value to be either true or false".to_string()),
        },
        Kind::Int => number(text.parse::<i32>().is_ok(), "INT"),
        Kind::Short => number(text.parse::<i16>().is_ok(), "SHORT"),
        Kind::Long => number(text.parse::<i64>().is_ok(), "LONG"),
        Kind::Double => number(double(text).is_some(), "DOUBLE"),
        Kind::List => Ok(list(text).collect::<Vec<_>>().join(",")),
        Kind::String | Kind::Class | Kind::Password => Ok(text.to_string()),
    }
}

fn obeys(key: &Key, text: &str) -> Result<(), Reason> {
    let whole = || text.parse::<i64>().unwrap_or(i64::MIN);
    let fault = match key.rule {
        Rule::Any => None,
        Rule::AtLeast(low) => (whole() < low).then(|| format!("Value must be at least {low}")),
        Rule::Between(low, _) if whole() < low => Some(format!("Value must be at least {low}")),
        Rule::Between(_, high) => (whole() > high).then(|| format!("Value must be no more than {high}")),
        Rule::Fraction(high) => {
            let inside = double(text).is_some_and(|v| (0.0..=high).contains(&v));
            (!inside).then(|| format!("Value must be from 0 to {high}"))
        }
        Rule::GzipLevel => (whole() != -1 && !(1..=9).contains(&whole()))
            .then(|| "Value must be between 1 and 9 or equal to -1".to_string()),
        Rule::OneOf(words) => {
            (!words.contains(&text)).then(|| format!("String must be one of: {}", words.join(", ")))
        }
        Rule::OneOfAnyCase(words) => (!words.iter().any(|word| word.eq_ignore_ascii_case(text)))
            .then(|| format!("String must be one of (case insensitive): {}", words.join(", "))),
        Rule::ListOf(words) => (!list(text).all(|item| words.contains(&item)))
            .then(|| format!("String must be one of: {}", words.join(", "))),
        Rule::NotEmpty => text.is_empty().then(|| "String must be non-empty".to_string()),
        Rule::ThrottledReplicas => (!throttled(text)).then(|| {
            "Value must be the literal '*' or a list of replicas in the form [partitionId]:[brokerId]".to_string()
        }),
        Rule::OffsetReset => (!offset_reset(text))
            .then(|| "Value must be earliest, latest or by_duration:<duration>, e.g. by_duration:PT1H".to_string()),
    };
    fault.map_or(Ok(()), Err)
}

/// Items in their order, each once.
fn distinct(text: &str) -> String {
    let mut items: Vec<&str> = Vec::new();
    for item in list(text) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    items.join(",")
}

fn throttled(text: &str) -> bool {
    text == "*"
        || list(text).all(|pair| {
            let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
            pair.split_once(':')
                .is_some_and(|(partition, broker)| digits(partition) && digits(broker))
        })
}

fn offset_reset(text: &str) -> bool {
    matches!(text, "earliest" | "latest") || text.strip_prefix("by_duration:").is_some_and(duration)
}

/// True for an ISO 8601 duration of days and time that is not negative, such as `P2DT3H4M5.5S`.
fn duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else {
        return false;
    };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (rest, ""),
    };
    !(days.is_empty() && time.is_empty()) && units(days, "D") && units(time, "HMS")
}

/// True if `text` is numbers each followed by a letter of `letters`, in that order, none twice.
fn units(text: &str, letters: &str) -> bool {
    let mut left = letters;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() || (c == '.' && !number.is_empty()) {
            number.push(c);
            continue;
        }
        let fraction_fits = !number.contains('.') || c == 'S';
        match left.find(c) {
            Some(at) if number.parse::<f64>().is_ok() && fraction_fits => left = &left[at + 1..],
            _ => return false,
        }
        number.clear();
    }
    number.is_empty()
}

/// Reads a double as Java prints and reads them (`1.7976931348623157E308`, `NaN`).
pub fn double(text: &str) -> Option<f64> {
    text.parse::<f64>().ok()
}

/// The items of a comma separated list, blanks around them removed; an empty text has none.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(move |item| !(text.trim().is_empty() && item.is_empty()))
}
