//! What splits and epochs are on the tables of three public sets of chest X-rays.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use climd::{Curriculum, CurriculumSampler, PowerLaw, Targets, Within, split, split_errors};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::record::Record;

/// The sets that `make data-chest` fetches.
pub const SETS: [&str; 3] = ["chestxray14", "chexpert", "padchest"];
/// Epochs of the curriculum.
pub const EPOCHS: usize = 5;
/// Labels of which a part expects fewer samples are not compared: one sample more is a large share of them.
const LEAST: f64 = 20.0;

/// Findings, patients and sites of X-rays.
#[derive(Debug)]
pub struct Chest {
    /// Names of the findings.
    pub names: Vec<String>,
    /// The findings, without patients and sites.
    pub targets: Targets,
    /// The patient of each X-ray.
    pub patients: Vec<u32>,
    /// The view or the device of each X-ray.
    pub sites: Vec<u32>,
}

impl Chest {
    /// Reads a table of `make data-chest`.
    ///
    /// # Errors
    /// If the file cannot be read, or a cell is not what it should be.
    pub fn load(file: &Path) -> Result<Chest> {
        let unreadable = || format!("`{}` is not a table of `make data-chest`", file.display());
        let mut reader = csv::Reader::from_path(file).with_context(unreadable)?;
        let header = reader.headers().with_context(unreadable)?.clone();
        ensure!(header.iter().take(2).eq(["patient", "site"]), unreadable());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<csv::Result<_>>().with_context(unreadable)?;
        let numbered = |column: usize| {
            let mut numbers = BTreeMap::new();
            rows.iter().for_each(|row| _ = numbers.insert(&row[column], 0));
            numbers.values_mut().zip(0..).for_each(|(number, at)| *number = at);
            rows.iter().map(|row| numbers[&row[column]]).collect::<Vec<u32>>()
        };
        let (names, targets) = if &header[2] == "findings" {
            let of_row = |row: &'_ csv::StringRecord| {
                row[2].split('|').filter(|name| *name != "No Finding").map(str::to_owned).collect::<Vec<_>>()
            };
            let found: Vec<Vec<String>> = rows.iter().map(of_row).collect();
            let mut names: Vec<String> = found.concat();
            names.sort_unstable();
            names.dedup();
            let mut starts = vec![0];
            let mut labels = Vec::new();
            for of_row in &found {
                labels.extend(of_row.iter().map(|name| names.partition_point(|other| other < name) as u32));
                starts.push(labels.len());
            }
            let targets = Targets::multi_label(&starts, &labels, names.len())?;
            (names, targets)
        } else {
            let names: Vec<String> = header.iter().skip(2).map(str::to_owned).collect();
            let cells = rows.iter().flat_map(|row| row.iter().skip(2).map(str::parse::<i8>));
            let cells: Vec<i8> = cells.collect::<std::result::Result<_, _>>().with_context(unreadable)?;
            let targets = Targets::multi_hot(&cells, names.len())?;
            (names, targets)
        };
        Ok(Chest { names, targets, patients: numbered(0), sites: numbered(1) })
    }

    /// Largest relative error of a label in a part, percent.
    fn worst(&self, part: &[u8], parts: &[u32]) -> Result<f64> {
        let errors = split_errors(&self.targets, part, parts)?.into_iter().filter(|error| error.expected >= LEAST);
        Ok(100.0 * errors.map(|error| error.relative()).fold(0.0, f64::max))
    }

    /// The error of a split of climd.
    ///
    /// # Errors
    /// Those of climd.
    pub fn split_error(&self, parts: &[u32]) -> Result<f64> {
        self.worst(&split(&self.targets, &self.patients, parts, 7)?, parts)
    }

    /// The error of patients dealt at random, the median of five.
    fn random_error(&self, parts: &[u32]) -> Result<f64> {
        let sum: u32 = parts.iter().sum();
        let patients = self.patients.iter().max().map_or(0, |&last| last as usize + 1);
        let mut errors = Vec::new();
        for seed in 0..5 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut deal = || {
                let mut at = rng.next_u32() % sum;
                let over = |&&weight: &&u32| {
                    let over = at >= weight;
                    at -= if over { weight } else { 0 };
                    over
                };
                parts.iter().take_while(over).count() as u8
            };
            let of_patient: Vec<u8> = (0..patients).map(|_| deal()).collect();
            let part: Vec<u8> = self.patients.iter().map(|&patient| of_patient[patient as usize]).collect();
            errors.push(self.worst(&part, parts)?);
        }
        errors.sort_by(f64::total_cmp);
        Ok(errors[2])
    }

    /// Number of X-rays with each finding in every epoch of the curriculum, `[EPOCHS][L]`.
    ///
    /// # Errors
    /// Those of climd.
    pub fn counts(&self) -> Result<Vec<Vec<usize>>> {
        let sampler = sampler(self.targets.clone())?;
        (0..EPOCHS).map(|epoch| Ok(sampler.epoch(epoch)?.label_counts()?.to_vec())).collect()
    }

    /// The share of the commonest site, percent: in the first epoch, and how far it is off its share in the data in the
    /// worst class.
    ///
    /// # Errors
    /// Those of climd.
    pub fn site(&self, within: Option<Within>) -> Result<[f64; 2]> {
        let mut of_site = BTreeMap::<u32, usize>::new();
        self.sites.iter().for_each(|&site| *of_site.entry(site).or_default() += 1);
        let commonest = of_site.into_iter().max_by_key(|&(_, count)| count).map_or(0, |(site, _)| site);
        let targets = self.targets.clone();
        let sampler = sampler(match within {
            Some(within) => targets.sites(&self.sites, within)?,
            None => targets,
        })?;
        let classes = sampler.classes();
        let shares = |list: &mut dyn Iterator<Item = u32>| {
            let mut counts = vec![[0.0, 0.0]; classes.num_classes()]; // all, of the site
            for sample in list {
                let [all, here] = &mut counts[classes.sample_classes()[sample as usize] as usize];
                *all += 1.0;
                *here += if self.sites[sample as usize] == commonest { 1.0 } else { 0.0 };
            }
            counts
        };
        let epoch = sampler.epoch(0)?;
        let data = shares(&mut (0..self.sites.len() as u32));
        let ours = shares(&mut epoch.indices().iter().copied());
        let off = |(&[all, here], &[all_data, here_data]): (&[f64; 2], &[f64; 2])| {
            if all < LEAST { 0.0 } else { (here / all - here_data / all_data).abs() }
        };
        let [all, here] = ours.iter().fold([0.0, 0.0], |[a, b], [all, here]| [a + all, b + here]);
        Ok([100.0 * here / all, 100.0 * ours.iter().zip(&data).map(off).fold(0.0, f64::max)])
    }
}

fn sampler(targets: Targets) -> Result<Curriculum<PowerLaw>> {
    Ok(Curriculum::with_targets(targets, PowerLaw { epochs: EPOCHS, ..Default::default() })?.seed(7))
}

/// Writes `chest.csv`.
///
/// # Errors
/// Those of the data and of climd.
pub fn write(data: &Path, out: &Path) -> Result<()> {
    let mut file = csv::Writer::from_path(out.join("chest.csv"))
        .with_context(|| format!("--out: `{}` cannot be written", out.display()))?;
    for name in SETS {
        let chest = Chest::load(&data.join(format!("{name}.csv")))?;
        let mut line = |id: &str, row: &str, metric: &str, mean: f64| {
            file.serialize(Record {
                table: "chest (measured)".into(),
                data: name.into(),
                id: id.into(),
                row: row.into(),
                metric: metric.into(),
                mean: Some((mean * 1e6).round() / 1e6),
                seeds: 1,
                ..Record::default()
            })
        };
        for (id, parts) in [("712", &[7, 1, 2][..]), ("five", &[1; 5])] {
            let metric = "largest relative error of a label, %";
            line(&format!("split-{id}"), "split", metric, chest.split_error(parts)?)?;
            line(&format!("random-{id}"), "random patients, median of five", metric, chest.random_error(parts)?)?;
        }
        let ways = [("none", None), ("proportional", Some(Within::Proportional)), ("balanced", Some(Within::Balanced))];
        for (id, within) in ways {
            let [share, off] = chest.site(within)?;
            line(&format!("sites-{id}"), id, "share of the commonest site in epoch 0, %", share)?;
            line(&format!("off-{id}"), id, "largest distance of its share in a class, points", off)?;
        }
        for (epoch, counts) in chest.counts()?.into_iter().enumerate() {
            for (label, count) in counts.into_iter().enumerate() {
                line(&format!("label-{label}"), &chest.names[label], &format!("epoch {epoch}"), count as f64)?;
            }
        }
    }
    Ok(file.flush()?)
}
