//! The broker under test.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::Client;

/// A broker to throw frames at; ours is stopped and its folder removed when dropped.
pub struct Broker {
    /// Where it listens.
    pub addr: SocketAddr,
    ours: Option<(Child, PathBuf)>,
}

impl Broker {
    /// The one that `OTTLA_FRAMES_AT` names, else a fresh one with `settings` (`KEY=VALUE`).
    pub fn start(name: &str, settings: &[&str]) -> Broker {
        if let Ok(addr) = std::env::var("OTTLA_FRAMES_AT") {
            return Broker {
                addr: addr.parse().expect("OTTLA_FRAMES_AT is HOST:PORT"),
                ours: None,
            };
        }
        let dir = std::env::temp_dir().join(format!("ottla-frames-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder");
        let log = fs::File::create(dir.join("log")).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
        command
            .args(["start", "--cores", "1", "--memory", "256M", "--data-dir"])
            .arg(dir.join("data"));
        // A port asked for first and given back is anybody's until the broker takes it: another test's broker answered on it
        // once, and was gone a moment later.
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "off"]);
        settings.iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = command.spawn().expect("started");
        let mut broker = Broker {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            ours: Some((child, dir)),
        };
        broker.addr = broker.wait_until_up();
        broker
    }

    /// Where it says that it listens.
    fn wait_until_up(&mut self) -> SocketAddr {
        let start = Instant::now();
        loop {
            if let Some(addr) = self.ready() {
                return addr;
            }
            self.assert_runs();
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "it does not listen; {}",
                self.log_end()
            );
            sleep(Duration::from_millis(20));
        }
    }

    fn ready(&self) -> Option<SocketAddr> {
        let log = self.log();
        let (_, ready) = log.split_once("ready: Kafka clients connect to ")?;
        let (addr, _) = ready.split_once(',')?;
        Some(
            addr.parse()
                .expect("the address it was given, with its port"),
        )
    }

    fn log(&self) -> String {
        let text =
            |(_, dir): &(Child, PathBuf)| fs::read_to_string(dir.join("log")).unwrap_or_default();
        self.ours.as_ref().map(text).unwrap_or_default()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        format!(
            "its log ends with: {}",
            log.get(log.len().saturating_sub(2000)..).unwrap_or(&log)
        )
    }

    /// A new client, which waits at most 5 s for answers.
    pub fn client(&mut self) -> Client {
        self.patient(Duration::from_secs(5))
    }

    /// A new client, which waits at most `patience` for answers. Fails with how the broker ended if it has.
    pub fn patient(&mut self, patience: Duration) -> Client {
        Client::connect(self.addr, patience).unwrap_or_else(|error| self.refused(&error))
    }

    fn refused(&mut self, error: &io::Error) -> ! {
        // Its listener goes before the process does.
        for _ in 0..50 {
            self.assert_runs();
            sleep(Duration::from_millis(20));
        }
        panic!(
            "it runs and takes no connection: {error}; {}",
            self.log_end()
        );
    }

    fn assert_runs(&mut self) {
        let ended = self
            .ours
            .as_mut()
            .and_then(|(child, _)| child.try_wait().expect("its state"));
        if let Some(status) = ended {
            panic!("the broker has ended with {status}; {}", self.log_end());
        }
    }

    /// Fails unless it runs and answers a new client.
    pub fn assert_lives(&mut self) {
        self.assert_runs();
        let answer = self.client().ask(&[0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x']);
        let Some(answer) = answer else {
            panic!("it does not answer ApiVersions; {}", self.log_end())
        };
        assert_eq!(answer.get(..6), Some(&[0, 0, 0, 7, 0, 0][..]));
    }

    /// Its resident memory in bytes; `None` when it is not ours.
    pub fn resident(&self) -> Option<usize> {
        let (child, _) = self.ours.as_ref()?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<usize>()
            .ok()
            .map(|kib| kib * 1024)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let Some((child, dir)) = self.ours.as_mut() else {
            return;
        };
        let _ = child.kill();
        let _ = child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(dir);
        }
    }
}
