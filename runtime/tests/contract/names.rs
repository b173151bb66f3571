//! Folders, names, locks, whole files.

use std::{io::ErrorKind, path::Path};

use ottla_runtime::fs::{self, Buf, File, OpenOptions};

async fn make(path: impl AsRef<Path>, content: &[u8]) {
    let file = File::open(path, &OpenOptions::read_write()).await.unwrap();
    file.write_at(Buf::from(content), 0).await.unwrap();
    file.close().await.unwrap();
}

#[test]
fn opening_obeys_its_options() {
    crate::run(1, |env, _| async move {
        let path = env.path("f");
        let kind = |result: std::io::Result<File>| result.map(drop).unwrap_err().kind();
        assert_eq!(
            kind(File::open(&path, &OpenOptions::read_only()).await),
            ErrorKind::NotFound
        );
        assert_eq!(
            kind(File::open(env.path("no/f"), &OpenOptions::new_file()).await),
            ErrorKind::NotFound
        );
        drop(File::open(&path, &OpenOptions::new_file()).await.unwrap());
        assert_eq!(
            kind(File::open(&path, &OpenOptions::new_file()).await),
            ErrorKind::AlreadyExists
        );
        assert_eq!(
            kind(File::open(&path, &OpenOptions::new_file().direct()).await),
            ErrorKind::AlreadyExists
        );
        drop(
            File::open(&path, &OpenOptions::read_write().direct().dsync())
                .await
                .unwrap(),
        );
        let error = File::open(env.path("missing"), &OpenOptions::read_only())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    });
}

#[test]
fn folders_list_what_they_hold() {
    crate::run(1, |env, _| async move {
        fs::create_dir_all(env.path("a/b")).await.unwrap();
        fs::create_dir_all(env.path("a/b")).await.unwrap();
        make(env.path("a/two"), b"xy").await;
        make(env.path("a/one"), b"").await;
        make(env.path("a/b/deep"), b"z").await;
        let listed = fs::list(env.path("a")).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|e| (e.name.as_str(), e.is_dir, e.len))
            .collect();
        assert_eq!(
            listed,
            [("b", true, 0), ("one", false, 0), ("two", false, 2)]
        );
        assert!(fs::exists(env.path("a/one")).await.unwrap());
        fs::sync_dir(env.path("a")).await.unwrap();

        fs::remove_file(env.path("a/one")).await.unwrap();
        assert!(!fs::exists(env.path("a/one")).await.unwrap());
        assert_eq!(
            fs::remove_file(env.path("a/one")).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        fs::remove_dir_all(env.path("a")).await.unwrap();
        fs::remove_dir_all(env.path("a")).await.unwrap();
        assert!(!fs::exists(env.path("a/b/deep")).await.unwrap());
        assert_eq!(
            fs::list(env.path("a")).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(fs::list(&env.dir).await.unwrap(), []);
    });
}

#[test]
fn renaming_replaces_and_keeps_open_files() {
    crate::run(1, |env, _| async move {
        make(env.path("old"), b"old").await;
        make(env.path("new"), b"replaced").await;
        let replaced = File::open(env.path("new"), &OpenOptions::read_only())
            .await
            .unwrap();
        fs::rename(env.path("old"), env.path("new")).await.unwrap();
        assert!(!fs::exists(env.path("old")).await.unwrap());
        assert_eq!(
            &fs::read_file(env.path("new"), 10).await.unwrap()[..],
            b"old"
        );
        assert_eq!(
            &replaced.read_at(0, 10).await.unwrap()[..],
            b"replaced",
            "the handle keeps its file"
        );
        fs::remove_file(env.path("new")).await.unwrap();

        fs::create_dir_all(env.path("dir/sub")).await.unwrap();
        make(env.path("dir/sub/f"), b"1").await;
        fs::rename(env.path("dir"), env.path("moved"))
            .await
            .unwrap();
        assert_eq!(
            &fs::read_file(env.path("moved/sub/f"), 10).await.unwrap()[..],
            b"1"
        );
        assert_eq!(
            fs::rename(env.path("no"), env.path("x"))
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::NotFound
        );
    });
}

#[test]
fn small_files_are_replaced_whole() {
    crate::run(1, |env, _| async move {
        let path = env.path("meta");
        for content in [&b"a long first content"[..], b"short", b""] {
            fs::write_atomic(&path, content).await.unwrap();
            assert_eq!(&fs::read_file(&path, 100).await.unwrap()[..], content);
        }
        assert_eq!(
            fs::list(&env.dir).await.unwrap().len(),
            1,
            "nothing temporary is left"
        );
        make(env.path("big"), &[1; 101]).await;
        assert_eq!(
            fs::read_file(env.path("big"), 100)
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::FileTooLarge
        );
    });
}

#[test]
fn a_lock_is_held_once() {
    crate::run(1, |env, _| async move {
        let path = env.path("lock");
        let held = fs::lock(&path).await.unwrap();
        assert_eq!(
            fs::lock(&path).await.unwrap_err().kind(),
            ErrorKind::ResourceBusy
        );
        drop(held);
        let again = fs::lock(&path).await.unwrap();
        assert_eq!(again.path(), path);
    });
}

#[test]
fn there_is_space() {
    crate::run(1, |env, _| async move {
        assert!(fs::free_space(&env.dir).await.unwrap() > 1 << 20);
    });
}
