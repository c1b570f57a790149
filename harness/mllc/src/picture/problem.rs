//! Why an image is not read, each with what to do about it.

use super::{MAX_BYTES, MAX_PIXELS};

/// What is wrong with an image; its text goes on after the image's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No file has the name, nor one that means the same.
    #[error("but there is no such file: {hint}")]
    NotThere {
        /// What is there instead, and what to write.
        hint: String,
    },
    /// The system does not hand it out, or it is no file.
    #[error("which cannot be read ({reason}): give a file that may be read, or empty the cell if there is none")]
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// It is something else than PNG or JPEG.
    #[error("which is {found}, but PNG and JPEG are read: {advice}")]
    Format {
        /// What it is.
        found: &'static str,
        /// How to make a PNG of it, or what to do instead.
        advice: &'static str,
    },
    /// Its end is missing, as after a copy that was interrupted.
    #[error("which ends early ({reason}): copy the file again from where it came, or empty the cell if there is none")]
    EndsEarly {
        /// How much is there.
        reason: String,
    },
    /// The decoder refuses it.
    #[error("which is damaged ({reason}): replace the file, or empty the cell if there is none")]
    Damaged {
        /// What the decoder says.
        reason: String,
    },
    /// Decoding it would take more memory than an image of a patient should.
    #[error(
        "which has {found}, but at most {MAX_PIXELS} pixels (8192 x 8192) and {MAX_BYTES} bytes are read: scale it \
         down, or cut out the part that counts"
    )]
    TooLarge {
        /// Its size.
        found: String,
    },
}
