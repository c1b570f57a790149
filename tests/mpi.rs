//! Promise: the ranks of an MPI job make the lists of one process, and a rank that dies ends the job at once.
//!
//! `make test-mpi` runs this program, which starts itself under `mpirun` with 1, 2, 4 and 7 ranks.

mod common;

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use climd::error::DistributedError;
use climd::*;
use common::{labels_of, scores_with_ties};

fn main() -> ExitCode {
    match std::env::var("CLIMD_MPI_TEST") {
        Ok(what) => rank(&what),
        Err(_) => launch(),
    }
    ExitCode::SUCCESS
}

/// What each rank does.
fn rank(what: &str) {
    let comm = Mpi::new().expect("MPI");
    assert_eq!(rank_and_world_size().unwrap(), (comm.rank(), comm.world_size()));
    match what {
        "lists" => lists(comm),
        "words" => words(comm.at_most(10)), // so that long messages go in several calls
        "return" | "panic" | "kill" => die(comm, what),
        _ => unreachable!("{what}"),
    }
}

fn lists(comm: Mpi) {
    let labels = labels_of(&[1900, 810, 400, 230, 70, 3], 11);
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        for pick in [Pick::Highest, Pick::Lowest, Pick::Redraw] {
            let new = || Curriculum::new(&labels, PowerLaw { epochs: 8, pick, ..Default::default() }).unwrap().seed(5);
            let (mut one, mut all) = (new(), Distributed::new(new(), &comm, agree).unwrap());
            for epoch in 0..9 {
                assert_eq!(all.wants_scores(epoch), one.wants_scores(epoch));
                if one.wants_scores(epoch) {
                    let scores = scores_with_ties(labels.len(), epoch as u64);
                    one.update(epoch, &scores).unwrap();
                    all.update(epoch, &scores[all.part()]).unwrap();
                }
                let (list, expected) = (all.epoch(epoch).unwrap(), one.epoch(epoch).unwrap());
                assert_eq!(list.indices(), expected.indices(), "{agree:?}, {pick:?}, epoch {epoch}");
                assert_eq!(all.state(epoch.into()).unwrap(), one.state(epoch.into()).unwrap());
            }
        }
    }
    // long enough that no rank makes the whole list
    let long = labels_of(&[19_000, 8_100, 400], 11);
    let new = || Curriculum::new(&long, PowerLaw { epochs: 4, ..Default::default() }).unwrap().seed(5);
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        let (mut one, mut all) = (new(), Distributed::new(new(), &comm, agree).unwrap());
        let scores = scores_with_ties(long.len(), 3);
        one.update(3, &scores).unwrap();
        all.update(3, &scores[all.part()]).unwrap();
        for remainder in [ShardRemainder::Pad, ShardRemainder::Drop] {
            let part = one.epoch(3).unwrap().shard(all.rank(), all.world_size(), remainder).unwrap();
            assert!(all.part_of_epoch(Position::from(3), remainder).unwrap().indices() == part.indices());
        }
    }
    let seed = comm.rank() as u64 / 3; // ranks 0 to 2 agree
    let sampler = Curriculum::new(&labels, PowerLaw::default()).unwrap().seed(seed);
    let differ = Distributed::new(sampler, &comm, Exchange::AllGather).map(|_| ());
    assert_eq!(
        matches!(differ, Err(Error::Distributed(DistributedError::RanksDiffer { rank: 3, .. }))),
        comm.world_size() > 3,
        "{differ:?}"
    );
    println!("rank {} of {}: as one process", comm.rank(), comm.world_size());
    comm.finish();
}

fn words(comm: Mpi) {
    let (rank, world_size) = (comm.rank() as u32, comm.world_size() as u32);
    let values: Vec<u32> = (0..37 * rank).collect();
    let expected: Vec<u32> = (0..world_size).flat_map(|rank| 0..37 * rank).collect();
    assert_eq!(comm.all_gather(&values).unwrap(), expected);
    let counts: Vec<usize> = (0..world_size).map(|to| ((5 * rank + 3 * to) % 11) as usize).collect(); // some are 0
    let letter = |from: u32, to: u32| (0..(5 * from + 3 * to) % 11).map(move |at| 1000 * from + 100 * to + at);
    let values: Vec<u32> = (0..world_size).flat_map(|to| letter(rank, to)).collect();
    let expected: Vec<u32> = (0..world_size).flat_map(|from| letter(from, rank)).collect();
    assert_eq!(comm.all_to_all(&values, &counts).unwrap(), expected);
    let mut sums: Vec<u32> = (0..95).map(|at| at * rank).collect();
    comm.all_reduce(&mut sums).unwrap();
    assert!((0..).zip(sums).all(|(at, sum)| sum == at * world_size * (world_size - 1) / 2));
    comm.finish();
}

/// The last rank ends, while the others wait for it.
fn die(comm: Mpi, how: &str) {
    let labels = labels_of(&[20, 8, 2], 1);
    let mut sampler =
        Distributed::new(Curriculum::new(&labels, PowerLaw::default()).unwrap(), comm, Exchange::AllGather).unwrap();
    if sampler.rank() + 1 == sampler.world_size() {
        match how {
            "return" => return, // as an error that goes up to `main` does
            "panic" => panic!("a panic"),
            _ => {
                let kill = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
                unreachable!("killed: {kill:?}");
            }
        }
    }
    sampler.update(1, &vec![0.0; sampler.part().len()]).unwrap();
    unreachable!("a rank is gone");
}

fn launch() {
    let mpirun = |ranks: usize, what: &str| {
        let mut command = Command::new("mpirun");
        command
            .args(["--allow-run-as-root", "--oversubscribe", "-n", &ranks.to_string()])
            .arg(std::env::current_exe().unwrap())
            .env("CLIMD_MPI_TEST", what)
            .stdin(Stdio::null());
        command
    };
    if let Err(error) = Command::new("mpirun").arg("--version").output() {
        panic!("`mpirun` cannot be started ({error}): install an MPI, Debian's openmpi-bin and libopenmpi-dev for one");
    }
    let mut passed = 0;
    for ranks in [1, 2, 4, 7] {
        for what in ["lists", "words"] {
            let status = mpirun(ranks, what).status().unwrap();
            assert!(status.success(), "{what} on {ranks} ranks: {status}");
            println!("test {what} on {ranks} ranks ... ok");
            passed += 1;
        }
    }
    for how in ["return", "panic", "kill"] {
        let start = Instant::now();
        let mut job = mpirun(4, how).stderr(Stdio::null()).spawn().unwrap();
        let status = loop {
            match job.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() > Duration::from_secs(300) => {
                    job.kill().unwrap();
                    panic!("the job hangs after a rank's end by {how}");
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        assert!(!status.success(), "the job succeeded without a rank that ended by {how}");
        println!("test a rank that ends by {how} ends the job ... ok, {:.1} s", start.elapsed().as_secs_f64());
        passed += 1;
    }
    println!("test result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}
