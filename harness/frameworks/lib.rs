//! Data for the examples of other frameworks: two views of patients, with long-tailed classes.

use climd::ConfusionMatrix;

/// Features of both views, row-major, and labels.
#[derive(Debug, Clone)]
pub struct Patients {
    /// Twice `[n, WIDTH]`.
    pub views: [Vec<f32>; 2],
    /// `[n]`.
    pub labels: Vec<u32>,
}

/// Features of a view.
pub const WIDTH: usize = 8;
/// Number of classes.
pub const CLASSES: usize = 3;

impl Patients {
    /// Makes patients, so many of each class. A seed always gives the same ones. Each view separates some of the
    /// classes.
    #[must_use]
    pub fn new(counts: [usize; CLASSES], seed: u64) -> Self {
        let mut word = seed;
        let mut next = || {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word >> 40) as f32 / (1 << 24) as f32
        };
        let labels: Vec<u32> = (0..).zip(counts).flat_map(|(label, n)| vec![label; n]).collect();
        // a sum of uniform numbers is nearly normal
        let mut noise = || (0..6).map(|_| next()).sum::<f32>() - 3.0;
        let mut view = |centres: [f32; CLASSES]| -> Vec<f32> {
            labels.iter().flat_map(|&label| [centres[label as usize]; WIDTH]).map(|centre| centre + noise()).collect()
        };
        let views = [view([0.0, 0.4, 0.4]), view([0.0, 0.0, 0.5])];
        Self { views, labels }
    }

    /// The rows of these samples in each view, and their labels.
    #[must_use]
    pub fn rows(&self, indices: &[u32]) -> ([Vec<f32>; 2], Vec<u32>) {
        let row = |view: &[f32], sample: u32| view[sample as usize * WIDTH..][..WIDTH].to_vec();
        let rows = |view: &Vec<f32>| indices.iter().flat_map(|&sample| row(view, sample)).collect();
        (self.views.each_ref().map(rows), indices.iter().map(|&sample| self.labels[sample as usize]).collect())
    }

    /// Number of patients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no patients.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Macro F1 of these predictions, in percent.
    ///
    /// # Errors
    /// Those of [`ConfusionMatrix::new`].
    pub fn macro_f1(&self, predictions: &[u32]) -> climd::Result<f64> {
        Ok(100.0 * ConfusionMatrix::new(&self.labels, predictions)?.macro_f1())
    }
}
