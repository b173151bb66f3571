//! The simulated shard: a journal, logs, and the tasks that work on them, as the broker's shard would.

mod compact;
mod reads;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::record::{BatchBuilder, BatchOptions, Codec};
use ottla_runtime::fs;
use ottla_runtime::rand::Rng;
use ottla_runtime::task::{self, Share};
use ottla_runtime::time;
use ottla_storage::journal::{self, Journal, Recovered};
use ottla_storage::log::{Log, LogConfig, Start, Store, StoreOptions};
use ottla_storage::{Checkpoint, Entry, EntryKind, Frame, HardState};

use super::model::{Model, Op};

/// How one seed's storage is laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Partitions.
    pub partitions: usize,
    /// The first so many of them are not compacted.
    pub plain: usize,
    /// How long tombstones stay in the others, ms.
    pub delete_retention_ms: i64,
    /// How many keys their records have.
    pub keys: u64,
    /// The journal's.
    pub journal: journal::Options,
    /// Every log's to begin with.
    pub log: LogConfig,
    /// The store's.
    pub store: StoreOptions,
    /// Largest value of a record.
    pub value: u64,
    /// Longest pause between two steps of a task, microseconds.
    pub pause: u64,
}

/// One life of the shard, from start to crash.
pub struct Shard {
    journal: Journal,
    logs: Vec<Log>,
    /// Base of the segment that was open by the newest durable checkpoint, of each log.
    covered: Vec<Cell<i64>>,
    model: Rc<RefCell<Model>>,
    rng: RefCell<Rng>,
    layout: Layout,
    /// Appends not confirmed yet.
    waiting: Cell<usize>,
}

/// Appends that wait for their flush at a time.
const WAITING: usize = 16;

/// The root of everything on the simulated disk.
const ROOT: &str = "/data";

impl Shard {
    /// Opens journal and logs, and checks that what is there is what may be there.
    pub async fn open(
        layout: Layout,
        model: Rc<RefCell<Model>>,
        mut rng: Rng,
    ) -> Result<Rc<Shard>, String> {
        if rng.below(2) == 0 {
            without_spares().await.map_err(|e| e.to_string())?;
        }
        let (journal, recovered) = Journal::open("/data/journal", layout.journal.clone())
            .await
            .map_err(|e| format!("journal refused: {e}"))?;
        for p in 0..layout.partitions {
            let id = model.borrow().parts[p].id;
            model.borrow_mut().recover(p, recovered.get(&id))?;
        }
        let store = Store::new(ROOT, &layout.store);
        let mut logs = Vec::new();
        let mut covered = Vec::new();
        for p in 0..layout.partitions {
            logs.push(open_log(&store, &layout, &model, p, &recovered).await?);
            let checkpoint = recovered
                .get(&logs[p].id())
                .and_then(|f| f.checkpoint.as_ref());
            let open = checkpoint.and_then(|c| c.tail).map_or(0, |t| t.segment);
            covered.push(Cell::new(open));
        }
        let shard = Rc::new(Shard {
            journal,
            logs,
            covered,
            model,
            rng: RefCell::new(rng),
            layout,
            waiting: Cell::new(0),
        });
        for p in 0..shard.logs.len() {
            shard.read_all(p).await?;
        }
        Ok(shard)
    }

    /// Starts the tasks; they go on until the crash.
    pub fn start(self: &Rc<Self>) {
        self.spawn(|shard| async move { shard.write_loop().await });
        self.spawn(|shard| async move { shard.checkpoint_loop().await });
        if self.layout.plain < self.logs.len() {
            self.spawn(|shard| async move { shard.compact_loop().await });
        }
        self.spawn(|shard| async move { shard.read_loop().await });
        self.spawn(|shard| async move { shard.read_loop().await });
    }

    fn spawn<F: Future<Output = Result<(), String>> + 'static>(
        self: &Rc<Self>,
        work: impl FnOnce(Rc<Shard>) -> F,
    ) {
        let model = self.model.clone();
        let work = work(self.clone());
        task::spawn(Share::Foreground, async move {
            if let Err(what) = work.await {
                model.borrow_mut().violate(what);
            }
        })
        .detach();
    }

    fn below(&self, bound: u64) -> u64 {
        self.rng.borrow_mut().below(bound)
    }

    async fn pause(&self) {
        let micros = 1 + self.below(self.layout.pause);
        time::sleep(Duration::from_micros(micros)).await;
    }

    async fn write_loop(self: Rc<Self>) -> Result<(), String> {
        loop {
            let p = self.below(self.logs.len() as u64) as usize;
            match self.below(40) {
                0..=25 => self.append(&[p])?,
                26..=30 => {
                    let all: Vec<usize> = (0..self.logs.len()).collect();
                    self.append(&all)?;
                }
                31 => self.model.borrow_mut().parts[p].hold = true,
                32..=34 => self.resolve(p)?,
                35 => self.logs[p].roll(),
                36 => self.delete_records(p),
                37 => self.retain(p).await?,
                38 => self.configure(p),
                _ => self.pause().await,
            }
            while self.below(3) == 0 || self.waiting.get() > WAITING {
                self.pause().await;
            }
        }
    }

    /// Appends one to four entries to each of these partitions with one journal append.
    fn append(self: &Rc<Self>, partitions: &[usize]) -> Result<(), String> {
        let mut frames = Vec::new();
        let mut confirm = Vec::new();
        for &p in partitions {
            let mut number = 0;
            for _ in 0..=self.below(4) {
                number = self.append_entry(p, &mut frames)?;
            }
            if self.below(4) == 0 {
                number = self.hard_state(p, &mut frames);
            }
            confirm.push((p, number));
        }
        self.hand_over(frames, confirm);
        Ok(())
    }

    fn append_entry(&self, p: usize, frames: &mut Vec<Frame>) -> Result<u64, String> {
        let (id, term, index) = {
            let model = self.model.borrow();
            let part = &model.parts[p];
            (part.id, part.term, part.latest.last().0 + 1)
        };
        let log = &self.logs[p];
        let base_offset = log.end_offset();
        let (kind, records, body, times) = match self.below(8) {
            0 => (EntryKind::Empty, 0, Bytes::new(), Vec::new()),
            1 => (
                EntryKind::Command,
                0,
                Bytes::from_static(b"command"),
                Vec::new(),
            ),
            _ => {
                let keyed = p >= self.layout.plain;
                let (body, times) = self.batch(base_offset, term, keyed);
                (EntryKind::Data, times.len() as u32, body, times)
            }
        };
        let data = if kind == EntryKind::Data {
            body.clone()
        } else {
            Bytes::new()
        };
        let entry = Entry {
            index,
            term,
            kind,
            base_offset,
            records,
            body,
        };
        frames.push(Frame::Entry {
            id,
            entry: entry.clone(),
        });
        let number = self.model.borrow_mut().push(p, Op::Append(entry, times));
        if self.model.borrow().violation.is_some() {
            return Ok(number);
        }
        log.append(index, term, base_offset, records, data)
            .map_err(|e| format!("append refused: {e}"))?;
        Ok(number)
    }

    fn batch(&self, base_offset: i64, term: u64, keyed: bool) -> (Bytes, Vec<i64>) {
        let codec = if self.below(3) == 0 {
            Codec::Lz4
        } else {
            Codec::None
        };
        let options = BatchOptions {
            base_offset,
            leader_epoch: term as i32,
            codec,
            ..BatchOptions::default()
        };
        let mut builder = BatchBuilder::new(options);
        let now = time::wall_ms();
        let mut times = Vec::new();
        for _ in 0..=self.below(5) {
            // Mostly now, sometimes long ago: producers' clocks differ.
            let age = if self.below(10) == 0 {
                self.below(60_000)
            } else {
                self.below(20)
            };
            let timestamp = now - age as i64;
            let mut value = vec![0; self.below(self.layout.value) as usize];
            let mut rng = Rng::new(self.below(u64::MAX));
            value.iter_mut().for_each(|b| *b = rng.u64() as u8);
            let key = keyed.then(|| self.below(self.layout.keys).to_le_bytes());
            let tombstone = keyed && self.below(5) == 0;
            let value = (!tombstone).then_some(&value[..]);
            builder.push(timestamp, key.as_ref().map(|k| &k[..]), value, &[]);
            times.push(timestamp);
        }
        let bytes = builder
            .build()
            .unwrap_or_else(|e| unreachable!("a batch that lz4 cannot hold: {e}"));
        (bytes.into(), times)
    }

    fn hard_state(&self, p: usize, frames: &mut Vec<Frame>) -> u64 {
        let mut model = self.model.borrow_mut();
        let part = &model.parts[p];
        let hard = HardState {
            term: part.term,
            vote: 1 + part.term % 3,
            commit: part.commit,
        };
        frames.push(Frame::HardState { id: part.id, hard });
        model.push(p, Op::Hard(hard))
    }

    /// Appends to the journal; what is confirmed there is confirmed in the model.
    fn hand_over(self: &Rc<Self>, frames: Vec<Frame>, confirm: Vec<(usize, u64)>) {
        let append = self.journal.append(frames);
        self.waiting.set(self.waiting.get() + 1);
        self.spawn(|shard| async move {
            append
                .await
                .map_err(|e| format!("an append failed without a fault: {e}"))?;
            shard.waiting.set(shard.waiting.get() - 1);
            let mut model = shard.model.borrow_mut();
            for (p, number) in confirm {
                model.durable(p, number);
            }
            Ok(())
        });
    }

    /// Ends a time of uncommitted entries: they are committed, or a new leader's take the place of some.
    fn resolve(self: &Rc<Self>, p: usize) -> Result<(), String> {
        let mut frames = Vec::new();
        let mut number;
        {
            let mut model = self.model.borrow_mut();
            if !std::mem::take(&mut model.parts[p].hold) {
                return Ok(());
            }
            let part = &model.parts[p];
            let (commit, last, id) = (part.commit, part.latest.last().0, part.id);
            if commit == last || self.below(4) == 0 {
                return Ok(());
            }
            let from = commit + 1 + self.below(last - commit);
            model.stats.truncations += 1;
            frames.push(Frame::Truncate { id, from });
            number = model.push(p, Op::Truncate(from));
            let part = &mut model.parts[p];
            part.term += 1;
            let (end, last) = (part.latest.end_offset(), part.latest.last());
            self.logs[p]
                .truncate_to(end, last)
                .map_err(|e| format!("truncation refused: {e}"))?;
        }
        for _ in 0..self.below(3) {
            number = self.append_entry(p, &mut frames)?;
        }
        self.hand_over(frames, vec![(p, number)]);
        Ok(())
    }

    fn delete_records(&self, p: usize) {
        let mut model = self.model.borrow_mut();
        let part = &mut model.parts[p];
        let (start, end) = (self.logs[p].start_offset(), part.commit_offset());
        if end > start {
            let to = start + 1 + self.below((end - start) as u64) as i64;
            part.start.1 = part.start.1.max(self.logs[p].advance_start(to));
        }
    }

    async fn retain(&self, p: usize) -> Result<(), String> {
        let limit = self.model.borrow().parts[p].commit_offset();
        let log = &self.logs[p];
        let moved = log
            .retain(time::wall_ms(), limit)
            .await
            .map_err(|e| format!("retention failed: {e}"))?;
        if let Some(start) = moved {
            let mut model = self.model.borrow_mut();
            if start > model.parts[p].commit_offset() {
                return Err(format!(
                    "retention moved the start to {start}, beyond what is committed"
                ));
            }
            let start = log.advance_start(start);
            model.parts[p].start.1 = model.parts[p].start.1.max(start);
        }
        Ok(())
    }

    fn configure(&self, p: usize) {
        let log = &self.logs[p];
        let choice = |a: i64| if self.below(2) == 0 { -1 } else { a };
        let config = LogConfig {
            segment_bytes: 4096 << self.below(if p < self.layout.plain { 6 } else { 2 }),
            segment_ms: 1 + self.below(10_000) as i64,
            retention_ms: choice(self.below(30_000) as i64),
            retention_bytes: choice(self.below(200_000) as i64),
            ..log.config()
        };
        log.configure(config);
    }

    async fn checkpoint_loop(self: Rc<Self>) -> Result<(), String> {
        loop {
            self.pause().await;
            let (_, pinning) = self.journal.pins();
            let many = self.journal.files() > 2;
            for p in 0..self.logs.len() {
                let id = self.logs[p].id();
                if (many && pinning.contains(&id)) || self.below(4) == 0 {
                    self.checkpoint(p).await?;
                }
            }
            let freed = self
                .journal
                .recycle()
                .await
                .map_err(|e| format!("recycling failed: {e}"))?;
            self.model.borrow_mut().stats.recycled += freed as u64;
        }
    }

    async fn checkpoint(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let commit = self.model.borrow().parts[p].commit;
        let flushed = log
            .flush(commit)
            .await
            .map_err(|e| format!("flush failed: {e}"))?;
        if flushed.index > self.model.borrow().parts[p].commit {
            return Err(format!(
                "{}: flushed through {}, committed is less",
                log.id(),
                flushed.index
            ));
        }
        if self.below(4) == 0 {
            return Ok(()); // A crash may come between flush and checkpoint at any time; now and then it is far off.
        }
        let hard = self.model.borrow().parts[p].latest.hard;
        let state = Bytes::copy_from_slice(&log.flushed().index.to_le_bytes());
        let checkpoint: Checkpoint = log.checkpoint(hard, state);
        let (index, start) = (checkpoint.index, checkpoint.start_offset);
        let open = checkpoint.tail.map_or(0, |tail| tail.segment);
        let frames = vec![Frame::Checkpoint {
            id: log.id(),
            checkpoint,
        }];
        self.journal
            .append(frames)
            .await
            .map_err(|e| format!("a checkpoint failed: {e}"))?;
        let covered = &self.covered[p];
        covered.set(covered.get().max(open));
        {
            let mut model = self.model.borrow_mut();
            model.stats.checkpoints += 1;
            let part = &mut model.parts[p];
            part.start.0 = part.start.0.max(start);
            part.checkpoint = part.checkpoint.max(index);
        }
        let gone = log
            .reclaim(start)
            .await
            .map_err(|e| format!("removal failed: {e}"))?;
        let mut model = self.model.borrow_mut();
        model.stats.reclaimed += gone as u64;
        model.stats.segments = model.stats.segments.max(log.segments() as u64);
        Ok(())
    }
}

/// Files kept for later use hold nothing that anybody needs: without them new ones are made.
async fn without_spares() -> std::io::Result<()> {
    fs::create_dir_all("/data/journal").await?;
    for entry in fs::list("/data/journal").await? {
        if entry.name.starts_with("spare") {
            fs::remove_file(Path::new("/data/journal").join(entry.name)).await?;
        }
    }
    Ok(())
}

async fn open_log(
    store: &Store,
    layout: &Layout,
    model: &RefCell<Model>,
    p: usize,
    recovered: &Recovered,
) -> Result<Log, String> {
    let id = model.borrow().parts[p].id;
    let found = recovered.get(&id);
    let start = match found.map(|f| &f.checkpoint) {
        None => Start::New,
        Some(None) => Start::Uncovered,
        Some(Some(checkpoint)) => Start::From(checkpoint),
    };
    let log = Log::open(store, id, format!("p{p}"), layout.log, start)
        .await
        .map_err(|e| format!("log refused: {e}"))?;
    for entry in found.iter().flat_map(|f| &f.entries) {
        let data = if entry.kind == EntryKind::Data {
            entry.body.clone()
        } else {
            Bytes::new()
        };
        log.append(
            entry.index,
            entry.term,
            entry.base_offset,
            entry.records,
            data,
        )
        .map_err(|e| format!("a recovered entry is refused: {e}"))?;
    }
    let mut model = model.borrow_mut();
    let part = &mut model.parts[p];
    part.start = (log.start_offset(), log.start_offset());
    Ok(log)
}
