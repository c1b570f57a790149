//! Promise: sites and caps hold in every epoch of any schedule, on any number of threads and ranks, before and after
//! the first scores. The rules are those of `docs/algorithm.md`, "More than one label".

use std::collections::{BTreeMap, BTreeSet};

use climd::schedule::{Description, Linear};
use climd::*;
use proptest::prelude::*;

/// These quotas in every epoch.
#[derive(Clone)]
struct Fixed(Vec<usize>, Pick);

impl Schedule for Fixed {
    fn plan(&self, _: usize, _: &ClassIndex) -> Result<Plan> {
        Ok(Plan::per_class(self.0.clone()).pick(self.1))
    }
    fn describe(&self) -> Description {
        Description::new("fixed")
    }
}

#[derive(Debug, Clone)]
struct Data {
    rows: Vec<Vec<u32>>,
    sites: Option<Vec<i64>>,
    within: Within,
    groups: Vec<i64>,
    cap: Option<usize>,
    scores: Vec<f32>,
}

impl Data {
    fn labels(&self) -> Targets {
        let ends = self.rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        });
        let starts: Vec<usize> = std::iter::once(0).chain(ends).collect();
        Targets::multi_label(&starts, &self.rows.concat(), 8).unwrap()
    }

    fn targets(&self) -> Targets {
        let mut targets = self.labels();
        if let Some(sites) = &self.sites {
            targets = targets.sites(sites, self.within).unwrap();
        }
        match self.cap {
            Some(cap) => targets.groups(&self.groups, cap).unwrap(),
            None => targets,
        }
    }

    fn sampler<S: Schedule>(&self, schedule: S) -> Curriculum<S> {
        let mut sampler = Curriculum::with_targets(self.targets(), schedule).unwrap().seed(7);
        sampler.update(0, &self.scores).unwrap();
        sampler
    }

    /// What a cap counts by: own label, site, group.
    fn cells(&self) -> Vec<(i64, i64, i64)> {
        let own = self.labels().own_labels();
        (0..own.len()).map(|i| (own[i], self.sites.as_ref().map_or(0, |sites| sites[i]), self.groups[i])).collect()
    }
}

prop_compose! {
    fn data()(
        samples in prop::collection::vec(
            (prop::collection::btree_set(0u32..8, 0..4), 0i64..3, 0i64..12, -3i8..4), 1..70,
        ),
        sited: bool, balanced: bool, cap in prop_oneof![Just(None), (1usize..4).prop_map(Some)],
    ) -> Data {
        Data {
            rows: samples.iter().map(|(row, ..)| row.iter().copied().collect()).collect(),
            sites: sited.then(|| samples.iter().map(|sample| sample.1).collect()),
            within: if balanced { Within::Balanced } else { Within::Proportional },
            groups: samples.iter().map(|sample| sample.2).collect(),
            cap,
            scores: samples.iter().map(|sample| f32::from(sample.3)).collect(),
        }
    }
}

fn pick() -> impl Strategy<Value = Pick> {
    prop::sample::select(vec![Pick::Highest, Pick::Lowest, Pick::FixedRandom, Pick::Redraw])
}

proptest! {
    #[test]
    fn a_list_has_its_quotas_its_cap_and_its_length_whatever_the_scores(
        data in data(), shares in prop::collection::vec(0.0..2.0f64, 9), pick in pick(), epoch in 0usize..9,
    ) {
        let counts = data.sampler(schedule::Uniform).classes().counts().to_vec();
        let quota = |(&n, share): (&usize, &f64)| (n as f64 * share) as usize;
        let mut quotas: Vec<usize> = counts.iter().zip(&shares).map(quota).collect();
        quotas[0] = quotas[0].max(1);
        let sampler = data.sampler(Fixed(quotas.clone(), pick));
        let list = sampler.epoch(epoch).unwrap();
        prop_assert_eq!(list.len(), quotas.iter().sum::<usize>());
        let own = data.labels().own_labels();
        for (class, &quota) in quotas.iter().enumerate() {
            let label = sampler.classes().label(class);
            prop_assert_eq!(list.indices().iter().filter(|&&i| own[i as usize] == label).count(), quota);
        }
        if quotas.iter().zip(&counts).all(|(quota, n)| quota <= n) {
            // nothing twice, and no more of a group than the cap
            prop_assert_eq!(list.indices().iter().collect::<BTreeSet<_>>().len(), list.len());
            let (cells, mut seen) = (data.cells(), BTreeMap::new());
            list.indices().iter().for_each(|&i| *seen.entry(cells[i as usize]).or_insert(0) += 1);
            prop_assert!(data.cap.is_none_or(|cap| seen.values().all(|&n| n <= cap)));
        }
        // the largest group of the report is the largest
        let report = sampler.report(epoch).unwrap();
        let mut groups = BTreeMap::new();
        list.indices().iter().for_each(|&i| *groups.entry(data.groups[i as usize]).or_insert(0usize) += 1);
        prop_assert_eq!(report.largest_group.map(|group| group.samples), data.cap.and(groups.values().max().copied()));
        // and its lines are counts of the list
        for line in &report.labels {
            let has = |&&i: &&u32| data.rows[i as usize].contains(&(line.label as u32));
            let realised = list.indices().iter().filter(has).count();
            prop_assert_eq!(line.realised, realised);
            prop_assert_eq!(line.realised, list.label_counts().unwrap()[line.label]);
        }
    }

    #[test]
    fn draws_of_as_many_samples_as_each_class_has_are_counted_as_drawn(data in data(), epoch in 0usize..9) {
        let counts = data.sampler(schedule::Uniform).classes().counts().to_vec();
        let list = data.sampler(Fixed(counts, Pick::WithReplacement)).epoch(epoch).unwrap();
        for (label, &found) in list.label_counts().unwrap().iter().enumerate() {
            let has = |&&i: &&u32| data.rows[i as usize].contains(&(label as u32));
            prop_assert_eq!(found, list.indices().iter().filter(has).count());
        }
    }

    #[test]
    fn under_scores_that_stand_still_a_cap_lets_everybody_take_a_turn(data in data(), pick in pick()) {
        prop_assume!(data.cap.is_some() && pick != Pick::Redraw);
        let sampler = data.sampler(Fixed(data.sampler(schedule::Uniform).classes().counts().to_vec(), pick));
        let (cells, cap) = (data.cells(), data.cap.unwrap());
        let mut sizes = BTreeMap::new();
        cells.iter().for_each(|cell| *sizes.entry(cell).or_insert(0usize) += 1);
        let turns = sizes.values().map(|size| size.div_ceil(cap)).max().unwrap();
        let mut seen = BTreeSet::new();
        (0..turns).for_each(|epoch| seen.extend(sampler.epoch(epoch).unwrap().indices().iter().copied()));
        prop_assert_eq!(seen.len(), data.rows.len());
    }

    #[test]
    fn balanced_sites_differ_by_one_where_they_have_room_and_proportional_ones_are_within_one_of_their_share(
        data in data(), share in 0.0..1.0f64,
    ) {
        prop_assume!(data.sites.is_some());
        let counts = data.sampler(schedule::Uniform).classes().counts().to_vec();
        let mut quotas: Vec<usize> = counts.iter().map(|&n| (n as f64 * share) as usize).collect();
        quotas[0] = quotas[0].max(1);
        let sampler = data.sampler(Fixed(quotas.clone(), Pick::Highest));
        let full = data.sampler(Fixed(counts.clone(), Pick::Highest));
        let cells = data.cells();
        let count = |list: &Epoch| {
            let mut strata = BTreeMap::new();
            for &i in list.indices() {
                *strata.entry((cells[i as usize].0, cells[i as usize].1)).or_insert(0) += 1;
            }
            strata
        };
        let (found, room) = (count(&sampler.epoch(2).unwrap()), count(&full.epoch(2).unwrap()));
        for (class, &quota) in quotas.iter().enumerate() {
            let label = sampler.classes().label(class);
            let mine: Vec<(usize, usize)> = room.iter().filter(|(key, _)| key.0 == label)
                .map(|(key, &room)| (found.get(key).copied().unwrap_or(0), room)).collect();
            for &(k, room) in &mine {
                match data.within {
                    Within::Balanced => {
                        let most = mine.iter().map(|&(other, _)| other).max().unwrap();
                        prop_assert!(k == room || k + 1 >= most, "{:?}", mine);
                    }
                    Within::Proportional => {
                        let exact = quota as f64 * room as f64 / counts[class] as f64;
                        prop_assert!((k as f64 - exact).abs() < 1.0, "{:?}", mine);
                    }
                }
            }
        }
    }

    #[test]
    fn one_site_and_a_cap_above_all_are_as_without(data in data(), pick in pick(), epoch in 0usize..5) {
        let n = data.rows.len();
        let plain = Data { sites: None, cap: None, ..data.clone() };
        let half = |data: &Data| {
            let quotas = plain.sampler(schedule::Uniform).classes().counts().iter().map(|n| n.div_ceil(2)).collect();
            data.sampler(Fixed(quotas, pick)).epoch(epoch).unwrap().indices().to_vec()
        };
        let expected = half(&plain);
        prop_assert_eq!(half(&Data { sites: Some(vec![9; n]), ..plain.clone() }), expected.clone());
        prop_assert_eq!(half(&Data { cap: Some(n), ..plain.clone() }), expected);
    }

    #[test]
    fn the_order_of_the_samples_changes_no_class(data in data()) {
        let turned = Data {
            rows: data.rows.iter().rev().cloned().collect(),
            sites: data.sites.as_ref().map(|sites| sites.iter().rev().copied().collect()),
            groups: data.groups.iter().rev().copied().collect(),
            ..data.clone()
        };
        let (a, b) = (data.sampler(schedule::Uniform), turned.sampler(schedule::Uniform));
        prop_assert_eq!(a.classes().counts(), b.classes().counts());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn threads_and_ranks_make_one_list(data in data(), epoch in 0usize..4) {
        let schedule = || PowerLaw { epochs: 4, ..Default::default() };
        let expected = data.sampler(schedule()).epoch(epoch).unwrap().indices().to_vec();
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let list = pool.install(|| data.sampler(schedule()).epoch(epoch).unwrap().indices().to_vec());
            prop_assert_eq!(&list, &expected);
        }
        for exchange in [Exchange::AllGather, Exchange::Histograms] {
            for ranks in [1, 2, 3] {
                let lists = InProcess::run(ranks, |comm| {
                    let sampler = Curriculum::with_targets(data.targets(), schedule())?.seed(7);
                    let mut sampler = Distributed::new(sampler, comm, exchange)?;
                    sampler.update(0, &data.scores[sampler.part()])?;
                    Ok::<_, Error>(sampler.epoch(epoch)?.indices().to_vec())
                });
                for list in lists {
                    prop_assert_eq!(&list.unwrap(), &expected);
                }
            }
        }
    }
}

fn small() -> Targets {
    Targets::multi_label(&[0, 1, 3, 3, 4], &[0, 0, 1, 0], 2).unwrap()
}

#[test]
fn a_state_shows_rule_and_cap_on_both_sides_and_knows_rows_sites_and_groups() {
    let groups = |values: &[i64], cap| small().groups(values, cap).unwrap();
    let sampler = |targets| Curriculum::with_targets(targets, PowerLaw { epochs: 4, ..Default::default() }).unwrap();
    let state = sampler(groups(&[1, 1, 2, 2], 1)).state(2.into()).unwrap();
    let refused = |targets| sampler(targets).restore(&state).unwrap_err().to_string();
    assert_eq!(
        refused(groups(&[1, 1, 2, 2], 2)),
        "`state` was taken with targets 2 labels, 2 groups capped at 1, but this sampler has 2 labels, 2 groups capped \
         at 2: build the sampler as it was then"
    );
    assert!(refused(small()).contains("but this sampler has 2 labels: build"));
    let one = Targets::single(&[0, 1, -1, 0]).unwrap();
    assert!(refused(one).contains("but this sampler has of one label a sample"));
    for other in [groups(&[1, 2, 2, 1], 1), groups(&[1, 1, 2, 2], 1).unknown(&[0, 1, 1, 1, 1], &[1]).unwrap()] {
        assert!(refused(other).contains("labels of hash"));
    }
    assert_eq!(sampler(groups(&[1, 1, 2, 2], 1)).restore(&state).unwrap(), Position::from(2));
}

#[test]
fn a_window_of_the_ranking_under_a_cap_and_one_prior_of_several_labels() {
    let targets = small().groups(&[1, 1, 2, 2], 1).unwrap();
    let refused = Curriculum::with_targets(targets, Linear { epochs: 4, ..Default::default() }).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the schedule asks for a window of the ranking in epoch 0, but groups are capped by class: \
         leave out `groups`, or take a schedule by class"
    );
    // nor late in training
    let window = || Linear { epochs: 4, ..Default::default() };
    let late = schedule::Switch { at: 80, before: schedule::Uniform, after: window() };
    let later = schedule::Switch { at: 10, before: schedule::Uniform, after: late.clone() };
    for (schedule, epoch) in [(schedule::AnySchedule::from(late), 80), (schedule::AnySchedule::from(later), 90)] {
        let targets = small().groups(&[1, 1, 2, 2], 1).unwrap();
        let refused = Curriculum::with_targets(targets, Box::new(schedule)).unwrap_err();
        assert_eq!(refused, Error::Schedule(error::ScheduleError::WindowWithCap { epoch }));
    }
    let never = schedule::Switch { at: 0, before: window(), after: schedule::Uniform };
    Curriculum::with_targets(small().groups(&[1, 1, 2, 2], 1).unwrap(), never).unwrap();
    let epoch = Curriculum::with_targets(small(), schedule::Uniform).unwrap().epoch(0).unwrap();
    assert_eq!(
        epoch.log_prior(2).unwrap_err().to_string(),
        "`log_prior` is of one label a sample, but samples can have several here: use `log_odds` and a sigmoid loss"
    );
    assert_eq!(epoch.label_counts().unwrap(), [3, 1]);
    let epoch = Curriculum::new(&[0, 1], schedule::Uniform).unwrap().epoch(0).unwrap();
    assert!(
        epoch.label_counts().unwrap_err().to_string().starts_with("`Epoch::label_counts` needs targets of several")
    );
}

#[test]
fn under_a_cap_scores_matter_as_long_as_turns_are_taken() {
    let targets = Targets::single(&[0, 0, 0, 1]).unwrap().groups(&[1, 1, 2, 3], 1).unwrap();
    let sampler = Curriculum::with_targets(targets, PowerLaw { epochs: 2, ..Default::default() }).unwrap();
    assert_eq!(sampler.classes().counts(), [2, 1]);
    assert!(sampler.wants_scores(9)); // of group 1 an epoch has one sample
    let apart = Targets::single(&[0, 0, 0, 1]).unwrap().groups(&[1, 4, 2, 3], 1).unwrap();
    let sampler = Curriculum::with_targets(apart, PowerLaw { epochs: 2, ..Default::default() }).unwrap();
    assert!(!sampler.wants_scores(9));
}

#[test]
fn stratified_shards_spread_sites() {
    let (labels, sites): (Vec<u32>, Vec<u32>) =
        (0..240).map(|i| (u32::from(i % 10 == 0), u32::from(i % 3 == 0))).unzip();
    let targets = Targets::single(&labels).unwrap().sites(&sites, Within::Proportional).unwrap();
    let epoch = Curriculum::with_targets(targets, schedule::Uniform).unwrap().epoch(0).unwrap();
    for rank in 0..4 {
        let part = epoch.shard_stratified(rank, 4, ShardRemainder::Pad).unwrap();
        for (label, site, expected) in [(0, 0, 36), (0, 1, 18), (1, 0, 4), (1, 1, 2)] {
            let is = |&&i: &&u32| (labels[i as usize], sites[i as usize]) == (label, site);
            let found = part.indices().iter().filter(is).count();
            assert!(found.abs_diff(expected) <= 1, "label {label}, site {site}: {found} on rank {rank}");
        }
    }
}
