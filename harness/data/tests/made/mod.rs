//! A made-up data set for tests.

#![allow(dead_code)] // each test file uses a part

use climd_data::{Dataset, Layout, Table};

/// Patients of the public BRCA table, by class.
pub const SIZES: [usize; 5] = [419, 46, 140, 130, 34];

/// A made-up data set: column 0 tells the classes apart, the others are noise, the last is constant.
pub fn synthetic(sizes: &[usize], columns: usize) -> Dataset {
    let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 16_777_216.0
    };
    let mut values = Vec::new();
    for &label in &labels {
        values.push(label as f32 + 0.1 * noise());
        (2..columns).for_each(|_| values.push(noise()));
        values.push(3.0);
    }
    let table = table(columns, values);
    Dataset {
        name: "synthetic".into(),
        layout: Layout::Brca,
        modalities: vec![table.clone(), table],
        labels,
        classes: (0..sizes.len()).map(|class| class.to_string()).collect(),
        groups: None,
        split: None,
        notes: Vec::new(),
    }
}

pub fn table(columns: usize, values: Vec<f32>) -> Table {
    let names = (0..columns).map(|column| format!("c{column}")).collect();
    Table { name: "made up".into(), columns: names, rows: values.len() / columns, values }
}
