//! Cache of finished runs: one JSON line for each, keyed by the full configuration.
//!
//! A table may take days. If it was interrupted, it goes on where it stopped. Lines are only appended.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use climd_networks::config::RunConfig;
use climd_networks::train::Outcome;

/// Finished runs, in memory and, if the cache has one, in a file.
#[derive(Debug)]
pub struct Cache<C = RunConfig, O = Outcome> {
    runs: Mutex<HashMap<String, O>>,
    file: Option<(PathBuf, Mutex<File>)>,
    of: PhantomData<fn(C)>,
}

impl<C, O> Default for Cache<C, O> {
    /// In memory alone, and empty.
    fn default() -> Self {
        Self { runs: Mutex::default(), file: None, of: PhantomData }
    }
}

#[derive(Serialize, Deserialize)]
struct Line<C, O> {
    config: C,
    outcome: O,
}

impl<C: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned + Clone> Cache<C, O> {
    /// Opens a file of runs, or makes a new one.
    ///
    /// A killed process can leave a last line without its end. It is cut off, and its run is done again.
    ///
    /// # Errors
    /// If the file cannot be read or written, or a line is not a run; the error has its number.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("run cache: cannot make `{}`", folder.display()))?;
        }
        let unusable = || format!("run cache `{}` cannot be read or written", path.display());
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).with_context(unusable)?;
        let text = std::io::read_to_string(&mut file).with_context(unusable)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            // only if a line is cut: another process may have added a line since the file was read
            file.set_len(whole as u64).with_context(unusable)?;
        }
        let mut runs = HashMap::new();
        for (number, line) in text[..whole].lines().enumerate() {
            let Line::<C, O> { config, outcome } = serde_json::from_str(line).with_context(|| {
                format!("run cache `{}`, line {}: not a run; remove the line", path.display(), number + 1)
            })?;
            runs.insert(key(&config)?, outcome);
        }
        Ok(Self { runs: Mutex::new(runs), file: Some((path.to_path_buf(), Mutex::new(file))), of: PhantomData })
    }

    /// The results of a finished run, if it is in the cache.
    ///
    /// # Errors
    /// If the configuration cannot be written as JSON.
    pub fn get(&self, config: &C) -> Result<Option<O>> {
        Ok(self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(&key(config)?).cloned())
    }

    /// Adds a run, and writes it to the file before it returns.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn insert(&self, config: &C, outcome: &O) -> Result<()> {
        if let Some((path, file)) = &self.file {
            let line = serde_json::to_string(&Line { config, outcome })? + "\n";
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // one write for each line, so that two processes may share a file
            file.write_all(line.as_bytes()).with_context(|| format!("run cache: cannot write `{}`", path.display()))?;
        }
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).insert(key(config)?, outcome.clone());
        Ok(())
    }
}

fn key<C: Serialize>(config: &C) -> Result<String> {
    Ok(serde_json::to_string(config)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd_networks::multi_label::LabelsRun;
    use climd_networks::quality::Quality;
    use serde::de::IgnoredAny;

    #[test]
    fn a_run_that_diverged_is_read_again_and_is_the_worst_candidate() {
        let line =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results/runs/lgg.jsonl")).unwrap();
        let Line { config, mut outcome } = serde_json::from_str::<Line<RunConfig, Outcome>>(
            line.lines().find(|line| line.contains(r#""quality":{"#)).unwrap(),
        )
        .unwrap();
        let good = crate::least::loss(&outcome);
        let nan = f64::NAN;
        outcome.quality =
            Some(Quality { balanced_cross_entropy: nan, scaled_cross_entropy: nan, auc: None, calibration_error: nan });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runs.jsonl");
        Cache::open(&file).unwrap().insert(&config, &outcome).unwrap();
        assert!(fs::read_to_string(&file).unwrap().contains(r#""calibration_error":null"#));
        let again = Cache::<RunConfig, Outcome>::open(&file).unwrap().get(&config).unwrap().unwrap();
        let quality = again.quality.unwrap();
        assert!(quality.balanced_cross_entropy.is_nan() && quality.calibration_error.is_nan() && quality.auc.is_none());
        // `null` is no older run without measures: those cannot choose anything
        let bad = crate::least::loss(&again);
        assert_eq!((crate::least::least(&[bad, good, bad], 0), crate::least::least(&[bad, bad + good], 1)), (1, 1));
        let metrics = crate::section::METRICS.iter().filter_map(|(_, of)| of(&again)).collect::<Vec<f64>>();
        assert!(metrics.iter().any(|value| value.is_nan()), "shown as unknown: {metrics:?}");
    }

    #[test]
    fn every_committed_run_has_the_key_that_stands_in_its_line() {
        let mut runs = 0;
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results/runs")).unwrap();
        // the key of mllc's runs is of a crate that depends on this one, and tests it
        for file in files.map(|file| file.unwrap().path()).filter(|file| !file.ends_with("mllc.jsonl")) {
            for line in fs::read_to_string(file).unwrap().lines() {
                let key = match serde_json::from_str::<Line<RunConfig, IgnoredAny>>(line) {
                    Ok(run) => key(&run.config),
                    Err(_) => key(&serde_json::from_str::<Line<LabelsRun, IgnoredAny>>(line).unwrap().config),
                };
                let start = format!(r#"{{"config":{},"outcome":"#, key.unwrap());
                assert!(line.starts_with(&start), "{start}\n{line}");
                runs += 1;
            }
        }
        assert!(runs > 9000, "{runs}");
    }
}
