//! Open segment files of a shard: at most so many, least recently used closed first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use ottla_runtime::fs::{File, OpenOptions};

use crate::cache::LogKey;

pub(crate) struct Handles {
    limit: usize,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    tick: u64,
    open: BTreeMap<(LogKey, i64), (Rc<File>, u64)>,
    order: BTreeMap<u64, (LogKey, i64)>,
}

impl Handles {
    pub fn new(limit: usize) -> Handles {
        Handles {
            limit: limit.max(1),
            inner: RefCell::default(),
        }
    }

    /// The file of segment `base` of `log` if it is open.
    pub fn held(&self, log: LogKey, base: i64) -> Option<Rc<File>> {
        self.inner.borrow_mut().touch((log, base))
    }

    /// The file of segment `base` of `log`, opened if it is not.
    pub async fn get(&self, log: LogKey, base: i64, path: &Path) -> std::io::Result<Rc<File>> {
        if let Some(file) = self.inner.borrow_mut().touch((log, base)) {
            return Ok(file);
        }
        let file = File::open(
            path,
            &OpenOptions {
                write: true,
                ..OpenOptions::read_only()
            }
            .direct(),
        )
        .await?;
        Ok(self.put(log, base, file))
    }

    /// Creates the file (or opens what an earlier attempt left).
    pub async fn create(&self, log: LogKey, base: i64, path: &Path) -> std::io::Result<Rc<File>> {
        let file = File::open(path, &OpenOptions::read_write().direct()).await?;
        Ok(self.put(log, base, file))
    }

    fn put(&self, log: LogKey, base: i64, file: File) -> Rc<File> {
        let mut inner = self.inner.borrow_mut();
        // Two readers may have opened it at the same time: the first one's handle stays.
        if let Some(file) = inner.touch((log, base)) {
            return file;
        }
        let file = Rc::new(file);
        inner.tick += 1;
        let tick = inner.tick;
        inner.open.insert((log, base), (file.clone(), tick));
        inner.order.insert(tick, (log, base));
        while inner.open.len() > self.limit {
            let Some((_, key)) = inner.order.pop_first() else {
                break;
            };
            inner.open.remove(&key);
        }
        file
    }

    /// Closes the handle of one segment (as soon as nobody reads by it).
    pub fn forget(&self, log: LogKey, base: i64) {
        self.inner.borrow_mut().remove((log, base));
    }

    /// Closes all handles of a log.
    pub fn forget_log(&self, log: LogKey) {
        let mut inner = self.inner.borrow_mut();
        while let Some((key, _)) = inner.open.range((log, i64::MIN)..=(log, i64::MAX)).next() {
            let key = *key;
            inner.remove(key);
        }
    }
}

impl Inner {
    fn touch(&mut self, key: (LogKey, i64)) -> Option<Rc<File>> {
        self.tick += 1;
        let (file, tick) = self.open.get_mut(&key)?;
        self.order.remove(tick);
        *tick = self.tick;
        self.order.insert(self.tick, key);
        Some(file.clone())
    }

    fn remove(&mut self, key: (LogKey, i64)) {
        if let Some((_, tick)) = self.open.remove(&key) {
            self.order.remove(&tick);
        }
    }
}
