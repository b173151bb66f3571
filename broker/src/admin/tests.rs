//! The whole responder over a socket.

use super::*;
use crate::metrics::Metrics;
use crate::tests::on_shard;

async fn ask(addr: std::net::SocketAddr, request: &[u8]) -> String {
    let (mut read, mut write) = Stream::connect(addr).await.expect("connected").split();
    write.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    let mut some = [0; 4096];
    while let Ok(n @ 1..) = read.read(&mut some).await {
        answer.extend_from_slice(&some[..n]);
    }
    String::from_utf8(answer).expect("text")
}

fn admin() -> (Rc<Admin>, Task<()>, std::net::SocketAddr) {
    let admin = Admin::new(|| {
        let shards = [Metrics::default(), Metrics::default()];
        shards.iter().for_each(|shard| shard.connections.add(21));
        let snapshots = shards.iter().map(Metrics::snapshot).collect();
        Box::pin(async { snapshots })
    });
    let listener = Listener::bind("127.0.0.1:0".parse().expect("address"), false).expect("bound");
    let addr = listener.local_addr().expect("address");
    let task = admin.serve(listener);
    (admin, task, addr)
}

#[test]
fn probes_and_metrics() {
    on_shard(|| async {
        let (admin, _task, addr) = admin();
        let live = ask(addr, b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(
            live.starts_with("HTTP/1.1 200 OK\r\n") && live.ends_with("\r\n\r\nlive\n"),
            "{live}"
        );
        for (readiness, status) in [
            (Readiness::Starting, "503"),
            (Readiness::Ready, "200"),
            (Readiness::Stopping, "503"),
        ] {
            admin.set_readiness(readiness);
            let ready = ask(addr, b"GET /ready HTTP/1.1\r\n\r\n").await;
            assert_eq!(ready.split(' ').nth(1), Some(status), "{readiness:?}");
        }
        let metrics = ask(addr, b"GET /metrics HTTP/1.1\r\n\r\n").await;
        let (head, body) = metrics.split_once("\r\n\r\n").expect("a head");
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{head}"
        );
        assert!(
            body.contains("\nottla_connections 42\n"),
            "shards are added: {body}"
        );
    });
}

#[test]
fn anything_else_is_refused() {
    on_shard(|| async {
        let (_admin, _task, addr) = admin();
        let long = format!(
            "GET /live HTTP/1.1\r\nX: {}\r\n\r\n",
            "x".repeat(MAX_REQUEST)
        );
        let cases = [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "404"),
            (b"GET /metrics/ HTTP/1.1\r\n\r\n", "404"),
            (b"POST /ready HTTP/1.1\r\n\r\n", "405"),
            (b"DELETE /nothing HTTP/1.1\r\n\r\n", "404"),
            (b"hello\r\n\r\n", "400"),
            (b"\0\0\0\x0a\0\x12\0\0\0\0\0\x01\0\0", "400"),
            (long.as_bytes(), "431"),
        ];
        for (request, status) in cases {
            let answer = ask(addr, request).await;
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
            if status == "405" {
                assert!(answer.contains("\r\nAllow: GET\r\n"), "{answer}");
            }
        }
    });
}

#[test]
fn a_client_that_sends_nothing_is_dropped() {
    on_shard(|| async {
        let (admin, _task, addr) = admin();
        let (mut read, _write) = Stream::connect(addr).await.expect("connected").split();
        let start = time::now();
        assert!(!matches!(read.read(&mut [0; 1]).await, Ok(1)));
        assert!(start.elapsed() >= PATIENCE - Duration::from_millis(100));
        assert_eq!(admin.open.get(), 0);
    });
}
