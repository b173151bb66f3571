//! Times as people type and read them: RFC 3339 in UTC, milliseconds inside.

/// Milliseconds since 1970 of `@1764000000000`, `2026-11-21`, `2026-11-21T10:00`, `...:00:30`, `...:30.250`, each with or
/// without `Z` or `+HH:MM`. None when the text is no such time.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if let Some(millis) = text.strip_prefix('@') {
        return millis.parse().ok().filter(|&m: &i64| m >= 0);
    }
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let days = parse_date(date)?;
    let within = clock.map_or(Some(0), parse_clock)?;
    Some(days * DAY_MS + within)
}

const DAY_MS: i64 = 86_400_000;

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (
        digits(parts.next()?, 4)?,
        digits(parts.next()?, 2)?,
        digits(parts.next()?, 2)?,
    );
    let legal = parts.next().is_none()
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day);
    legal.then(|| days_from_civil(year, month, day))
}

/// Milliseconds within the day, less the zone's distance from UTC (so it may be negative).
fn parse_clock(text: &str) -> Option<i64> {
    let (clock, zone_minutes) = split_zone(text)?;
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let (second, millis) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((whole, fraction)) => (digits(whole, 2)?, parse_fraction(fraction)?),
        },
    };
    let legal = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    legal.then_some(((hour * 60 + minute - zone_minutes) * 60 + second) * 1_000 + millis)
}

fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 60 + minutes)))
}

fn parse_fraction(text: &str) -> Option<i64> {
    let legal = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    legal
        .then(|| format!("{text:0<3}")[..3].parse().ok())
        .flatten()
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// `2026-11-21T10:00:00.000Z` of milliseconds since 1970; a negative time (Kafka's "none" is -1) is `-`.
pub fn format_timestamp(millis: i64) -> String {
    if millis < 0 {
        return "-".to_owned();
    }
    let (year, month, day) = civil_from_days(millis / DAY_MS);
    let within = millis % DAY_MS;
    let (seconds, millis) = (within / 1_000, within % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Leap days before the first of January of `year`, counted from year 0.
fn leaps_before(year: i64) -> i64 {
    let past = year - 1;
    past / 4 - past / 100 + past / 400
}

fn days_before_year(year: i64) -> i64 {
    (year - 1970) * 365 + leaps_before(year) - leaps_before(1970)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let months: i64 = (1..month).map(|m| days_in(year, m)).sum();
    days_before_year(year) + months + day - 1
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // 400 years are 146,097 days: the guess is at most one year off.
    let mut year = 1970 + days * 400 / 146_097;
    while days_before_year(year) > days {
        year -= 1;
    }
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before_year(year);
    let mut month = 1;
    while rest >= days_in(year, month) {
        rest -= days_in(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_both_ways() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("2026-11-21T10:00:00.000Z", 1_795_255_200_000),
            ("2100-03-01T00:00:00.001Z", 4_107_542_400_001),
        ] {
            assert_eq!(parse_timestamp(text), Some(millis), "{text}");
            assert_eq!(format_timestamp(millis), text);
        }
    }

    #[test]
    fn every_day_of_three_centuries_returns() {
        for day in 0..110_000 {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }

    #[test]
    fn short_forms_and_zones() {
        assert_eq!(parse_timestamp("@42"), Some(42));
        assert_eq!(parse_timestamp("1970-01-02"), Some(DAY_MS));
        assert_eq!(parse_timestamp("1970-01-02 00:01"), Some(DAY_MS + 60_000));
        assert_eq!(
            parse_timestamp("1970-01-01T02:00:00.5+01:30"),
            Some(1_800_500)
        );
        assert_eq!(
            parse_timestamp("1970-01-01T00:00:00-01:00"),
            Some(3_600_000)
        );
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01T24:00",
            "2026-01-01T10",
            "@-1",
            "2026-01-01T10:00:00.Z",
            "2026-01-01T10:00+1",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
