//! The inputs that fuzzing found worth keeping, on a stable compiler: each once through its target.
//!
//! `fuzz/corpora/TARGET.hex` holds an input a line. Between it and the folders that libFuzzer works on go the two ignored
//! tests, by way of `fuzz/all` and `fuzz/keep`.

#[path = "../cross/ours.rs"]
mod ours;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn committed(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/corpora/{target}.hex"))
}

fn read(target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(committed(target)).expect("committed inputs");
    text.lines().map(bytes).collect()
}

fn bytes(line: &str) -> Vec<u8> {
    assert!(line.len().is_multiple_of(2), "half a byte in {line}");
    let byte = |at| u8::from_str_radix(&line[at..at + 2], 16).expect("hexadecimal");
    (0..line.len()).step_by(2).map(byte).collect()
}

fn line(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn what_fuzzing_found() {
    let mut bad = Vec::new();
    for (name, run) in targets::ALL {
        let inputs = read(name);
        assert!(inputs.len() > 20, "{name} has hardly an input");
        for input in &inputs {
            if catch_unwind(|| run(input)).is_err() {
                bad.push(format!("{name} {}", line(input)));
            }
        }
    }
    assert!(bad.is_empty(), "these panicked:\n{}", bad.join("\n"));
}

fn corpus() -> PathBuf {
    std::env::var_os("OTTLA_CORPUS")
        .expect("run fuzz/all or fuzz/keep")
        .into()
}

#[test]
#[ignore = "writes files: fuzz/all"]
fn unpack() {
    for (name, _) in targets::ALL {
        let folder = corpus().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        for (n, input) in read(name).iter().enumerate() {
            fs::write(folder.join(format!("committed-{n}")), input).expect("written");
        }
    }
}

#[test]
#[ignore = "writes files: fuzz/keep"]
fn pack() {
    for (name, _) in targets::ALL {
        let files = fs::read_dir(corpus().join(name)).expect("a folder");
        let read = |file: std::io::Result<fs::DirEntry>| fs::read(file?.path());
        let mut lines: Vec<String> = files.map(|f| line(&read(f).expect("an input"))).collect();
        lines.sort();
        lines.dedup();
        fs::write(committed(name), lines.join("\n") + "\n").expect("written");
    }
}
