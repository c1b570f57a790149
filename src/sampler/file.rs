//! A state in a file: written whole or not at all, and refused if it is not what was written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::State;
use super::state::check_version;
use crate::{Error, Result};

/// What a binary file begins with; a JSON file begins with a brace.
const MAGIC: &[u8] = b"climd\0";

impl State {
    /// Writes the state to a file, as JSON if its name ends in `.json`, else in a compact binary format of about 5 bytes a
    /// sample.
    ///
    /// Whoever reads the file sees the old state or the new one, never a part, whenever the process or the machine dies: a
    /// file beside it is written and synchronised first, and takes its name then.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler, State};
    /// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1, 1, 2], PowerLaw::default())?.seed(7);
    /// let path = std::env::temp_dir().join(format!("climd-{}.state", std::process::id()));
    /// sampler.state(3.into()).save(&path)?;
    /// assert_eq!(State::load(&path)?.position().epoch, 3);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), climd::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StateFile`] if the file cannot be written; one that was there before is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |reason: String| Error::StateFile { path: path.display().to_string(), done: "written", reason };
        let bytes = if path.extension().is_some_and(|end| end == "json") {
            serde_json::to_vec(self).map_err(|error| failed(error.to_string()))?
        } else {
            let body = postcard::to_allocvec(self).map_err(|error| failed(error.to_string()))?;
            [MAGIC, &body].concat()
        };
        write_whole(path, &bytes).map_err(|error| failed(error.to_string()))
    }

    /// Reads a file that [`save`](Self::save) wrote, in either format.
    ///
    /// # Errors
    /// [`Error::StateFile`] if it cannot be read, [`Error::StateFormat`] if it is truncated or something else,
    /// [`Error::StateVersion`] if another release wrote it, [`Error::StateDamaged`] if it was altered.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = || path.display().to_string();
        let unread = |error: io::Error| Error::StateFile { path: name(), done: "read", reason: error.to_string() };
        let bytes = fs::read(path).map_err(unread)?;
        let not_whole = |reason: String| Error::StateFormat { path: name(), reason };
        let state: Self = match bytes.strip_prefix(MAGIC) {
            Some(body) => {
                let binary = |error: postcard::Error| not_whole(error.to_string());
                // the version is the first field: in another one the rest may be anything
                check_version(postcard::take_from_bytes::<u32>(body).map_err(binary)?.0)?;
                let (state, rest) = postcard::take_from_bytes(body).map_err(binary)?;
                if !rest.is_empty() {
                    return Err(not_whole(format!("{} bytes behind its end", rest.len())));
                }
                state
            }
            None => {
                let json = |error: serde_json::Error| not_whole(error.to_string());
                check_version(serde_json::from_slice::<Version>(&bytes).map_err(json)?.version)?;
                serde_json::from_slice(&bytes).map_err(json)?
            }
        };
        state.check_itself()?;
        Ok(state)
    }
}

/// What every release's JSON has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes a file beside, and gives it the name when all of it is on the disk.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file_name = path.file_name().ok_or_else(|| io::Error::other("it does not name a file"))?.to_string_lossy();
    let beside = path.with_file_name(format!(".{file_name}.{}.tmp", std::process::id()));
    let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside); // the error that is reported is the first one
    }
    written?;
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf))?.sync_all()?; // the new name, too
    }
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
