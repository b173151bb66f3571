//! Text scripts: `tests/scripts/*.txt`. A line that starts with `>` is a command; the lines below it are what it
//! printed. `RAFT_SCRIPTS=bless cargo test -p ottla-raft` writes what was printed into the scripts: read the
//! difference before you commit it.
//!
//! Commands (N, M are nodes; `[...]` may be left out):
//!
//! | command | what it does |
//! |---|---|
//! | `nodes N...` | start a group with these voters; `limits WORD=NUMBER...` before it changes limits |
//! | `join N` | start a replica that knows nothing |
//! | `lead N` | elect N and let it settle, with few words |
//! | `campaign N`, `tick N [count]`, `transfer N M` | elections |
//! | `propose N TEXT [records]`, `command N TEXT`, `change N +V -V ~V...` | proposals; `~` makes a learner |
//! | `flush N [count]` | the oldest appends become durable, all of them unless told otherwise |
//! | `deliver [N] [M] [count]`, `drop [N] [M] [count]`, `repeat N M` | letters from N to M |
//! | `cut N M`, `split N... / M...`, `isolate N`, `heal` | what gets through |
//! | `stabilize`, `run [ticks]` | flush and deliver until nothing moves; the same after each tick of all nodes |
//! | `crash N [kept]`, `restart N` | unflushed appends are lost, but for their first `kept` pieces |
//! | `lose N [count]` | the disk of a node that is down loses the newest entries, flushed as they are |
//! | `checkpoint N [index]`, `offer N`, `fetched N`, `fetch-failed N` | compaction and snapshots |
//! | `status [N]`, `log N`, `letters`, `disk N` | look |
//! | `show all`, `show results` | whether writes and messages are printed |

use std::path::PathBuf;

mod look;
mod verbs;

use verbs::Session;

fn scripts() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let entries = std::fs::read_dir(folder).expect("tests/scripts is there");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("readable").path()).collect();
    paths.sort();
    paths
}

/// The script with what its commands print now.
fn replay(script: &str) -> String {
    let (mut session, mut out) = (Session::new(), String::new());
    for line in script.lines() {
        match line.strip_prefix('>') {
            Some(command) => {
                out += line;
                out.push('\n');
                let printed = session
                    .run(command.trim())
                    .unwrap_or_else(|e| vec![format!("error: {e}")]);
                printed.iter().for_each(|text| out += &format!("{text}\n"));
            }
            // Comments and empty lines stand before commands and stay; the rest is what was printed last time.
            None if line.is_empty() || line.starts_with('#') => {
                out += line;
                out.push('\n');
            }
            None => {}
        }
    }
    out
}

#[test]
fn scripts_print_what_they_say() {
    let bless = std::env::var("RAFT_SCRIPTS").is_ok_and(|v| v == "bless");
    let mut wrong = Vec::new();
    for path in scripts() {
        let script = std::fs::read_to_string(&path).expect("a script is text");
        let now = replay(&script);
        if bless {
            std::fs::write(&path, now).expect("scripts are writable");
        } else if now != script {
            let differs = script.lines().zip(now.lines()).position(|(a, b)| a != b);
            let at = differs.unwrap_or_else(|| script.lines().count().min(now.lines().count()));
            let line = |text: &str| text.lines().nth(at).unwrap_or("(end)").to_owned();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            wrong.push(format!(
                "{name}:{}:\n  says   {}\n  prints {}",
                at + 1,
                line(&script),
                line(&now)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
