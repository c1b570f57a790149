//! A line of the CSV files of results.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::section::p_of;
use crate::stats::{Interval, Paired};

/// A line of the CSV file: a metric of a row, or the difference of two rows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the columns are described in docs/results/README.md
pub struct Record {
    pub table: String,
    pub data: String,
    pub id: String,
    pub row: String,
    pub metric: String,
    pub paper: Option<f64>,
    pub paper_sd: Option<f64>,
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub seeds: usize,
    pub steps: usize,
    pub beside: Option<String>,
    pub fixed_beforehand: Option<bool>,
    pub difference: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub p_corrected: Option<f64>,
    pub plain_low: Option<f64>,
    pub plain_high: Option<f64>,
    pub p: Option<f64>,
}

impl Record {
    /// With the difference to another row; `fixed_beforehand`: the comparison was, before its splits were looked at.
    pub(crate) fn paired(self, fixed_beforehand: bool, other: impl Display, paired: &Paired) -> Record {
        let ends = |of: Option<Interval>| (of.map(|of| round(of.low)), of.map(|of| round(of.high)));
        let ((low, high), (plain_low, plain_high)) = (ends(paired.corrected), ends(paired.plain));
        Record {
            beside: Some(other.to_string()),
            fixed_beforehand: Some(fixed_beforehand),
            difference: Some(round(paired.difference.mean)),
            low,
            high,
            p_corrected: paired.p_corrected.map(round),
            plain_low,
            plain_high,
            p: p_of(paired).map(round),
            ..self
        }
    }
}

/// To six digits: enough that a page which rounds them further rounds as this one does.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
