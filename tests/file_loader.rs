//! Promise: batches from files are those that lie in memory, to the bit, in the order of the sampler, from any position
//! on; what fails while they are read is an error in the loop.

mod common;

use std::fs;
use std::path::PathBuf;

use climd::error::FileError;
use climd::schedule::{ClassBalanced, Uniform};
use climd::{
    Blocks, Communicator, Curriculum, CurriculumSampler, Distributed, Epoch, Error, Exchange, FileBatch, FileBatches,
    FileLoader, InProcess, LastBatch, Position, PowerLaw, PowerLawScheduler, RowBuffer, RowFile, ShardRemainder,
};
use common::files::{npy, safetensors, values};
use common::ranks::Counted;
use tempfile::TempDir;

const SAMPLES: usize = 997;
const BLOCKS: Blocks = Blocks { rows: 16, window: 100, seed: 5 };

struct Data {
    _folder: TempDir,
    paths: [PathBuf; 2],
    values: [Vec<f32>; 2],
    labels: Vec<i64>,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["image.npy", "text.safetensors"].map(|name| folder.path().join(name));
        let values = [values(SAMPLES * 6), values(SAMPLES * 5)];
        fs::write(&paths[0], npy(&[SAMPLES, 2, 3], &values[0])).unwrap();
        fs::write(&paths[1], safetensors(&[("text", &[SAMPLES, 5], &values[1])])).unwrap();
        let labels = (0..SAMPLES as i64).map(|i| [0, 0, 0, 1, 2][i as usize % 5]).collect();
        Self { _folder: folder, paths, values, labels }
    }

    fn loader(&self, batch_size: usize) -> FileLoader {
        let files = self.paths.iter().map(|path| RowFile::open(path).unwrap()).collect();
        FileLoader::new(files, batch_size).unwrap()
    }

    fn sampler(&self) -> PowerLawScheduler {
        PowerLawScheduler::new(&self.labels, PowerLaw { epochs: 6, ..Default::default() }).unwrap().seed(7)
    }

    /// The same batches by index arithmetic in memory.
    fn in_memory(&self, epoch: &Epoch, batch_size: usize, last: LastBatch) -> Vec<(Vec<Vec<u32>>, Vec<u32>, Position)> {
        let rows = |indices: &[u32], values: &[f32], width: usize| {
            indices.iter().flat_map(|&i| &values[i as usize * width..][..width]).map(|x| x.to_bits()).collect()
        };
        let batch = |(indices, position): (&[u32], Position)| {
            let rows = vec![rows(indices, &self.values[0], 6), rows(indices, &self.values[1], 5)];
            (rows, indices.to_vec(), position)
        };
        epoch.batches(batch_size, last).unwrap().map(batch).collect()
    }
}

fn to_bits(batch: FileBatch) -> (Vec<Vec<u32>>, Vec<u32>, Position) {
    let n = batch.indices.len();
    assert_eq!(batch.shapes(), [vec![n, 2, 3], vec![n, 5]]);
    let bits = |rows: &RowBuffer| rows.iter().map(|x| x.to_bits()).collect();
    (batch.rows.iter().map(bits).collect(), batch.indices, batch.position)
}

fn all(batches: impl Iterator<Item = climd::Result<FileBatch>>) -> Vec<(Vec<Vec<u32>>, Vec<u32>, Position)> {
    batches.map(|batch| to_bits(batch.unwrap())).collect()
}

#[test]
fn batches_are_those_in_memory_whatever_is_read_together() {
    let (data, sampler) = (Data::new(), Data::new().sampler());
    for last in [LastBatch::MergeLone, LastBatch::Keep, LastBatch::Drop] {
        for (batch_size, read_ahead, threads) in [(12, 1, 1), (12, 7, 2), (5, 100, 3), (3, 5000, 2), (2000, 64, 1)] {
            let loader = data.loader(batch_size).last_batch(last).read_ahead(read_ahead).unwrap();
            let loader = loader.threads(threads).unwrap();
            for epoch in [0, 5] {
                let expected = data.in_memory(&sampler.epoch(epoch).unwrap(), batch_size, last);
                assert!(all(loader.epoch(&sampler, epoch).unwrap()) == expected, "{last:?}, {batch_size}");
                let near = sampler.epoch(epoch).unwrap().blocks(BLOCKS).unwrap();
                let expected = data.in_memory(&near, batch_size, last);
                let loader = loader.clone().blocks(BLOCKS);
                assert!(all(loader.epoch(&sampler, epoch).unwrap()) == expected, "blocks, {last:?}, {batch_size}");
            }
        }
    }
}

#[test]
fn samples_that_come_twice_are_read_twice() {
    let data = Data::new();
    let sampler = Curriculum::new(&data.labels, ClassBalanced).unwrap();
    let loader = data.loader(16);
    let epoch = sampler.epoch(0).unwrap();
    let mut unique = epoch.indices().to_vec();
    unique.sort_unstable();
    unique.dedup();
    assert!(unique.len() < epoch.len());
    let expected = data.in_memory(&epoch, 16, LastBatch::MergeLone);
    assert!(all(loader.batches(epoch).unwrap()) == expected);
}

#[test]
fn a_run_goes_on_at_any_batch_in_blocks_or_not() {
    let (data, sampler) = (Data::new(), Data::new().sampler());
    for loader in [data.loader(50), data.loader(50).blocks(BLOCKS)] {
        let whole = all(loader.epoch(&sampler, 4).unwrap());
        for done in 1..whole.len() {
            let at = whole[done - 1].2;
            assert!(all(loader.epoch(&sampler, at).unwrap()) == whole[done..], "from batch {done} on");
        }
    }
}

#[test]
fn ranks_get_the_batches_of_the_whole_list_and_none_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, n) = (folder.path().join("image.npy"), 40_003);
    fs::write(&path, npy(&[n, 1], &values(n))).unwrap();
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 5 / 3).collect();
    let scores: Vec<f32> = (0..n).map(|i| (i * 7919 % n) as f32).collect();
    let sampler = || PowerLawScheduler::new(&labels, PowerLaw { epochs: 6, ..Default::default() }).unwrap().seed(7);
    let mut alone = sampler();
    alone.update(4, &scores).unwrap();
    let whole = alone.epoch(4).unwrap();
    let indices = |batches: FileBatches| batches.flat_map(|batch| batch.unwrap().indices).collect::<Vec<_>>();
    for (world_size, remainder) in
        [3, 4, 7].into_iter().flat_map(|size| [ShardRemainder::Pad, ShardRemainder::Drop].map(|rule| (size, rule)))
    {
        InProcess::run(world_size, |comm| {
            let (counted, rank) = (Counted::new(&comm), comm.rank());
            let loader = FileLoader::new(vec![RowFile::open(&path).unwrap()], 64).unwrap().shard_remainder(remainder);
            let mut sampler = Distributed::new(sampler(), &counted, Exchange::Histograms).unwrap();
            sampler.update(4, &scores[sampler.part()]).unwrap();
            for samples in [0, 64 * world_size, 1001] {
                counted.received.set(0);
                let found = indices(loader.epoch(&sampler, Position { epoch: 4, samples }).unwrap());
                assert!(counted.received.get() < whole.len(), "{} of {}", counted.received.get(), whole.len());
                let part = whole.skip(samples).unwrap().shard(rank, world_size, remainder).unwrap();
                assert!(found == part.indices(), "rank {rank} of {world_size}, {samples} done, {remainder:?}");
            }
        });
    }
}

#[test]
fn parts_of_processes_are_those_of_the_list_in_blocks() {
    let (data, sampler) = (Data::new(), Data::new().sampler());
    let loader = data.loader(20).blocks(BLOCKS);
    let whole = sampler.epoch(5).unwrap().blocks(BLOCKS).unwrap();
    for rank in 0..3 {
        let part = whole.skip(30).unwrap().shard(rank, 3, ShardRemainder::Pad).unwrap();
        let indices: Vec<u32> = (rank..whole.len() - 30).step_by(3).map(|at| whole.indices()[30 + at]).collect();
        assert_eq!(part.indices()[..indices.len()], indices);
        let expected = data.in_memory(&part, 20, LastBatch::MergeLone);
        assert!(all(loader.batches(part).unwrap()) == expected);
    }
}

#[test]
fn blocks_hold_the_same_samples_and_depend_on_list_seed_and_epoch_alone() {
    let (data, mut sampler) = (Data::new(), Data::new().sampler());
    for epoch in [0, 3, 9] {
        let shuffled = sampler.epoch(epoch).unwrap();
        let near = shuffled.blocks(BLOCKS).unwrap();
        assert_eq!(near.indices(), sampler.epoch(epoch).unwrap().blocks(BLOCKS).unwrap().indices());
        assert_ne!(near.indices(), shuffled.indices());
        assert_ne!(near.indices(), shuffled.blocks(Blocks { seed: 6, ..BLOCKS }).unwrap().indices());
        assert_eq!((near.class_counts(), near.log_prior(3)), (shuffled.class_counts(), shuffled.log_prior(3)));
        let sorted = |epoch: &Epoch| {
            let mut list = epoch.indices().to_vec();
            list.sort_unstable();
            list
        };
        assert_eq!(sorted(&near), sorted(&shuffled));
        let scores: Vec<f32> = (0..data.labels.len()).map(|i| (i * 37 % 101) as f32).collect();
        sampler.update(epoch, &scores).unwrap();
    }
    // another epoch of the same samples has its blocks in another order
    let of = |epoch| sampler.epoch(epoch).unwrap().blocks(BLOCKS).unwrap().indices()[0] / 16;
    assert!((20..40).any(|epoch| of(epoch) != of(20)));
    // memory that is used again knows nothing of blocks
    let mut epoch = sampler.epoch(8).unwrap().blocks(BLOCKS).unwrap();
    sampler.epoch_into(8, &mut epoch).unwrap();
    assert_eq!(epoch.indices(), sampler.epoch(8).unwrap().indices());
    assert!(all(data.loader(20).batches(epoch).unwrap()) == all(data.loader(20).epoch(&sampler, 8).unwrap()));
}

#[test]
fn blocks_of_nothing_and_of_a_part_are_refused() {
    let sampler = Data::new().sampler();
    let epoch = sampler.epoch(5).unwrap();
    for blocks in [Blocks { rows: 0, ..BLOCKS }, Blocks { window: 0, ..BLOCKS }] {
        assert_eq!(epoch.blocks(blocks).unwrap_err().name(), "OutOfRange");
    }
    let parts = [epoch.skip(1).unwrap(), epoch.shard(0, 2, ShardRemainder::Pad).unwrap()];
    for part in parts {
        assert_eq!(part.blocks(BLOCKS).unwrap_err().name(), "BlocksOfPart");
    }
    assert!(Epoch::default().blocks(BLOCKS).unwrap().is_empty());
    // sizes far beyond the data are one block and one window
    let far = Blocks { rows: usize::MAX, window: usize::MAX, seed: 1 };
    assert_eq!(epoch.blocks(far).unwrap().indices(), epoch.indices());
}

#[test]
fn samples_come_in_the_order_of_the_files_to_be_measured() {
    let data = Data::new();
    for last in [LastBatch::Drop, LastBatch::MergeLone] {
        let loader = data.loader(100).last_batch(last);
        for samples in [0..SAMPLES, 100..301, 5..5] {
            let read = all(loader.samples(samples.clone()).unwrap());
            let indices: Vec<u32> = read.iter().flat_map(|batch| batch.1.clone()).collect();
            assert!(indices.into_iter().eq(samples.map(|sample| sample as u32)));
        }
    }
    let loader = data.loader(100);
    #[expect(clippy::reversed_empty_ranges)]
    for samples in [0..SAMPLES + 1, 7..6] {
        assert_eq!(loader.samples(samples).unwrap_err().name(), "Samples");
    }
}

#[cfg(feature = "tch")]
#[test]
fn tensors_have_the_shapes_and_values_of_the_rows() {
    let data = Data::new();
    for batch in data.loader(100).epoch(&data.sampler(), 3).unwrap() {
        let batch = batch.unwrap();
        let (rows, indices) = batch.tensors(tch::Device::Cpu).unwrap();
        let n = batch.indices.len() as i64;
        assert_eq!([rows[0].size(), rows[1].size(), indices.size()], [vec![n, 2, 3], vec![n, 5], vec![n]]);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        for (rows, expected) in rows.iter().zip(&batch.rows) {
            assert_eq!(bits(&Vec::<f32>::try_from(rows.view(-1)).unwrap()), bits(expected));
        }
        let indices = Vec::<i64>::try_from(indices).unwrap();
        assert!(indices.into_iter().eq(batch.indices.iter().map(|&sample| i64::from(sample))));
    }
}

#[test]
fn loaders_that_cannot_be() {
    let data = Data::new();
    assert_eq!(FileLoader::new(vec![], 2).unwrap_err().name(), "Empty");
    assert_eq!(FileLoader::new(vec![RowFile::open(&data.paths[0]).unwrap()], 0).unwrap_err().name(), "BatchSize");
    let other = data.paths[0].with_file_name("other.npy");
    fs::write(&other, npy(&[3, 2], &values(6))).unwrap();
    let files = [&data.paths[0], &other].map(|path| RowFile::open(path).unwrap()).into();
    let error = FileLoader::new(files, 2).unwrap_err();
    assert!(matches!(&error, Error::File(FileError::RowsDiffer { found: 3, expected: SAMPLES, .. })), "{error}");
    assert!(error.to_string().contains("other.npy` has 3 rows, but `"), "{error}");
    for error in [data.loader(2).read_ahead(0), data.loader(2).threads(0)] {
        assert_eq!(error.unwrap_err().name(), "OutOfRange");
    }
    let sampler = Curriculum::new(&[0, 1, 1], Uniform).unwrap();
    assert_eq!(data.loader(2).epoch(&sampler, 0).unwrap_err().name(), "Length");
    assert_eq!(data.loader(2).batches(sampler.epoch(0).unwrap()).unwrap_err().name(), "Length");
    let error = data.loader(2).epoch(&data.sampler(), Position { epoch: 0, samples: SAMPLES + 1 });
    assert_eq!(error.unwrap_err().name(), "Skip");
}

#[test]
fn a_file_that_changes_in_the_middle_of_an_epoch_is_an_error_in_the_loop() {
    let data = Data::new();
    let loader = data.loader(10).read_ahead(40).unwrap();
    let mut batches = loader.epoch(&data.sampler(), 5).unwrap();
    assert!(batches.next().unwrap().is_ok());
    fs::OpenOptions::new().write(true).open(&data.paths[1]).unwrap().set_len(1000).unwrap();
    let (read, failed): (Vec<_>, Vec<_>) = batches.by_ref().partition(|batch| batch.is_ok());
    assert!(read.len() < 12, "{}", read.len()); // what was read before
    assert_eq!(failed.len(), 1);
    let error = failed.into_iter().next().unwrap().unwrap_err();
    assert_eq!(error.name(), "RowFileChanged");
    assert!(error.to_string().contains("text.safetensors"), "{error}");
    assert!(batches.next().is_none());
}

/// The files are open as long as a thread has them.
#[test]
fn a_loop_that_ends_early_leaves_no_thread() {
    let data = Data::new();
    for taken in [0, 1, 30] {
        let mut batches = data.loader(10).read_ahead(20).unwrap().epoch(&data.sampler(), 5).unwrap();
        for _ in 0..taken {
            batches.next().unwrap().unwrap();
        }
        drop(batches);
        #[cfg(target_os = "linux")]
        for open in fs::read_dir("/proc/self/fd").unwrap() {
            let name = fs::read_link(open.unwrap().path()).unwrap_or_default();
            assert_ne!(name, data.paths[0]);
        }
    }
}
