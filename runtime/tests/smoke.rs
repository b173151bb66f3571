//! Smoke.
use ottla_runtime::{shards, fs::{self, File, OpenOptions, Buf}, net::{Listener, Stream}, task::{self, Share}, time, mesh::{Calls, MeshBuilder}, sync::oneshot};
use std::{rc::Rc, time::Duration};
#[test]
fn smoke() {
    let dir = std::env::temp_dir().join(format!("ottla-smoke-{}", std::process::id()));
    let d2 = dir.clone();
    let mesh = MeshBuilder::new(2, 4);
    let out = shards::run(shards::Config { cores: shards::Cores::Count(2), ..Default::default() }, move |shard| {
        let dir = d2.clone(); let mesh = mesh.clone();
        async move {
            let calls = Calls::<u64,u64>::join(mesh, shard.id, Rc::new(move |_from, q, reply| reply.send(q * 2))).await;
            if shard.id.0 == 0 {
                fs::create_dir_all(&dir).await.unwrap();
                let f = File::open(dir.join("a"), &OpenOptions::new_file().direct().dsync()).await.unwrap();
                println!("direct {}", f.is_direct());
                f.allocate(1<<20).await.unwrap();
                let mut b = Buf::new(); b.extend_from_slice(&[7; 5000]); b.pad_to(4096);
                let b = f.write_at(b, 8192).await.unwrap();
                assert_eq!(b.len(), 8192);
                f.sync().await.unwrap();
                let r = f.read_at(8000, 300).await.unwrap();
                assert_eq!(r.len(), 300); assert_eq!(&r[191..194], &[0,7,7]);
                assert_eq!(f.len().await.unwrap(), 1<<20);
                assert_eq!(f.read_at(0, 10<<20).await.unwrap().len(), 1<<20);
                f.close().await.unwrap();
                fs::write_atomic(dir.join("x"), b"hello").await.unwrap();
                assert_eq!(&fs::read_file(dir.join("x"), 100).await.unwrap()[..], b"hello");
                println!("{:?}", fs::list(&dir).await.unwrap());
                let _l = fs::lock(dir.join("lock")).await.unwrap();
                println!("{}", fs::lock(dir.join("lock")).await.unwrap_err());
                println!("{}", fs::free_space(&dir).await.unwrap());
                let l = Listener::bind("127.0.0.1:0".parse().unwrap(), true).unwrap();
                let a = l.local_addr().unwrap();
                let t = task::spawn(Share::Foreground, async move {
                    let (mut r, mut w) = l.accept().await.unwrap().split();
                    let mut buf = [0; 1000];
                    loop { let n = r.read(&mut buf).await.unwrap(); if n == 0 { break; } w.write_all(&buf[..n]).await.unwrap(); }
                });
                let (mut r, mut w) = Stream::connect(a).await.unwrap().split();
                let t0 = time::now();
                for _ in 0..1000 { w.write_all(b"ping").await.unwrap(); let mut b = [0;4]; r.read_exact(&mut b).await.unwrap(); }
                println!("rtt {:?}", t0.elapsed()/1000);
                w.shutdown().await.unwrap();
                t.await;
                let t0 = time::now();
                for i in 0..1000 { assert_eq!(calls.call(shards::ShardId(1), i).await.unwrap(), 2*i); }
                println!("call {:?}", t0.elapsed()/1000);
                let t0 = time::now();
                let mut v = vec![]; for i in 0..10000 { v.push(calls.start(shards::ShardId(1), i).await.unwrap()); }
                for (i, p) in v.into_iter().enumerate() { assert_eq!(p.await.unwrap(), 2*i as u64); }
                println!("pipelined call {:?}", t0.elapsed()/10000);
                let (tx, rx) = oneshot::channel();
                task::spawn(Share::Background, async move { time::sleep(Duration::from_millis(5)).await; tx.send(3).unwrap(); }).detach();
                assert_eq!(rx.await.unwrap(), 3);
                assert!(time::timeout(Duration::from_millis(10), std::future::pending::<()>()).await.is_err());
                calls.call(shards::ShardId(1), 5).await.unwrap();
            } else {
                time::sleep(Duration::from_secs(1)).await;
            }
            shard.id.0
        }
    }).unwrap();
    assert_eq!(out, [0, 1]);
    std::fs::remove_dir_all(dir).unwrap();
}
