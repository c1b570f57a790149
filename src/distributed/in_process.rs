//! Ranks as threads of one process: for tests, and for several devices under one process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Communicator;
use crate::Result;
use crate::error::DistributedError;

/// The rank of one thread.
///
/// A rank that is dropped, also by a panic, has died. The next operation of the others is then an error, and never
/// waits for ever.
#[derive(Debug)]
pub struct InProcess {
    rank: usize,
    world_size: usize,
    meeting: Arc<Meeting>,
}

#[derive(Debug, Default)]
struct Meeting {
    round: Mutex<Round>,
    changed: Condvar,
}

/// One collective operation: every rank brings its values, the last one joins them, and every rank takes the result.
#[derive(Debug, Default)]
struct Round {
    number: u64,
    operation: &'static str,
    brought: Vec<Option<Vec<u32>>>,
    /// Result of the round before, which some ranks have not taken yet.
    whole: Arc<Vec<u32>>,
    /// Reason why no operation can succeed any more.
    broken: Option<String>,
}

impl InProcess {
    /// All ranks of a world of this size. Move each to its own thread.
    pub fn world(world_size: usize) -> Vec<Self> {
        let round = Round { brought: vec![None; world_size], ..Default::default() };
        let meeting = Arc::new(Meeting { round: Mutex::new(round), changed: Condvar::new() });
        (0..world_size).map(|rank| Self { rank, world_size, meeting: Arc::clone(&meeting) }).collect()
    }

    /// Runs `work` on a thread for each rank, and returns their results by rank.
    ///
    /// # Panics
    /// If one of the threads panics.
    pub fn run<T: Send>(world_size: usize, work: impl Fn(Self) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> =
                Self::world(world_size).into_iter().map(|comm| scope.spawn(move || work(comm))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    fn meet(
        &self,
        operation: &'static str,
        values: Vec<u32>,
        put_together: impl Fn(Vec<Vec<u32>>) -> std::result::Result<Vec<u32>, String>,
    ) -> Result<Arc<Vec<u32>>> {
        let mut round = self.meeting.lock();
        if round.brought.iter().all(Option::is_none) {
            round.operation = operation;
        } else if round.operation != operation {
            let reason = format!("rank {} called {operation} where others called {}", self.rank, round.operation);
            round.broken.get_or_insert(reason);
        }
        let number = round.number;
        round.brought[self.rank] = Some(values);
        if round.broken.is_none() && round.brought.iter().all(Option::is_some) {
            let brought = round.brought.iter_mut().filter_map(Option::take).collect();
            match put_together(brought) {
                Ok(whole) => (round.whole, round.number) = (Arc::new(whole), number + 1),
                Err(reason) => round.broken = Some(reason),
            }
        }
        self.meeting.changed.notify_all();
        loop {
            if round.number > number {
                return Ok(Arc::clone(&round.whole)); // the next round cannot end before this rank is in it
            }
            if let Some(reason) = &round.broken {
                return Err(DistributedError::Communication { operation, reason: reason.clone() }.into());
            }
            round = self.meeting.changed.wait(round).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Meeting {
    fn lock(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Communicator for InProcess {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world_size(&self) -> usize {
        self.world_size
    }

    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        let sum = self.meet("all_reduce", values.to_vec(), |brought| {
            let mut sum = vec![0u32; brought[0].len()];
            for (rank, part) in brought.iter().enumerate() {
                if part.len() != sum.len() {
                    return Err(format!("rank {rank} has {} values and rank 0 has {}", part.len(), sum.len()));
                }
                sum.iter_mut().zip(part).for_each(|(sum, value)| *sum = sum.wrapping_add(*value));
            }
            Ok(sum)
        })?;
        values.copy_from_slice(&sum);
        Ok(())
    }

    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        let all = self.meet("all_gather", values.to_vec(), |brought| Ok(brought.concat()))?;
        Ok(Arc::try_unwrap(all).unwrap_or_else(|all| all.to_vec()))
    }

    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        let world_size = self.world_size;
        let sum = |counts: &[u32]| counts.iter().map(|&count| count as usize).sum::<usize>();
        let mut letter: Vec<u32> = counts.iter().map(|&count| count as u32).collect();
        letter.extend_from_slice(values);
        let all = self.meet("all_to_all", letter, |letters| {
            let fits = |letter: &Vec<u32>| {
                letter.split_at_checked(world_size).is_some_and(|(counts, values)| sum(counts) == values.len())
            };
            match letters.iter().position(|letter| !fits(letter)) {
                Some(rank) => Err(format!("the counts of rank {rank} are not those of its values")),
                None => Ok(letters.concat()),
            }
        })?;
        let (mut rest, mut received) = (&all[..], Vec::new());
        for _ in 0..world_size {
            let (counts, values) = rest.split_at(world_size);
            let (before, own) = (sum(&counts[..self.rank]), counts[self.rank] as usize);
            received.extend_from_slice(&values[before..before + own]);
            rest = &values[sum(counts)..];
        }
        Ok(received)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        let mut round = self.meeting.lock();
        round.broken.get_or_insert(format!("rank {} is gone", self.rank));
        self.meeting.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn values_are_summed_and_put_in_a_row() {
        for world_size in [1, 2, 5] {
            let results = InProcess::run(world_size, |comm| {
                let mut results = Vec::new();
                for round in 0..50 {
                    let mut sums = [comm.rank() as u32, round];
                    comm.all_reduce(&mut sums).unwrap();
                    let all = comm.all_gather(&vec![round; comm.rank()]).unwrap(); // rank 0 sends nothing
                    results.push((sums, all));
                }
                results
            });
            let n = world_size as u32;
            for (round, result) in (0..).zip(&results[0]) {
                assert_eq!(result.0, [n * (n - 1) / 2, n * round]);
                assert_eq!(result.1, vec![round; world_size * (world_size - 1) / 2]);
            }
            assert!(results.iter().all(|other| *other == results[0]));
        }
    }

    /// The same by gathering.
    struct Gathers<'a>(&'a InProcess);

    impl Communicator for Gathers<'_> {
        fn rank(&self) -> usize {
            self.0.rank()
        }
        fn world_size(&self) -> usize {
            self.0.world_size()
        }
        fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
            self.0.all_reduce(values)
        }
        fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
            self.0.all_gather(values)
        }
    }

    #[test]
    fn an_exchange_of_all_with_all_is_what_gathering_gives() {
        for world_size in [1, 2, 5] {
            InProcess::run(world_size, |comm| {
                for round in 0..20 {
                    let counts: Vec<usize> = (0..world_size).map(|to| (comm.rank() * 7 + to + round) % 4).collect();
                    let values: Vec<u32> = (0..counts.iter().sum::<usize>() as u32).collect();
                    let received = comm.all_to_all(&values, &counts).unwrap();
                    assert_eq!(received, Gathers(&comm).all_to_all(&values, &counts).unwrap());
                }
                let error = comm.all_to_all(&[1, 2, 3], &vec![0; world_size]).unwrap_err();
                assert!(error.to_string().contains("the counts of rank 0 are not those of its values"), "{error}");
            });
        }
    }

    #[test]
    fn a_rank_that_left_is_an_error_and_not_a_wait() {
        let results = InProcess::run(3, |comm| {
            comm.all_gather(&[1]).unwrap();
            if comm.rank() == 1 { Ok(vec![]) } else { comm.all_gather(&[2]) }
        });
        let gone = Error::Distributed(DistributedError::Communication {
            operation: "all_gather",
            reason: "rank 1 is gone".into(),
        });
        assert_eq!(results, [Err(gone.clone()), Ok(vec![]), Err(gone)]);
    }

    #[test]
    fn ranks_that_do_different_things_are_told_so() {
        let results = InProcess::run(2, |comm| match comm.rank() {
            0 => comm.all_gather(&[]).map(drop),
            _ => comm.all_reduce(&mut []),
        });
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Err(Error::Distributed(DistributedError::Communication { .. })))),
            "{results:?}"
        );
        let results = InProcess::run(2, |comm| comm.all_reduce(&mut vec![0; comm.rank()]));
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Err(Error::Distributed(DistributedError::Communication { .. })))),
            "{results:?}"
        );
    }
}
