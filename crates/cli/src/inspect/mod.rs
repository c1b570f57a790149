//! Says what a curriculum would do with a user's classes, as text and as a page.

mod advice;
mod beside;
mod page;
mod words;

use std::fmt::Write;

use anyhow::{Result, ensure};
use climd::error::{ArgumentError, ScheduleError};
use climd::schedule::AnySchedule;
use climd::{Curriculum, CurriculumSampler, Error, Schedule, Targets, Within};
use climd_csv::Labels;
use comfy_table::{Table, presets};

use advice::Advice;
use beside::{Findings, Values};

use crate::schedule;

type Sampler = Curriculum<AnySchedule>;

/// A curriculum over labels of any kind.
#[derive(Debug)]
pub struct Inspection {
    /// Names of the labels. A label of the sampler that is not negative is a position in this list.
    names: Vec<String>,
    targets: Targets,
    sampler: Sampler,
    /// Number of epochs that are shown.
    epochs: usize,
    scores: Option<Vec<f32>>,
    findings: Option<Findings>,
    groups: Option<Values>,
    sites: Option<Values>,
    /// Most samples of a group in an epoch, of each class and site.
    cap: Option<usize>,
    /// Warnings about the file. They come before those of the curriculum.
    warnings: Vec<String>,
}

/// Class names of samples without any label, and of those where some labels are unknown.
const NONE: &str = "(none)";
const UNSURE: &str = "(unsure)";

impl Inspection {
    /// Inspects these labels: one text for each sample. Shows as many epochs as the schedule has, or 100.
    ///
    /// # Errors
    /// Those of [`Curriculum::new`].
    pub fn new(labels: &[String], schedule: impl Into<AnySchedule>) -> Result<Self> {
        let mut names = labels.to_vec();
        names.sort_unstable();
        names.dedup();
        let codes: Vec<usize> = labels.iter().map(|label| names.partition_point(|name| name < label)).collect();
        Self::with(names, Targets::single(&codes)?, schedule.into())
    }

    fn with(names: Vec<String>, targets: Targets, schedule: AnySchedule) -> Result<Self> {
        let sampler = Curriculum::with_targets(targets.clone(), schedule)?;
        let (epochs, warnings) = (shown(schedule::epochs(sampler.schedule()))?, Vec::new());
        let (scores, findings, groups, sites, cap) = (None, None, None, None, None);
        Ok(Self { names, targets, sampler, epochs, scores, findings, groups, sites, cap, warnings })
    }

    /// The same inspection with changed targets.
    fn retarget(mut self, change: impl FnOnce(Targets) -> climd::Result<Targets>) -> Result<Self> {
        self.targets = change(self.targets)?;
        self.sampler = Curriculum::with_targets(self.targets.clone(), self.sampler.schedule().clone())?;
        match self.scores.take() {
            Some(scores) => self.scores(scores),
            None => Ok(self),
        }
    }

    /// Inspects the labels of a file. A sample with several labels belongs to the class of its rarest one.
    ///
    /// # Errors
    /// Those of [`Targets::multi_label`] and [`Curriculum::new`].
    pub fn of(labels: &Labels, schedule: impl Into<AnySchedule>) -> Result<Self> {
        let inspection = match labels.single() {
            Some(single) => {
                let own: Vec<String> = single.iter().map(|&label| labels.classes[label as usize].clone()).collect();
                Self::new(&own, schedule)?
            }
            None => {
                let targets = Targets::multi_label(&labels.starts, &labels.labels, labels.classes.len())?
                    .unknown(&labels.unknown_starts, &labels.unknown)?;
                Self::with(labels.classes.clone(), targets, schedule.into())?
            }
        };
        Ok(Self { findings: Findings::of(labels), warnings: labels.warnings.clone(), ..inspection })
    }

    /// Shows this number of epochs.
    ///
    /// # Errors
    /// If it is 0, or too large.
    pub fn epochs(self, epochs: usize) -> Result<Self> {
        Ok(Self { epochs: shown(epochs)?, ..self })
    }

    /// Adds a group, for example a patient, for each sample. `column` is the name of their column. With a cap, an epoch
    /// takes at most that many samples of a group from each class, and from each site of it.
    ///
    /// # Errors
    /// Those of [`Targets::groups`] and [`Curriculum::with_targets`].
    pub fn groups(mut self, column: &str, values: &[String], cap: Option<usize>) -> Result<Self> {
        let groups = Values::new(column.into(), values);
        if let Some(cap) = cap {
            self = self.retarget(|targets| targets.groups(groups.of_sample(), cap))?;
        }
        Ok(Self { groups: Some(groups), cap, ..self })
    }

    /// Adds a site, for example a hospital, for each sample. `column` is the name of their column. The quota of a class
    /// is shared among its sites.
    ///
    /// # Errors
    /// Those of [`Targets::sites`] and [`Curriculum::with_targets`].
    pub fn sites(mut self, column: &str, values: &[String], within: Within) -> Result<Self> {
        let sites = Values::new(column.into(), values);
        self = self.retarget(|targets| targets.sites(sites.of_sample(), within))?;
        Ok(Self { sites: Some(sites), ..self })
    }

    /// Adds a warning about the file, if there is one.
    #[must_use]
    pub fn warn(mut self, line: Option<String>) -> Self {
        self.warnings.extend(line);
        self
    }

    /// Adds a score for each sample. Scores rank the samples in every epoch.
    ///
    /// # Errors
    /// If the number of scores is wrong; those of [`CurriculumSampler::update`].
    pub fn scores(mut self, scores: Vec<f32>) -> Result<Self> {
        let n = self.targets.num_samples();
        ensure!(
            scores.len() == n,
            "there are {} scores for {n} labels: give one a sample, in the same order",
            scores.len()
        );
        self.sampler.update(0, &scores)?;
        self.scores = Some(scores);
        Ok(self)
    }

    /// Samples of each class in the file, by rank. Under a cap, the ranks and counts of the sampler are those of the
    /// samples that an epoch can hold.
    fn sizes(&self) -> Vec<usize> {
        let classes = self.sampler.classes();
        (0..classes.num_classes()).map(|rank| classes.members(rank).len()).collect()
    }

    fn name(&self, rank: usize) -> &str {
        match self.sampler.classes().label(rank) {
            -1 => NONE,
            label => usize::try_from(label).map_or(UNSURE, |label| &self.names[label]),
        }
    }

    /// Names of the classes, largest first.
    fn class_names(&self) -> Vec<&str> {
        (0..self.sampler.classes().num_classes()).map(|rank| self.name(rank)).collect()
    }

    /// Samples of each class in an epoch, largest class first. If the schedule ignores classes, or groups are capped,
    /// they are counted.
    fn class_counts(&self, epoch: usize) -> climd::Result<Vec<usize>> {
        if self.cap.is_some() {
            return Ok(self.sampler.epoch(epoch)?.class_counts().to_vec());
        }
        match self.sampler.quotas(epoch) {
            Err(Error::Schedule(ScheduleError::ClassBlind { .. })) => {
                Ok(self.sampler.report(epoch)?.classes.iter().map(|class| class.quota).collect())
            }
            other => other,
        }
    }

    fn warnings(&self) -> Result<Vec<String>> {
        let mut lines = self.warnings.clone();
        lines.extend(advice::warnings(self)?);
        if self.scores.is_none() && self.sampler.quotas(0).is_err() {
            lines.push(
                "this schedule ignores classes, so the samples of each class depend on the scores; without --scores or \
                 --state the numbers are those of a random ranking"
                    .into(),
            );
        }
        lines.extend(self.sites.iter().flat_map(|sites| sites.as_sites(&self.sampler, &self.class_names()).1));
        Ok(lines)
    }

    fn advice(&self) -> Advice {
        if self.findings.is_some() {
            return advice::SEVERAL;
        }
        let sizes = self.sizes();
        advice::advice(sizes.len(), ratio(&sizes), sizes.iter().copied().min().unwrap_or(0))
    }

    /// Imbalance, exponents and schedule, in two lines, or three with a cap.
    fn summary(&self) -> String {
        let classes = self.sampler.classes();
        let schedule = match self.sampler.schedule() {
            AnySchedule::PowerLaw(law) => match classes.hill_exponent() / law.gamma {
                alpha if alpha.is_finite() => format!("the paper's alpha(T) {alpha:.2}, with gamma {}", law.gamma),
                _ => "classes are equally large, so there is no alpha(T)".into(),
            },
            other => format!("schedule {}", other.describe()),
        };
        let capped = match self.cap {
            Some(_) => format!(
                "\nthe cap lets {} into an epoch, {:.1}:1; class sizes from here on are of these",
                classes.num_samples(),
                classes.imbalance_ratio()
            ),
            None => String::new(),
        };
        format!(
            "{} of {}, {:.1}:1 from the largest to the smallest{capped}\nZipf exponent {:.2}; {schedule}\n",
            counted(self.targets.num_samples(), "sample", "samples"),
            counted(classes.num_classes(), "class", "classes"),
            ratio(&self.sizes()),
            classes.zipf_exponent(),
        )
    }

    /// Text about further labels, groups and sites. The page has a table of its own for the labels.
    fn beside(&self, table: bool) -> Result<String> {
        let (sampler, epochs) = (&self.sampler, self.shown_epochs());
        let mut parts = Vec::new();
        if let Some(findings) = &self.findings {
            parts.push(findings.text(sampler, if table { &epochs } else { &[] })?);
        }
        if let Some(groups) = &self.groups {
            parts.push(groups.as_groups(sampler, &epochs, self.cap)?);
        }
        if let Some(sites) = &self.sites {
            parts.push(sites.as_sites(sampler, &self.class_names()).0 + &sites.in_epochs(sampler, &epochs)?);
        }
        Ok(parts.join("\n"))
    }

    /// The whole text: imbalance, quotas of five epochs, warnings, advice.
    ///
    /// # Errors
    /// Those of the sampler.
    pub fn text(&self) -> Result<String> {
        let mut out = format!("{}\n{}\n\n", self.summary(), self.quotas()?);
        let beside = self.beside(true)?;
        if !beside.is_empty() {
            writeln!(out, "{beside}")?;
        }
        for line in self.warnings()? {
            writeln!(out, "warning: {line}")?;
        }
        let Advice { text, code } = self.advice();
        writeln!(out, "\nadvice, from our measurements on five data sets (docs/results/advice.md):\n{text}")?;
        if !code.is_empty() {
            writeln!(out, "next step: {code}")?;
        }
        out += "\nwords:\n";
        for (word, meaning) in words::of(self.sampler.schedule()) {
            writeln!(out, "  {word}: {meaning}")?;
        }
        Ok(out)
    }

    /// The first epoch, the last, and three between.
    fn shown_epochs(&self) -> Vec<usize> {
        let last = self.epochs - 1;
        let mut points = vec![0, last / 4, last / 2, 3 * last / 4, last];
        points.dedup();
        points
    }

    fn quotas(&self) -> Result<Table> {
        const SHOWN: usize = 20;
        let classes = self.sampler.classes();
        let (c, sizes, rooms) = (classes.num_classes(), self.sizes(), classes.counts());
        let points = self.shown_epochs();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let epochs = points.iter().map(|epoch| format!("epoch {epoch}"));
        let capped = |room: String| self.cap.map(|_| room);
        let header = ["class", "samples"].map(str::to_owned).into_iter();
        table.set_header(header.chain(capped("under the cap".into())).chain(epochs));
        let quotas = points.iter().map(|&epoch| self.class_counts(epoch)).collect::<climd::Result<Vec<_>>>()?;
        for rank in (0..c).filter(|&rank| c <= SHOWN || rank < SHOWN / 2 || rank >= c - SHOWN / 2) {
            let cells = [self.name(rank).to_owned(), sizes[rank].to_string()].into_iter();
            let cells = cells.chain(capped(rooms[rank].to_string()));
            table.add_row(cells.chain(quotas.iter().map(|quota| quota[rank].to_string())));
            if c > SHOWN && rank == SHOWN / 2 - 1 {
                table.add_row([format!("... {} more", c - SHOWN)]);
            }
        }
        let all = ["all".to_owned(), self.targets.num_samples().to_string()].into_iter();
        let all = all.chain(capped(classes.num_samples().to_string()));
        table.add_row(all.chain(quotas.iter().map(|quota| quota.iter().sum::<usize>().to_string())));
        Ok(table)
    }
}

/// Checks a number of epochs. Each of them is looked at for the warnings.
fn shown(epochs: usize) -> Result<usize> {
    const MOST: usize = 100_000;
    ensure!(epochs > 0, Error::from(ArgumentError::NoEpochs));
    ensure!(epochs <= MOST, "`epochs` is {epochs}, but at most {MOST} can be shown: is it a number of steps?");
    Ok(epochs)
}

/// The largest class divided by the smallest.
fn ratio(sizes: &[usize]) -> f64 {
    let (least, most) = sizes.iter().fold((usize::MAX, 0), |(least, most), &n| (least.min(n), most.max(n)));
    most as f64 / least as f64
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
