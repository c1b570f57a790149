//! Writes a state to a file, whole or not at all, and reads it again. A changed file is an error.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::State;
use super::state::check_version;
use crate::error::StateError;
use crate::{Error, Result};

/// First bytes of a binary file. A JSON file begins with a brace.
const MAGIC: &[u8] = b"climd\0";

impl State {
    /// The state as bytes, about 5 for each sample: what [`save`](Self::save) writes to a binary file.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler, State};
    /// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1, 1, 2], PowerLaw::default())?.seed(7);
    /// let bytes = sampler.state(3.into())?.to_bytes(); // into a checkpoint of your own
    /// assert_eq!(State::from_bytes(&bytes)?.position().epoch, 3);
    /// # Ok::<(), climd::Error>(())
    /// ```
    ///
    /// # Panics
    /// Never: a state has only fields that the format can hold.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = postcard::to_extend(self, MAGIC.to_vec()).expect("every field has a form in the format");
        if self.observed().is_none() {
            bytes.pop(); // the mark of the last field, which older states do not have: so nothing more is written
        }
        bytes
    }

    /// The state of what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// [`StateError::StateBytes`] for bytes that are no state, or not the whole of one; [`StateError::StateVersion`] if
    /// another release wrote them; [`StateError::StateDamaged`] if they were altered.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::State(StateError::StateBytes { reason });
        let body = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("they do not begin as a state does".into()))?;
        let unread = |error: postcard::Error| bad(error.to_string());
        // the version is the first field; the other fields of another version are unknown
        check_version(postcard::take_from_bytes::<u32>(body).map_err(unread)?.0)?;
        // a state without the last field ends before its mark, 0
        let marked = [body, &[0]].concat();
        let (state, rest) = postcard::take_from_bytes::<Self>(&marked).map_err(unread)?;
        match rest.len().checked_sub(usize::from(state.observed().is_some())) {
            Some(0) => {}
            Some(left) => return Err(bad(format!("{left} bytes behind its end"))),
            None => return Err(bad("its last byte is missing".into())),
        }
        state.check_itself()?;
        Ok(state)
    }

    /// Writes the state to a file: as JSON if its name ends in `.json`, else in a compact binary format with about 5
    /// bytes for each sample.
    ///
    /// A reader sees the old state or the new one, never a part, even if the process or the machine dies. A new file is
    /// written beside the old one and synchronised first. Then it takes the old name. Several threads or processes may
    /// save to one path at once: the last one counts.
    ///
    /// The new name is synchronised, too, if the system allows it. Where it does not, as in a folder that may be
    /// written but not read, the save succeeds all the same, and the old state may be back if the machine dies soon
    /// after.
    ///
    /// A replaced file keeps its permissions. A symbolic link stays, and its target is replaced.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler, State};
    /// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1, 1, 2], PowerLaw::default())?.seed(7);
    /// let path = std::env::temp_dir().join(format!("climd-{}.state", std::process::id()));
    /// sampler.state(3.into())?.save(&path)?;
    /// assert_eq!(State::load(&path)?.position().epoch, 3);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), climd::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`StateError::StateFile`] if the file cannot be written. An old file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |error: io::Error| {
            let (path, kind, reason) = (path.display().to_string(), error.kind(), error.to_string());
            Error::State(StateError::StateFile { path, done: "written", kind, reason })
        };
        let bytes = if path.extension().is_some_and(|end| end == "json") {
            serde_json::to_vec(self).map_err(|error| failed(error.into()))?
        } else {
            self.to_bytes()
        };
        write_whole(path, &bytes).map_err(failed)
    }

    /// Reads a file that [`save`](Self::save) wrote, in either format.
    ///
    /// # Errors
    /// [`StateError::StateFile`] if it cannot be read, [`StateError::StateFormat`] if it is truncated or not a state,
    /// [`StateError::StateVersion`] if another release wrote it, [`StateError::StateDamaged`] if it was altered.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = || path.display().to_string();
        let unread = |error: io::Error| {
            let (kind, reason) = (error.kind(), error.to_string());
            Error::State(StateError::StateFile { path: name(), done: "read", kind, reason })
        };
        let bytes = fs::read(path).map_err(unread)?;
        let not_whole = |reason: String| Error::State(StateError::StateFormat { path: name(), reason });
        if bytes.starts_with(MAGIC) {
            return Self::from_bytes(&bytes).map_err(|error| match error {
                Error::State(StateError::StateBytes { reason }) => not_whole(reason),
                other => other,
            });
        }
        let json = |error: serde_json::Error| not_whole(error.to_string());
        check_version(serde_json::from_slice::<Version>(&bytes).map_err(json)?.version)?;
        let state: Self = serde_json::from_slice(&bytes).map_err(json)?;
        state.check_itself()?;
        Ok(state)
    }
}

/// The field that the JSON of every release has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes a new file beside the target of `path`, and renames it when all of it is on the disk.
///
/// The new file has a name that nobody can foresee, and is created exclusively. So two writers never share it, and a
/// link that somebody put there is not followed. Its name does not depend on the name of the target, which may be as
/// long as the system allows.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &followed(path)?;
    path.file_name().ok_or_else(|| io::Error::other("it does not name a file"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let old = match fs::metadata(path) {
        Ok(old) if !old.is_file() => return Err(io::Error::other("there is something there that is no file")),
        Ok(old) => Some(old.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".climd-").suffix(".tmp");
    #[cfg(unix)]
    if old.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // the umask removes some, as usual
    }
    let mut file = builder.tempfile_in(folder)?; // on an error it is dropped, and so removed
    if let Some(permissions) = old {
        file.as_file().set_permissions(permissions)?; // the permissions stay as they were
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        // Synchronises the new name, too. The file is replaced by now, so this is no error of the save: a folder that
        // may be written but not read cannot be opened, and some file systems synchronise no folder.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// The target of a path, after every symbolic link at its end. It need not exist.
fn followed(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40; // the limit of Linux
    let mut path = path.to_path_buf();
    for _ in 0..MOST {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let to = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| to.clone(), |folder| folder.join(&to));
            }
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("its symbolic links lead in a circle"))
}
