//! Which names a topic may have.

/// The broker's own topics.
pub const INTERNAL_TOPICS: [&str; 3] = [
    "__consumer_offsets",
    "__share_group_state",
    "__transaction_state",
];

const LONGEST: usize = 249;

/// Why a name is not a topic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It is empty.
    Empty,
    /// It is `.` or `..`.
    Dots,
    /// It has more than 249 characters.
    TooLong,
    /// It has a character other than letters, digits, `.`, `_` and `-`.
    Character,
}

/// Checks a topic name.
pub fn check_topic_name(name: &str) -> Result<(), NameFault> {
    match name {
        "" => Err(NameFault::Empty),
        "." | ".." => Err(NameFault::Dots),
        _ if name.len() > LONGEST => Err(NameFault::TooLong),
        _ if name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) =>
        {
            Ok(())
        }
        _ => Err(NameFault::Character),
    }
}

/// The name with `.` as `_`: two topics may not share it, since metrics write both as `_`.
pub fn collision_key(name: &str) -> String {
    name.replace('.', "_")
}

/// True for the broker's own topics.
pub fn is_internal(name: &str) -> bool {
    INTERNAL_TOPICS.contains(&name)
}
