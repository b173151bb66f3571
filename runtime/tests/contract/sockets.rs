//! TCP.

use std::{io::ErrorKind, net::SocketAddr, rc::Rc, time::Duration};

use bytes::{Bytes, BytesMut};
use ottla_runtime::{
    net::{Listener, ReadHalf, Stream, WriteHalf},
    task::{self, Share, Task},
    time,
};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn read_to_end(read: &mut ReadHalf) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), vec![0; 10_000]);
    loop {
        match read.read(&mut buf).await.unwrap() {
            0 => return all,
            n => all.extend_from_slice(&buf[..n]),
        }
    }
}

/// Sends back what comes, until the other side has finished.
async fn echo(stream: Stream) {
    let (mut read, mut write) = stream.split();
    let mut buf = vec![0; 7_000];
    loop {
        match read.read(&mut buf).await.unwrap() {
            0 => break,
            n => write.write_all(&buf[..n]).await.unwrap(),
        }
    }
    write.shutdown().await.unwrap();
}

/// A server that echoes on every connection.
fn server() -> (SocketAddr, Task<()>) {
    let listener = Listener::bind(ANY, false).unwrap();
    let addr = listener.local_addr().unwrap();
    let task = task::spawn(Share::Foreground, async move {
        loop {
            task::spawn(Share::Foreground, echo(listener.accept().await.unwrap())).detach();
        }
    });
    (addr, task)
}

async fn pair() -> ((ReadHalf, WriteHalf), (ReadHalf, WriteHalf)) {
    let listener = Listener::bind(ANY, false).unwrap();
    let addr = listener.local_addr().unwrap();
    let accepting = task::spawn(Share::Foreground, async move {
        listener.accept().await.unwrap().split()
    });
    let connected = Stream::connect(addr).await.unwrap();
    assert_eq!(connected.peer_addr().unwrap(), addr);
    (connected.split(), accepting.await)
}

#[test]
fn an_echo_comes_back() {
    crate::run(1, |_, _| async {
        let (addr, _server) = server();
        let (mut read, mut write) = Stream::connect(addr).await.unwrap().split();
        for i in 0..100_u8 {
            write.write_all(&[i; 100]).await.unwrap();
            let mut back = [0; 100];
            read.read_exact(&mut back).await.unwrap();
            assert_eq!(back, [i; 100]);
        }
        write.shutdown().await.unwrap();
        assert!(read_to_end(&mut read).await.is_empty());
    });
}

#[test]
fn large_transfers_run_both_ways_at_once() {
    crate::run(1, |_, _| async {
        const LEN: usize = 600_000;
        let (addr, _server) = server();
        let (mut read, mut write) = Stream::connect(addr).await.unwrap().split();
        let bytes: Bytes = (0..LEN).map(|i| (i ^ (i >> 7)) as u8).collect();
        let sent = bytes.clone();
        let sending = task::spawn(Share::Foreground, async move {
            // Many parts, some empty, some large: more than fit into one call to the kernel.
            let mut parts: Vec<Bytes> = (0..LEN)
                .step_by(3_001)
                .map(|i| sent.slice(i..LEN.min(i + 3_001)))
                .collect();
            parts.insert(3, Bytes::new());
            write.write_parts(&parts).await.unwrap();
            write.shutdown().await.unwrap();
        });
        assert_eq!(read_to_end(&mut read).await, bytes);
        sending.await;
    });
}

#[test]
fn one_direction_can_end_before_the_other() {
    crate::run(1, |_, _| async {
        let ((mut a_read, mut a_write), (mut b_read, mut b_write)) = pair().await;
        a_write.write_all(b"question").await.unwrap();
        a_write.shutdown().await.unwrap();
        assert_eq!(read_to_end(&mut b_read).await, b"question");
        b_write.write_all(b"answer").await.unwrap();
        drop((b_read, b_write));
        assert_eq!(read_to_end(&mut a_read).await, b"answer");
        assert!(a_write.write_all(b"more").await.is_err());
    });
}

#[test]
fn dropping_both_halves_closes() {
    crate::run(1, |_, _| async {
        let ((mut a_read, a_write), (b_read, b_write)) = pair().await;
        drop(b_read);
        let mut buf = [0; 10];
        let early = time::timeout(Duration::from_millis(20), a_read.read(&mut buf)).await;
        assert!(early.is_err(), "one half keeps the connection open");
        drop(b_write);
        assert_eq!(a_read.read(&mut buf).await.unwrap(), 0);
        drop(a_write);
    });
}

#[test]
fn a_reader_that_waits_sees_the_close() {
    crate::run(1, |_, _| async {
        let ((mut a_read, _a_write), b) = pair().await;
        let (mut b_read, b_write) = b;
        // The closing side has a read of its own under way, which must not keep the socket open.
        let reading = task::spawn(Share::Foreground, async move {
            let mut buf = [0; 10];
            let _ = b_read.read(&mut buf).await;
        });
        time::sleep(Duration::from_millis(5)).await;
        drop((reading, b_write));
        let mut buf = [0; 10];
        assert_eq!(a_read.read(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn a_writer_waits_for_a_slow_reader() {
    crate::run(1, |_, _| async {
        let ((mut a_read, _a_write), (_b_read, mut b_write)) = pair().await;
        let written = Rc::new(std::cell::Cell::new(0));
        let theirs = written.clone();
        let writing = task::spawn(Share::Foreground, async move {
            for _ in 0..2_000 {
                b_write.write_all(&[7; 10_000]).await.unwrap();
                theirs.set(theirs.get() + 10_000);
            }
            b_write.shutdown().await.unwrap();
        });
        time::sleep(Duration::from_millis(100)).await;
        let stuck = written.get();
        assert!(stuck < 20_000_000, "nobody reads, so the sender waits");
        assert_eq!(read_to_end(&mut a_read).await.len(), 20_000_000);
        writing.await;
    });
}

#[test]
fn many_connections() {
    crate::run(1, |_, _| async {
        let (addr, _server) = server();
        let clients: Vec<_> = (0..100_u8)
            .map(|i| {
                task::spawn(Share::Foreground, async move {
                    let (mut read, mut write) = Stream::connect(addr).await.unwrap().split();
                    write.write_all(&[i; 1_000]).await.unwrap();
                    write.shutdown().await.unwrap();
                    assert_eq!(read_to_end(&mut read).await, [i; 1_000]);
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
    });
}

#[test]
fn ports_are_refused_or_shared() {
    crate::run(1, |_, _| async {
        let first = Listener::bind(ANY, true).unwrap();
        let addr = first.local_addr().unwrap();
        let error = Listener::bind(addr, false).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&addr.to_string()), "{error}");
        let second = Listener::bind(addr, true).unwrap();
        drop((first, second));
        time::sleep(Duration::from_millis(5)).await;
        let error = Stream::connect(addr).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_cancelled_read_loses_nothing() {
    crate::run(1, |_, _| async {
        let ((mut a_read, _a_write), (_b_read, mut b_write)) = pair().await;
        let mut buf = [0; 100];
        for _ in 0..5 {
            assert!(
                time::timeout(Duration::from_millis(1), a_read.read(&mut buf))
                    .await
                    .is_err()
            );
        }
        b_write.write_all(b"there").await.unwrap();
        a_read.read_exact(&mut buf[..5]).await.unwrap();
        assert_eq!(&buf[..5], b"there");
    });
}

#[test]
fn bytes_arrive_in_unwritten_memory() {
    crate::run(1, |_, _| async {
        let ((mut read, _keep), (_, mut write)) = pair().await;
        let sent: Vec<u8> = (0..300_000u32).map(|i| (i * 7) as u8).collect();
        let bytes = sent.clone();
        let sender = task::spawn(Share::Foreground, async move {
            write.write_all(&bytes).await.unwrap();
            write.shutdown().await.unwrap();
        });
        let mut got = BytesMut::with_capacity(sent.len());
        got.extend_from_slice(b"before");
        loop {
            got.reserve(1);
            match read.read_buf(&mut got, 50_000).await.unwrap() {
                0 => break,
                n => assert!(n <= 50_000),
            }
        }
        sender.await;
        assert!(got.starts_with(b"before") && got[6..] == sent[..]);
        let mut full = BytesMut::new();
        assert_eq!(read.read_buf(&mut full, 10).await.unwrap(), 0);
    });
}
