//! Lines of stdin into records: pure, fed with whatever the pipe gave.

/// The longest line; a broker takes far less in one record.
pub const LINE_MAX: usize = 128 << 20;

/// Cuts a stream into lines. A `\r` before the `\n` belongs to the line.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
    /// Where the search for the next `\n` goes on: nothing is looked at twice.
    looked: usize,
}

impl Lines {
    /// Adds bytes, and takes out the lines that are whole now, without their `\n`.
    ///
    /// # Errors
    /// When a line is longer than [`LINE_MAX`].
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        self.rest.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(at) = self.rest[self.looked..]
            .iter()
            .position(|&byte| byte == b'\n')
        {
            let end = self.looked + at;
            lines.push(self.rest[start..end].to_vec());
            start = end + 1;
            self.looked = start;
        }
        self.rest.drain(..start);
        self.looked = self.rest.len();
        if self.rest.len() > LINE_MAX {
            Err(format!("a line is longer than {LINE_MAX} bytes"))
        } else {
            Ok(lines)
        }
    }

    /// The last line, when the stream did not end with `\n`.
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.rest.is_empty()).then_some(self.rest)
    }
}

/// How a line becomes a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Stands between key and value; None: the line is the value.
    pub key_separator: Option<Vec<u8>>,
    /// A key or value that is exactly this is null.
    pub null: Option<Vec<u8>>,
}

/// Key and value of a record; None is null.
pub type KeyValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Key and value of a line; None is null.
///
/// # Errors
/// When there is a separator to be, and is not.
pub fn parse<'l>(line: &'l [u8], rules: &Rules) -> Result<KeyValue<'l>, String> {
    let some = |bytes: &'l [u8]| Some(bytes).filter(|bytes| rules.null.as_deref() != Some(*bytes));
    let Some(separator) = &rules.key_separator else {
        return Ok((None, some(line)));
    };
    let at = line
        .windows(separator.len())
        .position(|window| window == separator);
    let at = at.ok_or_else(|| {
        format!(
            "has no key separator {:?}",
            String::from_utf8_lossy(separator)
        )
    })?;
    Ok((some(&line[..at]), some(&line[at + separator.len()..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let text = b"one\n\ntwo\r\nthree";
        for step in 1..=text.len() {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for chunk in text.chunks(step) {
                seen.extend(lines.feed(chunk).unwrap());
            }
            seen.extend(lines.finish());
            assert_eq!(
                seen,
                [&b"one"[..], b"", b"two\r", b"three"],
                "in steps of {step}"
            );
        }
    }

    #[test]
    fn a_stream_without_a_last_newline_loses_nothing() {
        let mut lines = Lines::default();
        assert!(lines.feed(b"").unwrap().is_empty());
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn keys_and_nulls() {
        let rules = |separator: Option<&str>, null: Option<&str>| Rules {
            key_separator: separator.map(|s| s.as_bytes().to_vec()),
            null: null.map(|s| s.as_bytes().to_vec()),
        };
        for (line, separator, null, expected) in [
            ("a:b", None, None, (None, Some("a:b"))),
            ("a:b:c", Some(":"), None, (Some("a"), Some("b:c"))),
            (":b", Some(":"), None, (Some(""), Some("b"))),
            ("a->NULL", Some("->"), Some("NULL"), (Some("a"), None)),
            ("NULL", None, Some("NULL"), (None, None)),
            ("", None, None, (None, Some(""))),
        ] {
            let expected = (expected.0.map(str::as_bytes), expected.1.map(str::as_bytes));
            assert_eq!(
                parse(line.as_bytes(), &rules(separator, null)),
                Ok(expected),
                "{line}"
            );
        }
        assert!(parse(b"ab", &rules(Some(":"), None)).is_err());
    }
}
