//! Bytes in files.

use ottla_runtime::{
    fs::{ALIGNMENT, Buf, File, OpenOptions},
    task::{self, Share},
};
use std::{io::ErrorKind, rc::Rc};

const BLOCK: usize = ALIGNMENT as usize;

/// Bytes that differ from position to position.
fn pattern(len: usize, salt: usize) -> Vec<u8> {
    (0..len)
        .map(|i| ((i * 31) ^ (i >> 8) ^ salt) as u8)
        .collect()
}

fn kinds() -> [OpenOptions; 4] {
    let plain = OpenOptions::new_file();
    [plain, plain.direct(), plain.dsync(), plain.direct().dsync()]
}

#[test]
fn what_is_written_is_read_at_any_position() {
    crate::run(1, |env, _| async move {
        for (i, options) in kinds().iter().enumerate() {
            let file = File::open(env.path(&i.to_string()), options).await.unwrap();
            let bytes = pattern(3 * BLOCK, i);
            let back = file
                .write_at(Buf::from(&bytes[..]), ALIGNMENT)
                .await
                .unwrap();
            assert_eq!(&back[..], &bytes[..], "the buffer comes back as it was");
            file.sync().await.unwrap();
            assert_eq!(file.len().await.unwrap(), 4 * ALIGNMENT);

            for (pos, len) in [
                (BLOCK, 3 * BLOCK),
                (BLOCK + 1, 10),
                (2 * BLOCK - 3, BLOCK + 7),
                (BLOCK + 5, 0),
            ] {
                let read = file.read_at(pos as u64, len).await.unwrap();
                assert_eq!(
                    &read[..],
                    &bytes[pos - BLOCK..pos - BLOCK + len],
                    "{len} at {pos}"
                );
            }
            let hole = file.read_at(0, BLOCK).await.unwrap();
            assert!(hole.len() == BLOCK && hole.iter().all(|byte| *byte == 0));
            file.close().await.unwrap();
        }
    });
}

#[test]
fn reads_end_with_the_file() {
    crate::run(1, |env, _| async move {
        let file = File::open(env.path("f"), &OpenOptions::new_file())
            .await
            .unwrap();
        assert!(file.is_empty().await.unwrap());
        assert!(file.read_at(0, 10).await.unwrap().is_empty());
        file.write_at(Buf::from(&pattern(5_000, 0)[..]), 0)
            .await
            .unwrap();
        assert_eq!(
            file.read_at(4_990, 100).await.unwrap(),
            pattern(5_000, 0)[4_990..]
        );
        assert!(file.read_at(5_000, 1).await.unwrap().is_empty());
        assert!(
            file.read_at(u64::MAX / 4, 1 << 20)
                .await
                .unwrap()
                .is_empty()
        );
        // Asking for far more than there is allocates no more than there is.
        assert_eq!(file.read_at(0, usize::MAX / 4).await.unwrap().len(), 5_000);
        file.close().await.unwrap();
        // The same through direct io, with a length that is no multiple of a block.
        let file = File::open(env.path("f"), &OpenOptions::read_only().direct())
            .await
            .unwrap();
        assert_eq!(
            file.read_at(4_990, 100).await.unwrap(),
            pattern(5_000, 0)[4_990..]
        );
        assert_eq!(file.read_at(0, 1 << 22).await.unwrap(), pattern(5_000, 0));
    });
}

#[test]
fn large_reads_come_in_one_piece() {
    crate::run(1, |env, _| async move {
        let file = File::open(env.path("f"), &OpenOptions::new_file().direct())
            .await
            .unwrap();
        let bytes = pattern(3 << 20, 1);
        file.write_at(Buf::from(&bytes[..]), 0).await.unwrap();
        assert_eq!(file.read_at(0, 3 << 20).await.unwrap(), bytes);
        assert_eq!(
            file.read_at(1_000, 2 << 20).await.unwrap(),
            bytes[1_000..1_000 + (2 << 20)]
        );
        assert_eq!(
            file.read_at(700_000, 5 << 20).await.unwrap(),
            bytes[700_000..]
        );
    });
}

#[test]
fn direct_writes_must_be_aligned() {
    crate::run(1, |env, _| async move {
        let file = File::open(env.path("f"), &OpenOptions::new_file().direct())
            .await
            .unwrap();
        if !file.is_direct() {
            return;
        }
        for (len, pos) in [(100, 0), (BLOCK, 512), (BLOCK + 1, ALIGNMENT)] {
            let error = file.write_at(Buf::zeroed(len), pos).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(file.alignment(), ALIGNMENT);
        assert!(file.write_at(Buf::new(), 3).await.is_err());
        assert_eq!(file.len().await.unwrap(), 0);
    });
}

#[test]
fn files_grow_shrink_and_read_zero_between() {
    crate::run(1, |env, _| async move {
        let file = File::open(env.path("f"), &OpenOptions::new_file().direct())
            .await
            .unwrap();
        file.allocate(8 * ALIGNMENT).await.unwrap();
        assert_eq!(file.len().await.unwrap(), 8 * ALIGNMENT);
        file.allocate(ALIGNMENT).await.unwrap();
        assert_eq!(
            file.len().await.unwrap(),
            8 * ALIGNMENT,
            "allocating never shortens"
        );
        let bytes = pattern(8 * BLOCK, 2);
        file.write_at(Buf::from(&bytes[..]), 0).await.unwrap();

        file.truncate(2 * ALIGNMENT + 10).await.unwrap();
        assert_eq!(
            file.read_at(0, 8 * BLOCK).await.unwrap(),
            bytes[..2 * BLOCK + 10]
        );
        file.truncate(4 * ALIGNMENT).await.unwrap();
        let read = file.read_at(0, 8 * BLOCK).await.unwrap();
        assert_eq!(read.len(), 4 * BLOCK);
        assert_eq!(read[..2 * BLOCK + 10], bytes[..2 * BLOCK + 10]);
        assert!(
            read[2 * BLOCK + 10..].iter().all(|byte| *byte == 0),
            "cut bytes do not come back"
        );

        file.write_at(Buf::from(&bytes[..]), 0).await.unwrap();
        file.zero_fill(ALIGNMENT, 2 * ALIGNMENT).await.unwrap();
        let read = file.read_at(0, 8 * BLOCK).await.unwrap();
        assert_eq!(read[..BLOCK], bytes[..BLOCK]);
        assert!(read[BLOCK..3 * BLOCK].iter().all(|byte| *byte == 0));
        assert_eq!(read[3 * BLOCK..], bytes[3 * BLOCK..]);
        file.sync().await.unwrap();
    });
}

#[test]
fn operations_run_at_the_same_time() {
    crate::run(1, |env, _| async move {
        let options = OpenOptions::new_file().direct().dsync();
        let file = Rc::new(File::open(env.path("f"), &options).await.unwrap());
        let tasks: Vec<_> = (0..16_usize)
            .map(|i| {
                let file = file.clone();
                task::spawn(Share::Foreground, async move {
                    let buf = Buf::from(&pattern(BLOCK, i)[..]);
                    file.write_at(buf, (i * BLOCK) as u64).await.unwrap();
                    assert_eq!(
                        file.read_at((i * BLOCK) as u64, BLOCK).await.unwrap(),
                        pattern(BLOCK, i)
                    );
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        for i in 0..16 {
            assert_eq!(
                file.read_at((i * BLOCK) as u64, BLOCK).await.unwrap(),
                pattern(BLOCK, i)
            );
        }
    });
}

#[test]
fn two_handles_see_one_file() {
    crate::run(1, |env, _| async move {
        let path = env.path("f");
        let one = File::open(&path, &OpenOptions::new_file().direct())
            .await
            .unwrap();
        let two = File::open(&path, &OpenOptions::read_only()).await.unwrap();
        one.write_at(Buf::from(&pattern(BLOCK, 4)[..]), 0)
            .await
            .unwrap();
        assert_eq!(two.read_at(0, BLOCK).await.unwrap(), pattern(BLOCK, 4));
        assert!(
            two.write_at(Buf::zeroed(BLOCK), 0).await.is_err(),
            "open for reading only"
        );
    });
}

#[test]
fn buffers_keep_their_bytes() {
    crate::run(1, |_, _| async {
        let mut buf = Buf::with_capacity(10);
        assert!(buf.is_empty() && buf.capacity() == BLOCK);
        buf.extend_from_slice(&pattern(10_000, 5));
        buf.pad_to(BLOCK);
        assert_eq!(buf.len(), 3 * BLOCK);
        assert_eq!(buf[..10_000], pattern(10_000, 5));
        assert!(buf[10_000..].iter().all(|byte| *byte == 0));
        buf.as_mut_slice()[0] = 77;
        buf.resize(5);
        buf.resize(8);
        assert_eq!(
            buf[..8],
            [
                77,
                pattern(2, 5)[1],
                pattern(3, 5)[2],
                pattern(4, 5)[3],
                pattern(5, 5)[4],
                0,
                0,
                0
            ]
        );
        buf.clear();
        assert!(buf.is_empty());
        assert_eq!(buf.as_slice().as_ptr() as usize % BLOCK, 0);
    });
}
