//! A broker as a child process: Ottla, or Apache Kafka by a command that starts one.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::Usage;
use super::placement::Placement;
use crate::wire::cluster::Cluster;

const PATIENCE: Duration = Duration::from_secs(120);
/// So many ports above the broker's the command that starts Kafka has its controller listen.
const CONTROLLER_ABOVE: u16 = 10_000;

/// What kind of broker, and how to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// The binary `ottla`.
    Ottla(PathBuf),
    /// A command that takes `fg FOLDER PORT [KEY=VALUE ...]` and becomes the broker, as `conformance/kafka/kafka` does.
    Kafka(PathBuf),
}

/// One broker on one folder, over all its lives. What is left of it is removed at the end.
#[derive(Debug)]
pub struct Node {
    program: Program,
    folder: PathBuf,
    address: SocketAddr,
    /// Has the port over all lives, so that nobody takes it in between. It does not listen, and Ottla's brokers share their
    /// port; a JVM wants it for itself.
    _port: Option<Socket>,
    settings: Vec<String>,
    placement: Placement,
    /// A JVM has its whole heap from the beginning.
    whole_heap: bool,
    child: Option<Child>,
    /// When it was last started.
    pub started: Instant,
}

impl Node {
    /// Not started yet, on a port that is free, in a new folder below `parent`. `settings` are `KEY=VALUE`, of the broker.
    pub fn new(
        program: &Program,
        parent: &Path,
        settings: &[&str],
        placement: Placement,
    ) -> io::Result<Self> {
        let (port, address) = match program {
            Program::Ottla(_) => held_port(0)?,
            Program::Kafka(_) => port_for_kafka()?,
        };
        let folder = parent.join(format!("node-{}", address.port()));
        fs::create_dir_all(&folder)?;
        Ok(Self {
            program: program.clone(),
            folder: fs::canonicalize(folder)?,
            address,
            _port: matches!(program, Program::Ottla(_)).then_some(port),
            settings: settings.iter().map(|s| (*s).to_owned()).collect(),
            placement,
            whole_heap: false,
            child: None,
            started: Instant::now(),
        })
    }

    /// A new one that answers.
    pub fn fresh(
        program: &Program,
        parent: &Path,
        settings: &[&str],
        placement: Placement,
    ) -> io::Result<Self> {
        let mut node = Self::new(program, parent, settings, placement)?;
        node.start()?;
        node.cluster()?;
        Ok(node)
    }

    /// Has a JVM touch all of its heap when it starts, so that what it grows by later is not just heap used for the first time.
    pub fn touch_heap(&mut self) {
        self.whole_heap = true;
    }

    /// Starts the process; returns at once.
    pub fn start(&mut self) -> io::Result<()> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))?;
        let mut command = match &self.program {
            Program::Ottla(binary) => {
                let mut command = Command::new(binary);
                command
                    .arg("start")
                    .arg("--data-dir")
                    .arg(self.folder.join("data"));
                command.args([
                    "--listen",
                    &self.address.to_string(),
                    "--admin-listen",
                    "off",
                ]);
                let sets = self.settings.iter().flat_map(|s| ["--set", s.as_str()]);
                command.args(sets);
                command
            }
            Program::Kafka(script) => {
                let mut command = Command::new(script);
                command.arg("fg").arg(&self.folder);
                command
                    .arg(self.address.port().to_string())
                    .args(&self.settings);
                if self.whole_heap {
                    command.env("JAVA_TOOL_OPTIONS", "-XX:+AlwaysPreTouch");
                }
                command
            }
        };
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let _placed = self.placement.with_broker()?;
        self.started = Instant::now();
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// A connection, as soon as it answers.
    pub fn cluster(&mut self) -> io::Result<Cluster> {
        loop {
            if let Ok(cluster) = Cluster::connect(self.address) {
                return Ok(cluster);
            }
            if let Some(status) = self
                .child
                .as_mut()
                .map(Child::try_wait)
                .transpose()?
                .flatten()
            {
                let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let last = text.lines().last().unwrap_or_default();
                let what = format!("{:?} ended ({status}): {last}", self.program);
                return Err(io::Error::other(what));
            }
            if self.started.elapsed() > PATIENCE {
                return Err(io::Error::other(format!(
                    "{:?} does not answer",
                    self.program
                )));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process; none when it does not run.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it has used.
    pub fn usage(&self) -> io::Result<Usage> {
        let pid = self
            .pid()
            .ok_or_else(|| io::Error::other("the broker does not run"))?;
        Usage::of(pid)
    }

    /// Is it the one that needs time to get fast?
    pub fn is_jvm(&self) -> bool {
        matches!(self.program, Program::Kafka(_))
    }

    /// kill -9.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

/// A port of this host, held for brokers of this user; 0: one that is free.
fn held_port(port: u16) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or_else(|| io::Error::other("a port without an address"))?;
    Ok((socket, address))
}

/// One with a port for the controller above it. Those that have none are held meanwhile, so as not to come again.
fn port_for_kafka() -> io::Result<(Socket, SocketAddr)> {
    let mut unfit = Vec::new();
    loop {
        let (socket, address) = held_port(0)?;
        let above = address.port().checked_add(CONTROLLER_ABOVE);
        if above.is_some_and(|port| held_port(port).is_ok()) {
            return Ok((socket, address));
        }
        unfit.push(socket);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.kill(); // a broker must not outlive its measurement
        let _ = fs::remove_dir_all(&self.folder);
    }
}
