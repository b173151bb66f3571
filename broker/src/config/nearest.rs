//! Finding the name that was probably meant.

/// The candidate with the fewest single-letter edits from `typed`, if it is near enough to be a likely slip.
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 2 + typed.len() / 4;
    candidates
        .map(|name| (distance(typed, name), name))
        .min()
        .filter(|(edits, _)| *edits <= limit)
        .map(|(_, name)| name)
}

/// Number of single-byte insertions, removals and replacements that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_slip_is_found_and_nonsense_is_not() {
        let names = ["num.partitions", "num.io.threads", "log.dirs"];
        assert_eq!(
            nearest("num.partition", names.into_iter()),
            Some("num.partitions")
        );
        assert_eq!(nearest("zzzzzz", names.into_iter()), None);
    }
}
