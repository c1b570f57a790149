//! Any chain of `skip`, `shard`, `shard_stratified` and `batches`: an error, or parts of the list that fit together.
#![no_main]

use arbitrary::Arbitrary;
use climd::*;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    labels: Vec<u8>,
    seed: u64,
    chain: Vec<Link>,
    batches: (usize, u8),
}

#[derive(Debug, Arbitrary)]
enum Link {
    Skip(usize),
    /// Few enough to be there.
    SkipFew(u8),
    Shard {
        rank: usize,
        world_size: usize,
        drop: bool,
        stratified: bool,
    },
    ShardFew {
        rank: u8,
        world_size: u8,
        drop: bool,
        stratified: bool,
    },
}

fn follow(epoch: &Epoch, link: &Link) -> Result<Epoch> {
    let shard = |rank: usize, world_size: usize, drop: bool, stratified: bool| {
        let remainder = if drop { ShardRemainder::Drop } else { ShardRemainder::Pad };
        let part = if stratified {
            epoch.shard_stratified(rank, world_size, remainder)
        } else {
            epoch.shard(rank, world_size, remainder)
        };
        if let Ok(part) = &part {
            let (len, left) = (part.len(), epoch.len());
            assert_eq!(len, if drop { left / world_size } else { left.div_ceil(world_size) });
        }
        part
    };
    match *link {
        Link::Skip(samples) => epoch.skip(samples),
        Link::SkipFew(samples) => epoch.skip(samples.into()),
        Link::Shard { rank, world_size, drop, stratified } => shard(rank, world_size, drop, stratified),
        Link::ShardFew { rank, world_size, drop, stratified } => {
            shard(rank.into(), world_size.into(), drop, stratified)
        }
    }
}

fuzz_target!(|input: Input| {
    let Ok(classes) = ClassIndex::new(&input.labels) else { return };
    let n = classes.num_samples();
    let sampler = Curriculum::from_classes(classes, schedule::Uniform).unwrap().seed(input.seed);
    let whole = sampler.epoch(3).unwrap();
    let mut epoch = whole.clone();
    for link in input.chain.iter().take(8) {
        let before = epoch.start();
        match follow(&epoch, link) {
            Ok(next) => epoch = next,
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert!(epoch.start() >= before && epoch.start().samples <= n);
        assert!(epoch.indices().iter().all(|&sample| (sample as usize) < n));
        assert_eq!(epoch.class_counts(), whole.class_counts());
    }
    let (batch_size, rule) = input.batches;
    let last = [LastBatch::MergeLone, LastBatch::Keep, LastBatch::Drop][usize::from(rule % 3)];
    let Ok(batches) = epoch.batches(batch_size, last) else { return assert_eq!(batch_size, 0) };
    let (announced, mut seen, mut at) = (batches.len(), 0, epoch.start());
    for (number, (batch, position)) in batches.enumerate() {
        assert!(!batch.is_empty() && position >= at);
        assert_eq!(batch, &epoch.indices()[seen..seen + batch.len()]);
        assert_eq!(position == Position::from(4), number + 1 == announced);
        (seen, at) = (seen + batch.len(), position);
    }
    let left_out = epoch.len() - seen;
    assert!(if last == LastBatch::Drop { left_out < batch_size } else { left_out == 0 });
});
