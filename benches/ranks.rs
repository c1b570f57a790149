//! What does one of a thousand ranks do? All ranks of a job in one process, one at a time: seconds that a rank computes
//! for `update` and the next epoch, bytes that it sends and receives, and memory.
//!
//! `cargo bench --bench ranks` prints a table; `-- --ranks 100` simulates fewer, and `-- --small` a tenth of the
//! samples. Every rank runs the library's own code on one thread. Where ranks communicate, each waits for its turn: the
//! time of a rank is its own, and a busy machine changes the median over the ranks little. The part that each rank gets
//! is compared with that of one process.

#[path = "../examples/common/long_tail.rs"]
mod data;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use climd::{
    Communicator, Curriculum, CurriculumSampler, Distributed, Epoch, Exchange, PowerLaw, Result, ShardRemainder,
};
use data::long_tail;

struct Counted;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(in_use, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// What all ranks share.
struct World {
    turns: Vec<Sender<()>>,
    /// What the ranks bring to the operation that runs, by rank, with how much of it is for each rank.
    brought: Mutex<Vec<Brought>>,
    sum: Mutex<Vec<u32>>,
    done: Mutex<Arc<Done>>,
}

type Brought = (Vec<u32>, Vec<usize>);

/// The operation before, whose result the ranks take one after the other.
#[derive(Default)]
struct Done {
    brought: Vec<Brought>,
    sum: Vec<u32>,
}

/// What a rank has done so far.
#[derive(Clone, Copy, Default)]
struct Spent {
    seconds: f64,
    sent: usize,
    received: usize,
    held: isize,
    most: isize,
}

struct Rank {
    rank: usize,
    world: Arc<World>,
    turn: Receiver<()>,
    spent: RefCell<Spent>,
    began: Cell<Option<Instant>>,
    in_use: Cell<usize>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rank {
    fn world(size: usize) -> Vec<Self> {
        let (turns, waits): (Vec<_>, Vec<_>) = (0..size).map(|_| channel()).unzip();
        let brought = Mutex::new(vec![Brought::default(); size]);
        let world = Arc::new(World { turns, brought, sum: Mutex::default(), done: Mutex::default() });
        let rank = |(rank, turn)| Self {
            rank,
            world: Arc::clone(&world),
            turn,
            spent: RefCell::default(),
            began: Cell::new(None),
            in_use: Cell::new(0),
        };
        waits.into_iter().enumerate().map(rank).collect()
    }

    /// Runs `work` on a thread for each rank, one at a time.
    fn run<T: Send>(size: usize, work: impl Fn(&Self) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let (work, ranks) = (&work, Self::world(size));
            let first = ranks[0].world.turns[0].clone();
            let threads: Vec<_> = ranks
                .into_iter()
                .map(|rank| {
                    scope.spawn(move || {
                        rank.wait();
                        let out = work(&rank);
                        rank.pass();
                        out
                    })
                })
                .collect();
            first.send(()).expect("rank 0 waits");
            threads.into_iter().map(|thread| thread.join().expect("no rank panics")).collect()
        })
    }

    fn wait(&self) {
        self.turn.recv().expect("the rank before passes");
    }

    fn pass(&self) {
        // the last rank may pass to a first that has ended
        let _ = self.world.turns[(self.rank + 1) % self.world_size()].send(());
    }

    /// From here on the rank holds what is allocated.
    fn resume_memory(&self) {
        PEAK.store(IN_USE.load(Ordering::Relaxed), Ordering::Relaxed);
        self.in_use.set(IN_USE.load(Ordering::Relaxed));
    }

    fn pause_memory(&self) {
        let mut spent = self.spent.borrow_mut();
        let before = self.in_use.get() as isize;
        spent.most = spent.most.max(spent.held + PEAK.load(Ordering::Relaxed) as isize - before);
        spent.held += IN_USE.load(Ordering::Relaxed) as isize - before;
    }

    /// From here on the rank computes.
    fn resume(&self) {
        self.began.set(Some(Instant::now()));
    }

    fn pause(&self) {
        if let Some(began) = self.began.take() {
            self.spent.borrow_mut().seconds += began.elapsed().as_secs_f64();
        }
    }

    /// One collective operation: every rank brings its values, and then takes the result in its turn.
    fn meet<T>(&self, bring: impl FnOnce(&World), take: impl FnOnce(&Done) -> T) -> T {
        let computes = self.began.get().is_some();
        self.pause();
        self.pause_memory();
        bring(&self.world);
        self.pass();
        self.wait();
        if self.rank == 0 {
            let fresh = vec![Brought::default(); self.world_size()];
            let brought = std::mem::replace(&mut *lock(&self.world.brought), fresh);
            *lock(&self.world.done) = Arc::new(Done { brought, sum: std::mem::take(&mut lock(&self.world.sum)) });
        }
        let done = Arc::clone(&lock(&self.world.done));
        self.resume_memory();
        let out = take(&done);
        drop(done);
        if computes {
            self.resume();
        }
        out
    }

    fn count(&self, sent: usize, received: usize) {
        let mut spent = self.spent.borrow_mut();
        spent.sent += 4 * sent;
        spent.received += 4 * received;
    }
}

impl Communicator for Rank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world_size(&self) -> usize {
        self.world.turns.len()
    }

    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        self.count(values.len(), values.len());
        let add = |world: &World| {
            let mut sum = lock(&world.sum);
            sum.resize(values.len(), 0);
            sum.iter_mut().zip(&*values).for_each(|(sum, value)| *sum += value);
        };
        let sum = self.meet(add, |done| done.sum.clone());
        values.copy_from_slice(&sum);
        Ok(())
    }

    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        let bring = |world: &World| lock(&world.brought)[self.rank].0 = values.to_vec();
        let all = self.meet(bring, |done| {
            let mut all = Vec::with_capacity(done.brought.iter().map(|(values, _)| values.len()).sum());
            done.brought.iter().for_each(|(values, _)| all.extend_from_slice(values));
            all
        });
        self.count(values.len(), all.len() - values.len());
        Ok(all)
    }

    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        let bring = |world: &World| lock(&world.brought)[self.rank] = (values.to_vec(), counts.to_vec());
        let mine = self.meet(bring, |done| {
            let mine = |(values, counts): &'_ Brought| {
                let start: usize = counts[..self.rank].iter().sum();
                values[start..start + counts[self.rank]].to_vec()
            };
            done.brought.iter().flat_map(mine).collect::<Vec<u32>>()
        });
        let kept = counts[self.rank];
        self.count(values.len() - kept, mine.len() - kept);
        Ok(mine)
    }
}

/// How a rank comes to its part.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Scores are gathered, and the whole list is made.
    Gather,
    /// Scores are gathered, and the part is made.
    GatherPart,
    /// Histograms are summed, and the whole list is made.
    Whole,
    /// Histograms are summed, and the part is made.
    Part,
}

fn line(way: Way, n: usize, classes: usize, ranks: usize) -> Result<String> {
    const HALF: usize = 49;
    let (labels, scores) = long_tail(n, classes);
    let before = IN_USE.load(Ordering::Relaxed);
    let mut one = Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() })?;
    let of_labels = (IN_USE.load(Ordering::Relaxed) - before) as f64 / n as f64;
    drop(labels);
    let new = one.clone(); // ranks share what they know of the labels
    one.update(HALF, &scores)?;
    let list = one.epoch(HALF)?;
    drop(one);
    let spent = Rank::run(ranks, |rank| -> Result<Spent> {
        rank.resume_memory();
        let gathers = matches!(way, Way::Gather | Way::GatherPart);
        let exchange = if gathers { Exchange::AllGather } else { Exchange::Histograms };
        let mut sampler = Distributed::new(new.clone(), rank, exchange)?;
        let own = &scores[sampler.part()];
        rank.spent.replace_with(|spent| Spent { held: spent.held, ..Spent::default() });
        rank.resume();
        sampler.update(HALF, own)?;
        let part: Epoch = match way {
            Way::Part | Way::GatherPart => sampler.part_of_epoch(HALF.into(), ShardRemainder::Pad)?,
            _ => sampler.epoch(HALF)?.shard(rank.rank, ranks, ShardRemainder::Pad)?,
        };
        rank.pause();
        rank.pause_memory();
        let len = part.len();
        let expected = (0..len).map(|i| list.indices()[(rank.rank + i * ranks) % list.len()]);
        assert!(part.indices().iter().copied().eq(expected), "rank {} has another part", rank.rank);
        let spent = *rank.spent.borrow();
        Ok(spent)
    });
    let spent: Vec<Spent> = spent.into_iter().collect::<Result<_>>()?;
    let median = |of: fn(&Spent) -> f64| {
        let mut values: Vec<f64> = spent.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let way = match way {
        Way::Gather => "gather, whole list",
        Way::GatherPart => "gather, part alone",
        Way::Whole => "histograms, whole list",
        Way::Part => "histograms, part alone",
    };
    Ok(format!(
        "| {way} | {n} | {classes} | {ranks} | {:.2} | {:.2} | {:.2} | {of_labels:.1} | {:.2} | {:.0} |",
        1e3 * median(|spent| spent.seconds),
        median(|spent| spent.sent as f64) / 1e6,
        median(|spent| spent.received as f64) / 1e6,
        median(|spent| spent.most as f64) / n as f64,
        median(|spent| spent.most as f64) / (n / ranks) as f64,
    ))
}

fn main() -> Result<()> {
    // the other ranks would wait for one that panics
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}");
        std::process::exit(1);
    }));
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no pool was built before");
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let small = if given.iter().any(|argument| argument == "--small") { 10 } else { 1 };
    let ranks = given.iter().skip_while(|argument| *argument != "--ranks").nth(1);
    let ranks = ranks.map_or(1000, |number| number.parse().expect("a number of ranks"));
    println!("`update` and epoch T/2. Of a rank: ms of one core, MB, bytes for each sample of all, or of its own part");
    let sizes = "| a rank | samples | classes | ranks | ms | MB sent | MB received";
    println!("{sizes} | labels, B a sample | more, at most, B a sample | B an own sample |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let million = 1_000_000 / small;
    for (way, n, classes, ranks) in [
        (Way::Gather, million, 10, ranks),
        (Way::GatherPart, million, 10, ranks),
        (Way::Whole, million, 10, ranks),
        (Way::Part, million, 10, ranks),
        (Way::Whole, 10 * million, 10, ranks),
        (Way::Part, 10 * million, 10, ranks),
        (Way::Part, 100 * million, 10, ranks),
        (Way::Part, 10 * million, 1000, ranks),
        (Way::Gather, 16 * million, 1000, 4),
        (Way::GatherPart, 16 * million, 1000, 4),
        (Way::Whole, 16 * million, 1000, 4),
        (Way::Part, 16 * million, 1000, 4),
    ] {
        println!("{}", line(way, n, classes, ranks)?);
    }
    Ok(())
}
