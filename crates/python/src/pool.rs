//! Threads that survive a fork.
//!
//! rayon's global pool is built once in an address space. A forked child (a worker of a DataLoader, a
//! `multiprocessing.Pool`) inherits it without its threads, and its first parallel call would wait for ever. So each
//! process builds a pool of its own, at its first call.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// A pool, and the process whose threads it has.
struct Owned {
    process: u32,
    pool: ThreadPool,
}

static POOL: AtomicPtr<Owned> = AtomicPtr::new(ptr::null_mut());
/// The number that was given to `set_num_threads`. 0: none.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Sets the number of threads from the next call on. With 0 the environment decides.
pub fn set_num_threads(threads: usize) {
    if THREADS.swap(threads, Ordering::Relaxed) != threads {
        POOL.store(ptr::null_mut(), Ordering::Release); // the threads of the old pool idle, as a call may still use it
    }
}

/// Number of threads of the next call.
pub fn num_threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => from_environment().unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |cores| cores.get())),
        threads => threads,
    }
}

/// Reads rayon's own variable, then the one that torchrun sets if many processes share a machine.
fn from_environment() -> Option<usize> {
    ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.trim().parse().ok())
        .filter(|&threads| threads > 0)
}

/// Does `work` with the threads of this process.
pub fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match current() {
        Some(pool) => pool.install(work),
        None => work(), // no thread can be made here, and rayon's own pool then uses the caller
    }
}

/// As [`run`], for work on so many samples. A batch of a training step is one chunk of the measurer, which no thread
/// divides: it is done here, as to wake a thread up would take longer than the work.
pub fn run_for<R: Send>(samples: usize, work: impl FnOnce() -> R + Send) -> R {
    const CHUNK: usize = 1024;
    if samples <= CHUNK { work() } else { run(work) }
}

fn current() -> Option<&'static ThreadPool> {
    let process = std::process::id();
    let found = POOL.load(Ordering::Acquire);
    // SAFETY: `POOL` is null or came out of `Box::leak` below: never freed, never moved, and not changed after that.
    if let Some(owned) = unsafe { found.as_ref() }.filter(|owned| owned.process == process) {
        return Some(&owned.pool);
    }
    let pool =
        ThreadPoolBuilder::new().num_threads(num_threads()).thread_name(|i| format!("climd-{i}")).build().ok()?;
    // Never freed: another thread may use the one before, and in a forked child its threads are not there to be joined.
    let owned = Box::leak(Box::new(Owned { process, pool }));
    POOL.store(owned, Ordering::Release);
    Some(&owned.pool)
}
