//! `ottla config explain`. The settings come from the broker's own tables, so that nothing is said twice.

use clap::Args;
use serde::Serialize;

use crate::Host;
use crate::args::OutputArg;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, print};

const EXAMPLES: &str = "\
Examples:
  ottla config explain                       every setting in a line
  ottla config explain log.retention.ms
  ottla config explain retention             all whose name contains it
  ottla config explain --output json";

/// The widest cell of the list.
const CELL: usize = 32;

/// Explain the settings that Kafka names: meaning, default, values.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Name of a setting, or a part of it [default: all]
    pub key: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// One setting, as the broker's tables tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Kafka's name.
    pub name: String,
    /// What has it: `broker`, `topic`, `group` or `client-metrics`.
    pub scope: &'static str,
    /// Type of its values.
    pub kind: String,
    /// None: unset, or decided by another setting.
    pub default: Option<String>,
    /// Which values it takes.
    pub values: String,
    /// How it changes while the broker runs.
    pub change: String,
    /// The broker setting that the default comes from.
    pub default_from: Option<String>,
    /// What it does; may be empty.
    pub doc: String,
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Several settings, a line each.
    Many(Vec<Setting>),
    /// Every setting of one name, in full.
    One(Vec<Setting>),
}

/// Chooses what to show; `nearest` finds the name that was probably meant.
pub fn plan(
    key: Option<&str>,
    settings: Vec<Setting>,
    nearest: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, CliError> {
    let Some(key) = key else {
        return Ok(Outcome::Many(settings));
    };
    if settings.iter().any(|setting| setting.name == key) {
        return Ok(Outcome::One(
            settings
                .into_iter()
                .filter(|setting| setting.name == key)
                .collect(),
        ));
    }
    let found: Vec<Setting> = settings
        .into_iter()
        .filter(|setting| setting.name.contains(key))
        .collect();
    if !found.is_empty() {
        return Ok(Outcome::Many(found));
    }
    let next = match nearest(key) {
        Some(name) => format!("did you mean {name:?}?"),
        None => "ottla config explain lists all".to_owned(),
    };
    Err(CliError::refused(format!("no setting is called {key:?}")).next(next))
}

/// Shows what was asked for.
pub fn run(args: Explain, host: &dyn Host) -> Result<(), CliError> {
    let outcome = plan(args.key.as_deref(), host.settings(), &|typed| {
        host.nearest_setting(typed)
    })?;
    print(&outcome, args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        match self {
            Outcome::Many(settings) => lines(settings),
            Outcome::One(settings) => settings.iter().map(page).collect::<Vec<_>>().join("\n"),
        }
    }
}

fn lines(settings: &[Setting]) -> String {
    let mut table = Table::new(&["NAME", "OF", "TYPE", "DEFAULT", "VALUES"]);
    for setting in settings {
        let default = setting.default.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            setting.name.clone(),
            setting.scope.to_owned(),
            setting.kind.clone(),
            short(&default),
            short(&setting.values),
        ]);
    }
    table.to_string()
}

/// At most [`CELL`] characters; the page of one setting shows all.
fn short(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}...", text[..at].trim_end()),
    }
}

fn page(setting: &Setting) -> String {
    let mut text = format!(
        "{} (setting of a {}, {})\n",
        setting.name, setting.scope, setting.kind
    );
    if !setting.doc.is_empty() {
        text += &format!("  {}\n", setting.doc);
    }
    text += &format!(
        "  default: {}",
        setting.default.as_deref().unwrap_or("none")
    );
    if let Some(from) = &setting.default_from {
        text += &format!(", or the broker's {from}");
    }
    text += &format!(
        "\n  values:  {}\n  changes: {}\n",
        setting.values, setting.change
    );
    text += &match setting.scope {
        "broker" => format!("  set it:  ottla start --set {}=VALUE\n", setting.name),
        "topic" => format!(
            "  set it:  ottla topic alter TOPIC --config {}=VALUE\n",
            setting.name
        ),
        _ => String::new(),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Vec<Setting> {
        let setting = |name: &str, scope, default: Option<&str>| Setting {
            name: name.to_owned(),
            scope,
            kind: "long".to_owned(),
            default: default.map(str::to_owned),
            values: "at least -1".to_owned(),
            change: "cluster-wide".to_owned(),
            default_from: (scope == "topic").then(|| format!("log.{name}")),
            doc: "How long records are kept.".to_owned(),
        };
        vec![
            setting("log.retention.ms", "broker", None),
            setting("retention.ms", "topic", Some("604800000")),
        ]
    }

    fn explain(key: Option<&str>) -> Result<String, CliError> {
        plan(key, settings(), &|_| Some("retention.ms".to_owned())).map(|outcome| outcome.table())
    }

    #[test]
    fn all_of_them_or_those_with_a_part() {
        let all = "NAME              OF      TYPE    DEFAULT  VALUES\n\
                   log.retention.ms  broker  long          -  at least -1\n\
                   retention.ms      topic   long  604800000  at least -1\n";
        assert_eq!(explain(None).as_deref(), Ok(all));
        assert_eq!(explain(Some("retention")).as_deref(), Ok(all));
    }

    #[test]
    fn one_in_full() {
        assert_eq!(
            explain(Some("retention.ms")).as_deref(),
            Ok(
                "retention.ms (setting of a topic, long)\n  How long records are kept.\n  default: 604800000, or the broker's log.retention.ms\n  \
                values:  at least -1\n  changes: cluster-wide\n  set it:  ottla topic alter TOPIC --config retention.ms=VALUE\n"
            )
        );
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest() {
        let error = explain(Some("retenton.ms")).unwrap_err();
        assert_eq!(
            error.next.as_deref(),
            Some("did you mean \"retention.ms\"?")
        );
    }
}
