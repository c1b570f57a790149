//! Splits a data set into parts (training, validation, test, or folds). Groups stay together, labels stay in
//! proportion.
//!
//! Groups are dealt one by one: those with the rarest own label first, and of these the larger ones first. A group goes
//! to the part that lacks the largest fraction of its rarest label. If two parts are equal there, it goes to the part
//! that lacks the largest fraction of samples. All fractions are integers over one denominator, so the result is the
//! same on every platform. Source: `docs/algorithm.md`, "Splits that keep patients together"; after iterative
//! stratification (Sechidis et al. 2011).

use crate::Result;
use crate::error::ArgumentError;
use crate::sampler::{Purpose, Words};
use crate::targets::{Codes, Targets};

/// The most parts, as the number of a part is a byte.
const MAX_PARTS: usize = 256;

/// The part of each sample. A group is in one part only, and the samples of each label are divided as `parts` says.
///
/// # Shapes
/// `groups`: `[N]`, any integers, for example patients. Give each sample without a group its own number.
/// `parts`: whole weights, `[7, 1, 2]` for training, validation and test, `[1; 5]` for five folds. Returns `[N]`,
/// positions in `parts`.
///
/// # Errors
/// [`ArgumentError::Length`] and [`TargetError::ValueTooLarge`](crate::error::TargetError::ValueTooLarge) for
/// `groups`; [`ArgumentError::Empty`] for no parts; [`ArgumentError::PartWeight`] for a part of weight 0;
/// [`ArgumentError::OutOfRange`] for more than 256 parts, or weights whose least common multiple is huge.
///
/// # Repeated splits
/// The seed decides among groups of the same rarest label and size alone: five hospitals of different sizes have the
/// same parts for every seed. Where splits are repeated for an interval, give each group once, with its rarest label,
/// and then each sample the part of its group: sizes are equal then, and chance decides.
///
/// # Examples
/// ```
/// use climd::{Targets, split};
/// let patients = [1, 1, 2, 3, 3, 4, 5, 6, 7, 8];
/// let targets = Targets::multi_label(&[0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8], &[0, 0, 0, 1, 1, 0, 0, 1], 2)?;
/// let part = split(&targets, &patients, &[1, 1], 7)?;
/// assert!(part[0] == part[1] && part[3] == part[4]); // of one patient
/// # Ok::<(), climd::Error>(())
/// ```
///
/// # Complexity
/// O(N + labels + G (log G + F)) for G groups and F parts; the same on any number of threads.
pub fn split<V: Copy + TryInto<i64>>(targets: &Targets, groups: &[V], parts: &[u32], seed: u64) -> Result<Vec<u8>> {
    let groups = Codes::new("groups", groups, targets.num_samples())?;
    let units = units(parts)?;
    let columns = Columns::new(targets);
    let (n, num_groups) = (groups.of.len(), groups.len());

    // members of each group, ascending
    let mut starts = vec![0usize; num_groups + 1];
    groups.of.iter().for_each(|&group| starts[group as usize + 1] += 1);
    (0..num_groups).for_each(|group| starts[group + 1] += starts[group]);
    let (mut members, mut next) = (vec![0u32; n], starts.clone());
    for (&group, sample) in groups.of.iter().zip(0..) {
        members[next[group as usize]] = sample;
        next[group as usize] += 1;
    }
    let of_group = |group: usize| &members[starts[group]..starts[group + 1]];

    let mut words = Words::new(seed, 0, Purpose::Split, 0);
    let mut order: Vec<(u32, usize, u32, usize)> = (0..num_groups)
        .map(|group| {
            let rarest = of_group(group).iter().map(|&sample| columns.own[sample as usize]).max().unwrap_or(0);
            (rarest, of_group(group).len(), words.next(), group)
        })
        .collect();
    order.sort_unstable_by_key(|&(rarest, len, tie, group)| (std::cmp::Reverse((rarest, len)), tie, group));

    let multiple = units.multiple;
    let mut wanted: Vec<Vec<i128>> =
        vec![columns.carried.iter().map(|&count| multiple * count as i128).collect(); parts.len()];
    let (mut room, mut out) = (vec![multiple * n as i128; parts.len()], vec![0u8; n]);
    for (rarest, _, _, group) in order {
        let lacks = |part: &usize| (wanted[*part][rarest as usize], room[*part], std::cmp::Reverse(*part));
        let best = (0..parts.len()).max_by_key(lacks).unwrap_or(0);
        let unit = units.of[best];
        for &sample in of_group(group) {
            out[sample as usize] = best as u8;
            room[best] -= unit;
            columns.visit(targets, sample as usize, |column| wanted[best][column] -= unit);
        }
    }
    Ok(out)
}

/// How far the number of a label's samples in one part is from its share.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartError {
    /// The label; -1: samples without a label.
    pub label: i64,
    /// The part.
    pub part: usize,
    /// Number of samples of the label in the part.
    pub found: usize,
    /// The exact share of the label, not rounded.
    pub expected: f64,
}

impl PartError {
    /// The difference relative to the expected number: 0.05 is five per cent too many or too few.
    pub fn relative(&self) -> f64 {
        (self.found as f64 - self.expected).abs() / self.expected
    }
}

/// How far each label is from its share in each part, by label and part. Checks any split, also one that is not ours.
///
/// # Shapes
/// `of`: `[N]`, a part for each sample; `parts`: as for [`split`].
///
/// # Errors
/// Those of [`split`]; [`ArgumentError::Length`] for another number of samples; [`ArgumentError::PartOutOfRange`].
pub fn split_errors(targets: &Targets, of: &[u8], parts: &[u32]) -> Result<Vec<PartError>> {
    units(parts)?;
    let n = targets.num_samples();
    if of.len() != n {
        let rule = "one part for each sample";
        return Err(ArgumentError::Length { argument: "of".into(), found: of.len(), expected: n, rule }.into());
    }
    if let Some(index) = of.iter().position(|&part| usize::from(part) >= parts.len()) {
        return Err(ArgumentError::PartOutOfRange { index, part: of[index].into(), parts: parts.len() }.into());
    }
    let columns = Columns::new(targets);
    let mut found = vec![vec![0usize; columns.carried.len()]; parts.len()];
    for (sample, &part) in of.iter().enumerate() {
        columns.visit(targets, sample, |column| found[usize::from(part)][column] += 1);
    }
    let whole: f64 = parts.iter().map(|&weight| f64::from(weight)).sum();
    let mut by_label: Vec<usize> = (0..columns.carried.len()).filter(|&column| columns.carried[column] > 0).collect();
    by_label.sort_unstable_by_key(|&column| columns.labels[column]);
    let error = |column: usize, part: usize| PartError {
        label: columns.labels[column],
        part,
        found: found[part][column],
        expected: columns.carried[column] as f64 * f64::from(parts[part]) / whole,
    };
    Ok(by_label
        .into_iter()
        .flat_map(|column| (0..parts.len()).map(move |part| (column, part)))
        .map(|(c, p)| error(c, p))
        .collect())
}

/// Labels of targets, numbered by the samples that have them: 0 is the most frequent, of equal ones the smallest.
struct Columns {
    labels: Vec<i64>,    // by number
    carried: Vec<usize>, // by number
    own: Vec<u32>,       // by sample
    of_label: Vec<u32>,  // number of a column; empty for one label a sample
}

impl Columns {
    fn new(targets: &Targets) -> Self {
        let own = targets.own_labels();
        let carried = targets.label_counts().unwrap_or_default(); // none for one label a sample
        let mut counts: std::collections::BTreeMap<i64, usize> = (0..).zip(carried.iter().copied()).collect();
        for &label in own.iter().filter(|&&label| carried.is_empty() || label < 0) {
            *counts.entry(label).or_default() += 1;
        }
        let mut by_count: Vec<(i64, usize)> = counts.into_iter().collect();
        by_count.sort_unstable_by_key(|&(label, count)| (std::cmp::Reverse(count), label));
        let number: std::collections::HashMap<i64, u32> =
            (0..).zip(&by_count).map(|(at, &(label, _))| (label, at)).collect();
        let of_label = (0..carried.len() as i64).map(|label| number[&label]).collect();
        let own = own.into_iter().map(|label| number[&label]).collect();
        let (labels, carried) = by_count.into_iter().unzip();
        Self { labels, carried, own, of_label }
    }

    /// Calls `visit(number)` for each label of a sample, and once for a sample without labels.
    fn visit(&self, targets: &Targets, sample: usize, mut visit: impl FnMut(usize)) {
        match targets.labels(sample) {
            Some(labels) if !labels.is_empty() => {
                labels.iter().for_each(|&label| visit(self.of_label[label as usize] as usize));
            }
            _ => visit(self.own[sample] as usize),
        }
    }
}

/// Fractions of the parts, over one denominator.
struct Units {
    /// Least common multiple of the weights: the unit for the wanted samples of a label.
    multiple: i128,
    /// Units of each part that one sample takes.
    of: Vec<i128>,
}

fn units(parts: &[u32]) -> Result<Units> {
    if parts.is_empty() {
        return Err(ArgumentError::Empty { argument: "parts" }.into());
    }
    if parts.len() > MAX_PARTS {
        return Err(ArgumentError::OutOfRange {
            argument: "parts",
            found: parts.len() as f64,
            range: "at most 256 parts",
        }
        .into());
    }
    if let Some(index) = parts.iter().position(|&weight| weight == 0) {
        return Err(ArgumentError::PartWeight { index }.into());
    }
    let whole: u128 = parts.iter().map(|&weight| u128::from(weight)).sum();
    // times 2^32 samples still fits 127 bits
    let fits = |multiple: &u128| multiple.checked_mul(whole).is_some_and(|product| product <= 1 << 90);
    let multiple = parts.iter().try_fold(1u128, |multiple, &weight| Some(lcm(multiple, weight.into())).filter(fits));
    let Some(multiple) = multiple else {
        let range = "weights whose least common multiple times their sum is at most 2^90: round them";
        return Err(ArgumentError::OutOfRange { argument: "parts", found: whole as f64, range }.into());
    };
    let of = parts.iter().map(|&weight| (whole * multiple / u128::from(weight)) as i128).collect();
    Ok(Units { multiple: multiple as i128, of })
}

fn lcm(a: u128, b: u128) -> u128 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_group_is_in_two_parts_and_one_label_a_sample_is_one_label_in_a_row(
            samples in prop::collection::vec((0u32..5, 0i64..20), 1..80), seed: u64,
        ) {
            let (labels, groups): (Vec<u32>, Vec<i64>) = samples.into_iter().unzip();
            let starts: Vec<usize> = (0..=labels.len()).collect();
            let rows = Targets::multi_label(&starts, &labels, 5).unwrap();
            let part = split(&rows, &groups, &[3, 1, 1], seed).unwrap();
            prop_assert_eq!(&part, &split(&Targets::single(&labels).unwrap(), &groups, &[3, 1, 1], seed).unwrap());
            for (a, &group) in groups.iter().enumerate() {
                let first = groups.iter().position(|&other| other == group).unwrap();
                prop_assert_eq!(part[a], part[first]);
            }
        }

        #[test]
        fn of_samples_on_their_own_no_part_has_one_more_than_its_share_nor_lacks_one_for_each_other_part(
            counts in prop::collection::vec(1usize..60, 1..6), seed: u64,
        ) {
            let labels: Vec<usize> = counts.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();
            let targets = Targets::single(&labels).unwrap();
            let groups: Vec<usize> = (0..labels.len()).collect();
            let parts = [7, 1, 2];
            let part = split(&targets, &groups, &parts, seed).unwrap();
            for error in split_errors(&targets, &part, &parts).unwrap() {
                let more = error.found as f64 - error.expected;
                prop_assert!((-2.0..1.0).contains(&more), "{:?}", error);
            }
        }
    }

    #[test]
    fn weights_with_a_huge_multiple_are_refused_and_do_not_overflow() {
        let primes: Vec<u32> = vec![4_294_967_291, 4_294_967_279, 4_294_967_231, 4_294_967_197];
        let error = split(&Targets::single(&[0, 1]).unwrap(), &[0, 1], &primes, 0).unwrap_err();
        assert!(matches!(error, Error::Argument(ArgumentError::OutOfRange { argument: "parts", .. })), "{error}");
    }
}
