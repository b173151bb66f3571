//! Subscriptions by pattern: RE2's syntax (KIP-848), which is translated for a matcher that is as linear and differs in details.
//!
//! What RE2 has and the matcher has not: `\Q...\E`, octal escapes, a `{` or a `[` in a class that stands for itself. What
//! the matcher has and RE2 refuses: repeated repetitions, more than 1000 of them, the flags x, u and R, `\u`, operations on classes.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// Most repetitions that RE2 takes.
const MOST_REPEATS: u32 = 1000;
/// What a pattern may use of memory when it is compiled, bytes.
const MOST_BYTES: usize = 1 << 20;

/// A pattern that a topic's whole name matches, or does not.
#[derive(Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads RE2's syntax.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let translated = Translation::new(text).run()?;
        let regex = RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
            .size_limit(MOST_BYTES)
            .build();
        regex.map(Pattern).map_err(|error| match error {
            regex::Error::Syntax(text) => text.lines().last().unwrap_or("").to_owned(),
            other => other.to_string(),
        })
    }

    /// Does the whole name match?
    pub fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    depth: usize,
    /// The last thing was a repetition.
    repeated: bool,
}

impl<'a> Translation<'a> {
    fn new(text: &'a str) -> Self {
        Translation {
            rest: text.chars().peekable(),
            out: String::new(),
            depth: 0,
            repeated: false,
        }
    }

    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.rest.next() {
            match c {
                '*' | '+' | '?' => self.repeat(&c.to_string())?,
                '{' => match self.count()? {
                    Some(count) => self.repeat(&count)?,
                    None => self.one(r"\{"),
                },
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.open()?,
                ')' => {
                    self.depth = self.depth.checked_sub(1).ok_or("unexpected )")?;
                    self.one(")");
                }
                ']' | '}' => self.one(&regex::escape(&c.to_string())),
                _ => self.one(&c.to_string()),
            }
        }
        match self.depth {
            0 => Ok(self.out),
            _ => Err("missing closing )".to_owned()),
        }
    }

    fn one(&mut self, text: &str) {
        self.out.push_str(text);
        self.repeated = false;
    }

    fn repeat(&mut self, operator: &str) -> Result<(), String> {
        if self.repeated {
            return Err(format!("invalid nested repetition operator: `{operator}`"));
        }
        self.out.push_str(operator);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.repeated = true;
        Ok(())
    }

    /// The rest of `{n}`, `{n,}` or `{n,m}`; nothing is taken of anything else.
    fn count(&mut self) -> Result<Option<String>, String> {
        let ahead: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        let (least, most) = match ahead.split_once(',') {
            Some((least, most)) => (least, most),
            None => (ahead.as_str(), ahead.as_str()),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if !closed || least.is_empty() || !digits(least) || !digits(most) {
            return Ok(None);
        }
        let number = |text: &str| text.parse().unwrap_or(u32::MAX);
        let (least, most) = match most {
            "" => (number(least), number(least)),
            _ => (number(least), number(most)),
        };
        if least > most || most > MOST_REPEATS {
            return Err(format!("bad repetition operator: `{{{ahead}}}`"));
        }
        self.rest.nth(ahead.chars().count());
        Ok(Some(format!("{{{ahead}}}")))
    }

    fn escape(&mut self) -> Result<(), String> {
        if self.rest.next_if_eq(&'Q').is_some() {
            while let Some(c) = self.rest.next() {
                if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                    break;
                }
                self.one(&regex::escape(&c.to_string()));
            }
            return Ok(());
        }
        let escaped = self.escaped()?;
        self.one(&escaped);
        Ok(())
    }

    /// What follows a backslash, also in a class.
    fn escaped(&mut self) -> Result<String, String> {
        let c = self.rest.next().ok_or("trailing \\")?;
        match c {
            '0'..='7' => self.octal(c),
            'u' | 'U' | '8' | '9' => Err(format!("invalid escape sequence: `\\{c}`")),
            'p' | 'P' | 'x' => {
                let mut text = format!("\\{c}");
                if self.rest.peek() == Some(&'{') {
                    for c in self.rest.by_ref() {
                        text.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                Ok(text)
            }
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(regex::escape(&c.to_string())),
            _ => Ok(format!("\\{c}")),
        }
    }

    fn octal(&mut self, first: char) -> Result<String, String> {
        let is_octal = |c: &char| c.is_digit(8);
        if first != '0' && !self.rest.peek().is_some_and(is_octal) {
            return Err(format!("invalid escape sequence: `\\{first}`"));
        }
        let mut digits = first.to_string();
        while digits.len() < 3
            && let Some(c) = self.rest.next_if(is_octal)
        {
            digits.push(c);
        }
        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
        Ok(format!("\\x{{{code:x}}}"))
    }

    fn class(&mut self) -> Result<(), String> {
        self.one("[");
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.rest.next().ok_or("missing closing ]")?;
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.peek() == Some(&':') => {
                    self.out.push('[');
                    for c in self.rest.by_ref() {
                        self.out.push(c);
                        if c == ']' {
                            break;
                        }
                    }
                }
                _ => self.member_of_class(c)?,
            }
            first = false;
        }
    }

    /// A character or a range.
    fn member_of_class(&mut self, first: char) -> Result<(), String> {
        self.in_class(first)?;
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
            self.rest.next();
            self.out.push('-');
            let last = self.rest.next().ok_or("missing closing ]")?;
            self.in_class(last)?;
        }
        Ok(())
    }

    fn in_class(&mut self, c: char) -> Result<(), String> {
        let text = match c {
            '\\' => self.escaped()?,
            _ => regex::escape(&c.to_string()),
        };
        self.out.push_str(&text);
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        self.depth += 1;
        self.one("(");
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        if matches!(self.rest.peek(), Some('P' | '<')) {
            // A name: all that it may be made of stands for itself.
            return Ok(());
        }
        for c in self.rest.by_ref() {
            self.out.push(c);
            match c {
                'i' | 'm' | 's' | 'U' | '-' => {}
                ':' => return Ok(()),
                ')' => {
                    self.depth -= 1;
                    return Ok(());
                }
                _ => break,
            }
        }
        Err("invalid or unsupported Perl syntax: `(?`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, topic: &str) -> bool {
        Pattern::new(pattern).expect(pattern).matches(topic)
    }

    #[test]
    fn the_whole_name_matches() {
        assert!(matches("foo.*", "foobar"));
        assert!(!matches("foo", "foobar"));
        assert!(!matches("bar", "foobar"));
        assert!(matches("foo|bar", "bar"));
        assert!(!matches("foo|bar", "foobar"));
        assert!(matches("", ""));
        assert!(matches("^foo$", "foo"));
        assert!(matches("(?i)FOO-[0-9]+", "foo-12"));
        assert!(matches("(?P<a>a)(?:b|c)", "ac"));
    }

    #[test]
    fn what_only_re2_has() {
        assert!(matches(r"\Qa.b*\E+", "a.b**"));
        assert!(!matches(r"\Qa.b", "axb"));
        assert!(matches(r"a{,2}", "a{,2}"));
        assert!(matches(r"a{x", "a{x"));
        assert!(matches(r"a\b{start}", "a{start}"));
        assert!(matches(r"[[a]+", "[a"));
        assert!(matches(r"[a&&b]+", "a&b"));
        assert!(matches(r"[]a-]+", "]-a"));
        assert!(matches(r"[^-a]", "b"));
        assert!(matches(r"[+--]", ","));
        assert!(matches(r"\141\101?", "aA"));
        assert!(matches(r"a\_b\-c", "a_b-c"));
        assert!(matches(r"[[:alpha:]_]+\d{2,3}[\w.]", "ab_12."));
    }

    #[test]
    fn what_re2_refuses() {
        for bad in [
            "[",
            "(",
            ")",
            "a)|(b",
            "*a",
            "a**",
            "a+*",
            "a{2}{3}",
            "a{1001}",
            "a{3,2}",
            r"\1",
            r"(?=a)",
            r"(?!a)",
            r"(?<=a)b",
            r"(?x)a",
            r"\u0041",
            r"\Z",
            "a\\",
            "[b-a]",
            "(?P<a",
            r"\p{Nope}",
        ] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
        let huge = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(Pattern::new(&huge).is_err());
        assert!(Pattern::new("((a{1000}){1000}){1000}").is_err());
    }
}
