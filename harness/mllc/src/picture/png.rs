//! Reads the chunks of a PNG: checks that its end is there, and finds the orientation, which may come after the pixels.

use super::Problem;

/// Goes from chunk to chunk up to `IEND`. Returns the Exif data, if there are any.
///
/// The decoder checks the chunks that it needs, but stops after the last pixel.
pub(super) fn walk(bytes: &[u8]) -> Result<Option<&[u8]>, Problem> {
    let (mut at, mut exif) = (8, None); // after the signature
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let [a, b, c, d, kind @ ..] = rest else {
            return Err(Problem::EndsEarly { reason: format!("after {} bytes, without its end mark", bytes.len()) });
        };
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if rest.len() < length.saturating_add(12) {
            let reason =
                format!("{} of the {} bytes of its last chunk are there", rest.len(), length.saturating_add(12));
            return Err(Problem::EndsEarly { reason });
        }
        match &kind[..4] {
            b"IEND" => return Ok(exif),
            b"eXIf" => exif = Some(&kind[4..4 + length]),
            _ => {}
        }
        at += length + 12;
    }
}
