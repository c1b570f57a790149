//! The course of training, over the splits.

use crate::experiment::RowResult;
use crate::plot::Series;
use crate::stats::Summary;
use climd_networks::train::Outcome;

/// Mean macro F1 of every row over the steps, with one standard deviation.
#[must_use]
pub fn f1_curves(results: &[RowResult]) -> Vec<Series> {
    let of_row = |result: &RowResult| {
        let at = |point: usize| {
            // splits have the same number of points; their steps may differ by a batch
            let f1: Vec<f64> = result.runs.iter().map(|(_, run)| 100.0 * run.points[point].macro_f1).collect();
            Summary::of(&f1).map(|summary| (result.runs[0].1.points[point].step as f64, summary))
        };
        let points: Vec<(f64, Summary)> = (0..result.runs[0].1.points.len()).filter_map(at).collect();
        Series {
            name: result.row.name.clone(),
            x: points.iter().map(|point| point.0).collect(),
            mean: points.iter().map(|point| point.1.mean).collect(),
            band: points.iter().map(|(_, s)| (s.mean - s.sd.unwrap_or(0.0), s.mean + s.sd.unwrap_or(0.0))).collect(),
        }
    };
    results.iter().filter(|result| !result.runs.is_empty()).map(of_row).collect()
}

/// Median score of every class over the steps, between the quartiles; means over the splits.
pub(crate) fn score_curves(result: &RowResult, classes: &[String]) -> Vec<Series> {
    let mean = |point: usize, class: usize, percentile: usize| {
        let of_run = |run: &Outcome| run.points[point].scores[class].get(percentile).copied();
        let scores: Vec<f64> = result.runs.iter().filter_map(|(_, run)| of_run(run)).map(f64::from).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    };
    let num_points = result.runs.first().map_or(0, |(_, run)| run.points.len());
    let of_class = |(class, name): (usize, &String)| Series {
        name: name.clone(),
        x: (0..num_points).map(|point| result.runs[0].1.points[point].step as f64).collect(),
        mean: (0..num_points).map(|point| mean(point, class, 2)).collect(),
        band: (0..num_points).map(|point| (mean(point, class, 1), mean(point, class, 3))).collect(),
    };
    classes.iter().enumerate().map(of_class).collect()
}
