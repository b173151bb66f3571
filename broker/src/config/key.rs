//! What a setting is: its name, type, default, the values it takes and how it may change.

use std::fmt;

/// The type of a setting. The numbers are those of the DescribeConfigs response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false`, any case.
    Boolean = 1,
    /// Any text.
    String = 2,
    /// 32-bit signed.
    Int = 3,
    /// 16-bit signed.
    Short = 4,
    /// 64-bit signed.
    Long = 5,
    /// 64-bit floating point.
    Double = 6,
    /// Texts separated by commas.
    List = 7,
    /// The name of a Java class; kept as text, never loaded.
    Class = 8,
    /// Text that is never shown.
    Password = 9,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Boolean => "boolean",
            Kind::String => "string",
            Kind::Int => "int",
            Kind::Short => "short",
            Kind::Long => "long",
            Kind::Double => "double",
            Kind::List => "list",
            Kind::Class => "class",
            Kind::Password => "password",
        })
    }
}

/// Which values of its type a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// All of them.
    Any,
    /// A number not below this.
    AtLeast(i64),
    /// A number in this range, both ends in.
    Between(i64, i64),
    /// A fraction from 0 to this.
    Fraction(f64),
    /// 1 to 9, or -1 for the codec's own default.
    GzipLevel,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list of these words; one that is given twice counts once.
    ListOf(&'static [&'static str]),
    /// Text that is not empty.
    NotEmpty,
    /// `*`, or pairs `partition:broker`.
    ThrottledReplicas,
    /// `earliest`, `latest` or `by_duration:` with an ISO 8601 duration.
    OffsetReset,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Any => f.write_str("any"),
            Rule::AtLeast(low) => write!(f, "at least {low}"),
            Rule::Between(low, high) => write!(f, "{low} to {high}"),
            Rule::Fraction(high) => write!(f, "0 to {high}"),
            Rule::GzipLevel => f.write_str("1 to 9, or -1"),
            Rule::OneOf(words) | Rule::OneOfAnyCase(words) => f.write_str(&words.join(" | ")),
            Rule::ListOf(words) => write!(f, "list of {}", words.join(", ")),
            Rule::NotEmpty => f.write_str("not empty"),
            Rule::ThrottledReplicas => f.write_str("* or partition:broker,..."),
            Rule::OffsetReset => f.write_str("earliest | latest | by_duration:PnDTnHnMn.nS"),
        }
    }
}

/// How a broker setting may change while the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only by a restart.
    ReadOnly,
    /// For the whole cluster, or for one broker.
    ClusterWide,
    /// For one broker only.
    PerBroker,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::ReadOnly => "read-only",
            Mode::ClusterWide => "cluster-wide",
            Mode::PerBroker => "per-broker",
        })
    }
}

/// One row of a settings table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Kafka's name of it.
    pub name: &'static str,
    /// Type of its values.
    pub kind: Kind,
    /// Value when nothing else is said; `None` is null: unset, or decided by another setting.
    pub default: Option<&'static str>,
    /// Which values it takes.
    pub rule: Rule,
    /// How it may change (of broker settings; everything else changes freely).
    pub mode: Mode,
    /// Taken when set, but not listed.
    pub internal: bool,
    /// What it does, in a line or two.
    pub doc: &'static str,
}

impl Key {
    /// True if its value must never be shown.
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }
}
