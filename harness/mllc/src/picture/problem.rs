//! Errors of an image, each with what to do.

use super::{MAX_BYTES, MAX_PIXELS};

/// An error of an image. The message continues after the name of the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No file has this name, or a name that means the same.
    #[error("but there is no such file: {hint}")]
    NotThere {
        /// What exists instead, and what to write.
        hint: String,
    },
    /// The system refuses to read it, or it is not a file.
    #[error("which cannot be read ({reason}): give a file that may be read, or empty the cell if there is none")]
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// It is neither PNG nor JPEG.
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
