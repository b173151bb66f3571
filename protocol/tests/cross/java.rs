//! Kafka's own Java classes, asked through tests/java/CrossCheck.java. Needs a JDK and Maven, so
//! these tests run only when asked for: tests/java-cross-check.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::notation::{self, Api};
use crate::{Sample, ours, samples};

/// Questions to put to the program, in one file.
#[derive(Default)]
pub struct Questions(Vec<u8>);

impl Questions {
    pub fn batch(&mut self, bytes: &[u8]) {
        self.0.push(b'b');
        self.block(bytes);
    }

    fn message(&mut self, s: &Sample, other: i16) {
        self.head(b'm', s.request, s.key, s.version);
        self.0.extend(other.to_be_bytes());
        self.block(&s.bytes);
        self.block(s.tree.to_string().as_bytes());
    }

    fn head(&mut self, kind: u8, request: bool, key: i16, version: i16) {
        self.0.extend([kind, request.into()]);
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

fn jars() -> PathBuf {
    std::env::var_os("OTTLA_KAFKA_JARS")
        .expect("run tests/java-cross-check, which fetches the jars")
        .into()
}

#[test]
#[ignore = "needs a JDK and Maven: tests/java-cross-check"]
fn javas_messages_agree() {
    let apis = notation::load();
    let samples = samples(&apis, 25);
    let mut questions = Questions::default();
    let other = |i: usize, s: &Sample| -> i16 {
        let v = apis
            .iter()
            .find(|(_, api)| api.key == s.key)
            .expect("an API")
            .1
            .versions;
        v.first + (i % (v.last - v.first + 1) as usize) as i16
    };
    samples
        .iter()
        .enumerate()
        .for_each(|(i, s)| questions.message(s, other(i, s)));
    let answers = questions.ask("messages");
    assert_eq!(answers.len(), 4 * samples.len());
    let mut wrong = Vec::new();
    for ((i, s), answer) in samples.iter().enumerate().zip(answers.chunks(4)) {
        let other = other(i, s);
        let name = s.name(&apis);
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
        let ours = ours::recode(s.request, s.key, s.version, &s.bytes, other);
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
    println!("{} messages", samples.len());
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

fn versions(apis: &[(String, Api)]) -> impl Iterator<Item = (&Api, i16, bool)> {
    apis.iter().flat_map(|(_, api)| {
        (api.versions.first..=api.versions.last)
            .flat_map(move |v| [(api, v, true), (api, v, false)])
    })
}

#[test]
#[ignore = "needs a JDK and Maven: tests/java-cross-check"]
fn javas_defaults_agree() {
    let apis = notation::load();
    let mut questions = Questions::default();
    versions(&apis)
        .for_each(|(api, version, request)| questions.head(b'd', request, api.key, version));
    let answers = questions.ask("defaults");
    assert_eq!(answers.len(), versions(&apis).count());
    for ((api, version, request), theirs) in versions(&apis).zip(answers) {
        let ours = ours::default(request, api.key, version);
        match (&theirs, &ours) {
            (Err(_), Err(_)) => {}
            _ => assert_eq!(theirs, ours, "{} v{version} request {request}", api.name),
        }
    }
}
