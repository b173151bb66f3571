//! Kafka's own Java classes, asked through tests/java/CrossCheck.java. Needs a JDK and Maven, so
//! these tests run only when asked for: tests/java-cross-check.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::notation::{self, Role, Schema, Struct};
use crate::{Sample, ours, samples};

/// Questions to put to the program, in one file.
#[derive(Default)]
pub struct Questions(Vec<u8>);

impl Questions {
    pub fn batch(&mut self, bytes: &[u8]) {
        self.0.push(b'b');
        self.block(bytes);
    }

    fn sample(&mut self, s: &Sample<'_>, other: i16) {
        self.head(b'm', s.schema, s.root, s.version);
        self.0.extend(other.to_be_bytes());
        self.block(&s.bytes);
        self.block(s.tree.to_string().as_bytes());
    }

    fn head(&mut self, kind: u8, schema: &Schema, root: &Struct, version: i16) {
        self.0.push(kind);
        let (class, key) = class(schema, root);
        self.block(class.as_bytes());
        self.0.extend(key.to_be_bytes());
        self.0.extend(version.to_be_bytes());
    }

    fn block(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u32).to_be_bytes());
        self.0.extend(bytes);
    }

    /// Runs the program; its answers in order.
    pub fn ask(self, name: &str) -> Vec<Result<Vec<u8>, String>> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let (question, answer) = (folder.join("questions"), folder.join("answers"));
        std::fs::write(&question, self.0).expect("written");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java/CrossCheck.java");
        let done = Command::new("java")
            .arg("-cp")
            .arg(jars().join("*"))
            .args([&source, &question, &answer])
            .status()
            .expect("java");
        assert!(done.success(), "the Java program failed");
        let bytes = std::fs::read(answer).expect("answers");
        let mut rest = &bytes[..];
        let mut out = Vec::new();
        while let Some((head, after)) = rest.split_first_chunk::<5>() {
            let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let (block, after) = after.split_at(size);
            let text = || String::from_utf8_lossy(block).into_owned();
            out.push(if head[0] == 0 {
                Ok(block.to_vec())
            } else {
                Err(text())
            });
            rest = after;
        }
        out
    }
}

/// The name of Kafka's class, and the number that it goes by.
fn class(schema: &Schema, root: &Struct) -> (String, i16) {
    let name = &root.name;
    match &schema.role {
        Role::Api { key, .. } => (format!("org.apache.kafka.common.message.{name}Data"), *key),
        Role::Embedded => (format!("org.apache.kafka.common.message.{name}"), -1),
        Role::Record { id, topic, .. } => {
            let of = match topic.as_str() {
                "__consumer_offsets" => "group",
                "__transaction_state" => "transaction",
                "__share_group_state" => "share",
                other => panic!("whose topic is {other}?"),
            };
            let class = format!("org.apache.kafka.coordinator.{of}.generated.{name}");
            (class, *id)
        }
    }
}

fn jars() -> PathBuf {
    std::env::var_os("OTTLA_KAFKA_JARS")
        .expect("run tests/java-cross-check, which fetches the jars")
        .into()
}

#[test]
#[ignore = "needs a JDK and Maven: tests/java-cross-check"]
fn javas_classes_agree() {
    let schemas = notation::all();
    let samples = samples(&schemas, 25);
    let mut questions = Questions::default();
    let other = |i: usize, s: &Sample<'_>| -> i16 {
        let v = s.root.versions;
        v.first + (i % (v.last - v.first + 1) as usize) as i16
    };
    samples
        .iter()
        .enumerate()
        .for_each(|(i, s)| questions.sample(s, other(i, s)));
    let answers = questions.ask("samples");
    assert_eq!(answers.len(), 4 * samples.len());
    let mut wrong = Vec::new();
    for ((i, s), answer) in samples.iter().enumerate().zip(answers.chunks(4)) {
        let other = other(i, s);
        let name = s.name();
        let mut expect = |what: &str, holds: bool, detail: &dyn std::fmt::Debug| {
            if !holds {
                wrong.push(format!("{name}: {what}: {detail:?}\n{}", s.tree));
            }
        };
        let same = |a: &Result<Vec<u8>, String>| a.as_ref() == Ok(&s.bytes);
        expect("decoded and encoded", same(&answer[0]), &answer[0]);
        let told = answer[1]
            .as_ref()
            .ok()
            .and_then(|json| serde_json::from_slice::<Value>(json).ok());
        expect(
            "told as JSON",
            told.is_some_and(|t| t == without_records(&s.tree)),
            &answer[1]
                .as_ref()
                .map(|j| String::from_utf8_lossy(j).into_owned()),
        );
        expect("encoded from JSON", same(&answer[2]), &answer[2]);
        let ours = ours::recode(&s.root.name, s.version, &s.bytes, other);
        let agree = match (&answer[3], &ours) {
            (Ok(theirs), Ok(ours)) => theirs == ours,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        expect(
            &format!("encoded in version {other}"),
            agree,
            &(&answer[3], ours),
        );
    }
    println!("{} samples", samples.len());
    let shown: Vec<_> = wrong.iter().take(10).cloned().collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

/// Java tells the bytes of records as empty.
fn without_records(tree: &Value) -> Value {
    match tree {
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| {
                (
                    k.clone(),
                    if k == "records" && v.is_string() {
                        Value::from("")
                    } else {
                        without_records(v)
                    },
                )
            })
            .collect(),
        Value::Array(all) => all.iter().map(without_records).collect(),
        other => other.clone(),
    }
}

#[test]
#[ignore = "needs a JDK and Maven: tests/java-cross-check"]
fn javas_defaults_agree() {
    let schemas = notation::all();
    let roots = notation::roots(&schemas);
    let mut questions = Questions::default();
    for (schema, root, version) in &roots {
        questions.head(b'd', schema, root, *version);
    }
    let answers = questions.ask("defaults");
    assert_eq!(answers.len(), roots.len());
    for ((_, root, version), theirs) in roots.into_iter().zip(answers) {
        let ours = ours::default(&root.name, version);
        match (&theirs, &ours) {
            (Err(_), Err(_)) => {}
            _ => assert_eq!(theirs, ours, "{} v{version}", root.name),
        }
    }
}
