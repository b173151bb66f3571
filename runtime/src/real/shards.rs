//! Starting the executors.

use std::{
    io::{Error, ErrorKind},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use glommio::{LocalExecutor, LocalExecutorBuilder, Placement, PoolPlacement};

use super::{sys, task, usable};
use crate::{
    Result,
    shards::{Config, Cores, Shard, ShardId},
};

/// How long a task queue may run before the executor looks for io and at the other queue. Tasks wait for io
/// by themselves; this bounds those that are always ready.
const PREEMPT: Duration = Duration::from_millis(2);

/// One started thread; it waits for permission before it runs its main.
struct Starting<T> {
    go: mpsc::Sender<()>,
    thread: JoinHandle<Option<T>>,
}

pub(crate) fn run<F, Fut, T>(config: Config, main: F) -> Result<Vec<T>>
where
    F: Fn(Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let cores = choose_cores(&config.cores)?;
    usable::check(config.io_memory, cores.len())?;
    let count = u16::try_from(cores.len()).map_err(|_| invalid("more than 65535 shards"))?;

    let (report, reports) = mpsc::channel();
    let mut starting = Vec::new();
    for (index, core) in cores.into_iter().enumerate() {
        let shard = Shard { id: ShardId(index as u16), count };
        starting.push(start(&config, core, shard, main.clone(), report.clone())?);
    }
    drop(report);
    // Either all executors can be made and all mains run, or none does: dropping `go` ends the threads.
    for result in reports {
        result?;
    }
    let mut threads = Vec::new();
    for Starting { go, thread } in starting {
        go.send(()).map_err(|_| Error::other("a shard ended before it started"))?;
        threads.push(thread);
    }
    join(threads)
}

fn start<F, Fut, T>(
    config: &Config,
    core: Option<usize>,
    shard: Shard,
    main: F,
    report: mpsc::Sender<Result<()>>,
) -> Result<Starting<T>>
where
    F: Fn(Shard) -> Fut + Send + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let (go, permission) = mpsc::channel();
    let name = format!("{}-{}", config.name, shard.id);
    let config = config.clone();
    let body = move || {
        let made = make_executor(&config, core);
        let executor = match made {
            Ok(executor) => executor,
            Err(error) => {
                // Nobody listens any more once another shard's error was reported.
                let _ = report.send(Err(error));
                return None;
            }
        };
        let _ = report.send(Ok(()));
        drop(report);
        permission.recv().ok()?;
        Some(task::run_main(&executor, shard.id, main, shard))
    };
    Ok(Starting { go, thread: thread::Builder::new().name(name).spawn(body)? })
}

/// Waits for all shards, then hands on the first panic.
fn join<T>(threads: Vec<JoinHandle<Option<T>>>) -> Result<Vec<T>> {
    let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    let mut results = Vec::new();
    for end in ended {
        match end {
            Ok(Some(result)) => results.push(result),
            Ok(None) => return Err(Error::other("a shard ended before it started")),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(results)
}

fn make_executor(config: &Config, core: Option<usize>) -> Result<LocalExecutor> {
    LocalExecutorBuilder::new(core.map_or(Placement::Unbound, Placement::Fixed))
        .name(&config.name)
        .io_memory(config.io_memory)
        .ring_depth(config.ring_depth.max(8))
        .preempt_timer(PREEMPT)
        // The few blocking calls go to threads of our own (`blocking`); glommio insists on one.
        .blocking_thread_pool_placement(PoolPlacement::Unbound(1))
        .make()
        .map_err(|error| {
            let error = Error::from(error);
            let place = core.map_or("any core".to_owned(), |core| format!("core {core}"));
            Error::new(error.kind(), format!("starting a shard on {place}: {}", usable::explain(error)))
        })
}

/// The core of each shard; None is any.
fn choose_cores(cores: &Cores) -> Result<Vec<Option<usize>>> {
    let allowed = sys::allowed_cores()?;
    match cores {
        Cores::Floating => Ok(vec![None]),
        Cores::Count(0) => Err(invalid("at least one core is needed")),
        Cores::Count(count) => Ok(allowed.iter().copied().map(Some).cycle().take(*count).collect()),
        Cores::List(list) if list.is_empty() => Err(invalid("at least one core is needed")),
        Cores::List(list) => match list.iter().find(|core| !allowed.contains(core)) {
            None => Ok(list.iter().copied().map(Some).collect()),
            Some(core) => Err(invalid(&format!("core {core} is not among those this process may use: {allowed:?}"))),
        },
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, what)
}
