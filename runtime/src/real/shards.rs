//! Starting the executors.

use std::{
    io::{Error, ErrorKind},
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::mpsc,
    thread,
};

use super::{executor::Executor, sys, usable};
use crate::{
    Result,
    shards::{Config, Cores, Shard, ShardId},
};

/// How one shard's thread ended: its number and the result or the panic.
type End<T> = (usize, thread::Result<T>);

pub(crate) fn run<F, Fut, T>(config: Config, main: F) -> Result<Vec<T>>
where
    F: Fn(Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let cores = choose_cores(&config.cores)?;
    let count = u16::try_from(cores.len()).map_err(|_| invalid("more than 65535 shards"))?;

    let (report, reports) = mpsc::channel();
    let (end, ends) = mpsc::channel();
    let mut permissions = Vec::new();
    for (index, core) in cores.into_iter().enumerate() {
        let shard = Shard {
            id: ShardId(index as u16),
            count,
        };
        permissions.push(start(
            &config,
            core,
            shard,
            main.clone(),
            report.clone(),
            end.clone(),
        )?);
    }
    drop((report, end));
    // Either all executors can be made and all mains run, or none does: dropping the permissions ends the
    // threads.
    for result in reports {
        result?;
    }
    for permission in permissions {
        permission
            .send(())
            .map_err(|_| Error::other("a shard ended before it started"))?;
    }
    collect(usize::from(count), &ends)
}

fn start<F, Fut, T>(
    config: &Config,
    core: Option<usize>,
    shard: Shard,
    main: F,
    report: mpsc::Sender<Result<()>>,
    end: mpsc::Sender<End<T>>,
) -> Result<mpsc::Sender<()>>
where
    F: Fn(Shard) -> Fut + Send + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let (go, permission) = mpsc::channel();
    let name = format!("{}-{}", config.name, shard.id);
    let config = config.clone();
    let body = move || {
        let executor = match make_executor(&config, core, shard.id) {
            Ok(executor) => executor,
            Err(error) => {
                // Nobody listens any more once another shard's error was reported.
                let _ = report.send(Err(error));
                return;
            }
        };
        let _ = report.send(Ok(()));
        drop(report);
        if permission.recv().is_ok() {
            // What is left of the shard's tasks, and its ring, go before its end is told: `run` returns to a quiet process.
            let run = AssertUnwindSafe(|| executor.run(async move { main(shard).await }));
            let result = std::panic::catch_unwind(run);
            let _ = end.send((shard.id.index(), result));
        }
    };
    thread::Builder::new().name(name).spawn(body)?;
    Ok(go)
}

/// Waits for all shards. A panic is handed on at once: the others may wait for the lost shard for ever.
fn collect<T>(count: usize, ends: &mpsc::Receiver<End<T>>) -> Result<Vec<T>> {
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    for (index, result) in ends {
        match result {
            Ok(result) => results[index] = Some(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    results
        .into_iter()
        .collect::<Option<Vec<T>>>()
        .ok_or_else(|| Error::other("a shard ended without a result"))
}

/// Pins this thread to its core and gives it an executor.
fn make_executor(config: &Config, core: Option<usize>, shard: ShardId) -> Result<Rc<Executor>> {
    let place = core.map_or("any core".to_owned(), |core| format!("core {core}"));
    let starting = |error: Error, what: String| {
        Error::new(error.kind(), format!("starting a shard on {place}: {what}"))
    };
    if let Some(core) = core {
        sys::stay_on(core).map_err(|error| {
            let what = error.to_string();
            starting(error, what)
        })?;
    }
    Executor::new(shard, config.ring_depth).map_err(|error| {
        let error = usable::explain(error);
        let what = error.to_string();
        starting(error, what)
    })
}

/// The core of each shard; None is any.
fn choose_cores(cores: &Cores) -> Result<Vec<Option<usize>>> {
    let allowed = sys::allowed_cores()?;
    match cores {
        Cores::Floating => Ok(vec![None]),
        Cores::Count(0) => Err(invalid("at least one core is needed")),
        Cores::Count(count) => Ok(allowed
            .iter()
            .copied()
            .map(Some)
            .cycle()
            .take(*count)
            .collect()),
        Cores::List(list) if list.is_empty() => Err(invalid("at least one core is needed")),
        Cores::List(list) => match list.iter().find(|core| !allowed.contains(core)) {
            None => Ok(list.iter().copied().map(Some).collect()),
            Some(core) => Err(invalid(&format!(
                "core {core} is not among those this process may use: {allowed:?}"
            ))),
        },
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, what)
}
