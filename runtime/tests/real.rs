//! What only the real backend can show.

use std::{os::unix::fs::MetadataExt, path::Path};

use ottla_runtime::{
    fs::{self, Buf, File, OpenOptions},
    shards::{self, Config, Cores},
};

fn on_one_shard<Fut: Future<Output = ()> + 'static>(
    body: impl Fn() -> Fut + Clone + Send + 'static,
) {
    shards::run(Config::default(), move |_| body()).unwrap();
}

/// The flags that the kernel has for an open file of this process.
fn open_flags(path: &Path) -> libc::c_int {
    let wanted = std::fs::metadata(path).unwrap().ino();
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let fd = entry.unwrap().file_name();
        let link = Path::new("/proc/self/fd").join(&fd);
        if std::fs::metadata(link).is_ok_and(|metadata| metadata.ino() == wanted) {
            let info = std::fs::read_to_string(Path::new("/proc/self/fdinfo").join(&fd)).unwrap();
            let flags = info
                .lines()
                .find_map(|line| line.strip_prefix("flags:"))
                .unwrap();
            return libc::c_int::from_str_radix(flags.trim(), 8).unwrap();
        }
    }
    panic!("{} is not open", path.display());
}

#[test]
fn direct_and_dsync_reach_the_kernel() {
    on_one_shard(|| async {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("ottla-flags-{}", std::process::id()));
        fs::create_dir_all(&dir).await.unwrap();
        for i in 0..2 {
            // The first direct file of a device is opened in another way than the later ones.
            let path = dir.join(i.to_string());
            let options = OpenOptions::new_file().direct().dsync();
            let file = File::open(&path, &options).await.unwrap();
            let flags = open_flags(&path);
            assert_eq!(flags & libc::O_DSYNC, libc::O_DSYNC);
            assert_eq!(flags & libc::O_DIRECT != 0, file.is_direct());
            file.close().await.unwrap();
            let plain = File::open(&path, &OpenOptions::read_only()).await.unwrap();
            assert_eq!(open_flags(&path) & (libc::O_DSYNC | libc::O_DIRECT), 0);
            drop(plain);
        }
        fs::remove_dir_all(dir).await.unwrap();
    });
}

#[test]
fn in_memory_file_systems_are_buffered() {
    on_one_shard(|| async {
        let dir = Path::new("/dev/shm").join(format!("ottla-buffered-{}", std::process::id()));
        if fs::create_dir_all(&dir).await.is_err() {
            return;
        }
        let file = File::open(dir.join("f"), &OpenOptions::new_file().direct().dsync())
            .await
            .unwrap();
        assert!(!file.is_direct());
        file.allocate(1 << 20).await.unwrap();
        file.write_at(Buf::from(&[5; 1_000][..]), 77).await.unwrap();
        file.sync().await.unwrap();
        assert_eq!(
            file.read_at(70, 10).await.unwrap()[..],
            [0, 0, 0, 0, 0, 0, 0, 5, 5, 5]
        );
        file.close().await.unwrap();
        fs::remove_dir_all(dir).await.unwrap();
    });
}

#[test]
fn impossible_cores_are_refused_with_the_reason() {
    let start = |cores| {
        let config = Config {
            cores,
            ..Config::default()
        };
        shards::run(config, |_| async { unreachable!("no shard may start") })
            .unwrap_err()
            .to_string()
    };
    assert!(start(Cores::List(vec![100_000])).contains("100000"));
    assert!(start(Cores::List(Vec::new())).contains("at least one"));
    assert!(start(Cores::Count(0)).contains("at least one"));
}

#[test]
#[should_panic(expected = "the second shard fails")]
fn a_panic_of_one_shard_is_not_waited_out() {
    let config = Config {
        cores: Cores::Count(2),
        ..Config::default()
    };
    let run = shards::run(config, |shard| async move {
        assert!(shard.id.0 == 0, "the second shard fails");
        std::future::pending::<()>().await;
    });
    run.unwrap();
}
