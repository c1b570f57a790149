//! Prints the data sets of the results as a table: their sizes, and signs that columns were chosen with all labels.

use std::collections::HashSet;

use anyhow::Result;
use climd_data::{Dataset, anova_f};

fn main() -> Result<()> {
    println!(
        "| data | samples | classes | largest : smallest | modalities | smallest F of a column | equal rows \
         | thinned to 50:1 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for folder in std::env::args().skip(1) {
        let dataset = Dataset::load(folder)?;
        let sizes = dataset.class_sizes();
        let (most, least) = (sizes.iter().max().copied().unwrap_or(0), sizes.iter().min().copied().unwrap_or(0));
        let modalities: Vec<String> =
            dataset.modalities.iter().map(|table| format!("{} {}", table.name, table.columns.len())).collect();
        // F with the labels of all samples: a high one means that columns were chosen with them before publication
        let all: Vec<usize> = (0..dataset.len()).collect();
        let smallest = |table| anova_f(table, &all, &dataset.labels).into_iter().fold(f64::INFINITY, f64::min);
        let smallest: Vec<String> = dataset.modalities.iter().map(|table| format!("{:.1}", smallest(table))).collect();
        let rows: HashSet<Vec<u32>> = all
            .iter()
            .map(|&row| dataset.modalities.iter().flat_map(|table| table.row(row)).map(|x| x.to_bits()).collect())
            .collect();
        let split = dataset.test_split(0)?.thin(&dataset.labels, 50.0, 0)?;
        let mut thinned = vec![0; sizes.len()];
        split.train.iter().for_each(|&row| thinned[dataset.labels[row]] += 1);
        thinned.sort_unstable_by(|a, b| b.cmp(a));
        let thinned: Vec<String> = thinned.iter().map(ToString::to_string).collect();
        println!(
            "| {} | {} | {} | {most} : {least} | {} | {} | {} | {} |",
            dataset.name,
            dataset.len(),
            sizes.len(),
            modalities.join(", "),
            smallest.join(", "),
            dataset.len() - rows.len(),
            thinned.join(", ")
        );
    }
    Ok(())
}
