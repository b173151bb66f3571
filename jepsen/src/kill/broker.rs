//! The real binary as a child process: start, wait until it answers, kill -9.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use socket2::{Domain, Socket, Type};

use crate::client::Client;

/// A broker on one data folder and one port, over all its lives.
#[derive(Debug)]
pub struct Broker {
    binary: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    /// Has the port from before the first life to after the last one, so that nobody takes it in between. It does not listen,
    /// and brokers share their port.
    _port: Socket,
    settings: Vec<String>,
    child: Option<Child>,
}

impl Broker {
    /// A broker that is not running yet; its data and its log go into `folder`. `settings` are `KEY=VALUE` for `--set`.
    pub fn new(binary: &Path, folder: &Path, settings: &[String]) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (port, address) = held_port()?;
        Ok(Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            address,
            _port: port,
            settings: settings.to_vec(),
            child: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its standard output and error of all lives go.
    pub fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the process; returns at once, before it listens.
    pub fn start(&mut self) -> io::Result<()> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())?;
        let mut command = Command::new(&self.binary);
        command.arg("start").arg("--data-dir").arg(self.data());
        command.args([
            "--listen",
            &self.address.to_string(),
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// Waits until it answers a first request. An error says that the process ended by itself, or how long nothing happened.
    pub fn wait_serving(&mut self, limit: Duration) -> io::Result<()> {
        let began = Instant::now();
        // A connection that is refused or reset while it starts is what clients are used to.
        while self.ask().is_err() {
            self.check_alive()?;
            if began.elapsed() > limit {
                let what = format!("{} does not answer after {limit:?}", self.address);
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn ask(&self) -> io::Result<()> {
        let mut client = Client::connect(self.address, "kill-probe", Duration::from_secs(5))?;
        client.call(&ApiVersionsRequest::default(), 0, |_| ())
    }

    /// An error when the process ended without being killed by this suite.
    pub fn check_alive(&mut self) -> io::Result<()> {
        match self.child.as_mut().map(Child::try_wait) {
            Some(Ok(Some(status))) => Err(io::Error::other(format!(
                "the broker ended by itself ({status}); see {}",
                self.log().display()
            ))),
            Some(Err(e)) => Err(e),
            Some(Ok(None)) | None => Ok(()),
        }
    }

    /// kill -9, and waits until the process is gone.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?; // SIGKILL
            child.wait()?;
        }
        Ok(())
    }

    /// The process id, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }
}

/// A free port of this host, held for brokers of this user.
fn held_port() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or_else(|| io::Error::other("a port without an address"))?;
    Ok((socket, address))
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.kill(); // nothing of a run is left behind, however it ends
    }
}
