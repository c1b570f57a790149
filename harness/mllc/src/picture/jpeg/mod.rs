//! Whether a JPEG is whole: its end mark is there, and so are the data of every block in every scan.
//!
//! Decoders made for browsers show what they have and fill the rest with gray. For training that is a wrong image with
//! a right label. So the entropy-coded data are read once before the decoder is asked: symbols are read and blocks are
//! counted, and no pixel is computed. What comes after the end mark is ignored, and so are bytes left over at the end
//! of a scan, as in all decoders. Source: ITU-T T.81, annexes B, F and G.

mod bits;
mod scan;

use super::Problem;
use bits::Huffman;
use scan::Scan;

/// Scans that an image may have; real ones have about ten, and each costs a pass over all blocks.
const MAX_SCANS: usize = 100;

/// A colour component of the frame.
#[derive(Debug, Clone, Default)]
struct Component {
    id: u8,
    /// Blocks across and down in a unit of an interleaved scan.
    sampling: [usize; 2],
    /// Whether its first coefficients were there.
    seen: bool,
    /// Of each block, which coefficients are not zero; for progressive images alone.
    nonzero: Vec<u64>,
}

/// What the segments before a scan say.
#[derive(Debug, Default)]
struct Frame {
    progressive: bool,
    width: usize,
    height: usize,
    components: Vec<Component>,
    restart: usize,
    /// By class (DC, AC) and number.
    tables: [[Option<Huffman>; 4]; 2],
    scans: usize,
}

/// Goes through the segments and scans up to the end mark.
///
/// What the decoder will refuse by itself, it is left to refuse.
pub(super) fn check(bytes: &[u8]) -> Result<(), Problem> {
    let mut frame = Frame::default();
    let mut at = 2; // after the start mark
    loop {
        // fill bytes, and whatever stands between segments, are skipped
        let Some((kind, body)) = next_marker(bytes, at) else { return Err(no_end(bytes, &frame)) };
        at = body;
        match kind {
            0xd9 => return frame.complete(),
            0x01 | 0xd0..=0xd8 => continue, // stand alone
            _ => {}
        }
        let Some(segment) = segment(bytes, at) else { return Err(no_end(bytes, &frame)) };
        at += segment.len() + 2;
        match kind {
            0xc0..=0xc2 => frame.begin(kind, segment)?,
            0xc4 => frame.read_tables(segment)?,
            0xc3 | 0xc5..=0xc7 => return Err(other("a lossless JPEG")),
            0xc9..=0xcf => return Err(other("a JPEG with arithmetic coding")),
            0xf7 => return Err(other("a JPEG-LS image")),
            0xdd => frame.restart = pair(segment, 0).unwrap_or_default(),
            0xda => at = frame.scan(segment, bytes, at)?,
            _ => {}
        }
    }
}

impl Frame {
    /// SOF: size and components.
    fn begin(&mut self, kind: u8, segment: &[u8]) -> Result<(), Problem> {
        let (Some(height), Some(width)) = (pair(segment, 1), pair(segment, 3)) else {
            return Err(damaged("its frame"));
        };
        if segment[0] == 12 {
            return Err(other("a JPEG of 12 bits"));
        }
        let count = segment.get(5).copied().unwrap_or_default();
        if width * height > super::MAX_PIXELS as usize {
            return Err(Problem::TooLarge { found: format!("{width} x {height} pixels") });
        }
        let parts = segment.get(6..).unwrap_or_default().chunks_exact(3);
        let components = parts.map(|part| Component {
            id: part[0],
            sampling: [usize::from(part[1] >> 4), usize::from(part[1] & 15)],
            ..Default::default()
        });
        self.components = components.take(usize::from(count)).collect();
        let sampled = self.components.iter().all(|component| component.sampling.iter().all(|n| (1..=4).contains(n)));
        if width == 0 || height == 0 || !(1..=4).contains(&self.components.len()) || !sampled {
            return Err(damaged("its frame"));
        }
        (self.progressive, self.width, self.height) = (kind == 0xc2, width, height);
        Ok(())
    }

    /// DHT: Huffman tables.
    fn read_tables(&mut self, mut segment: &[u8]) -> Result<(), Problem> {
        while let Some((&to, rest)) = segment.split_first() {
            let (table, used) = Huffman::read(rest).ok_or_else(|| damaged("a Huffman table"))?;
            let slot = self.tables.get_mut(usize::from(to >> 4)).and_then(|class| class.get_mut(usize::from(to & 15)));
            *slot.ok_or_else(|| damaged("a Huffman table"))? = Some(table);
            segment = &rest[used..];
        }
        Ok(())
    }

    /// SOS: one scan; returns where its data end.
    fn scan(&mut self, segment: &[u8], bytes: &[u8], at: usize) -> Result<usize, Problem> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(damaged("it has more than 100 scans"));
        }
        let scan =
            Scan::new(segment, &self.components, self.progressive).ok_or_else(|| damaged("the head of a scan"))?;
        let first = self.scans == 1;
        scan.read(self, bytes, at).map_err(|stop| match stop {
            bits::Stop::Damaged => damaged("its data are no code"),
            bits::Stop::Short { done, of } if first && of > 0 => {
                let percent = (100 * done / of).min(99);
                Problem::EndsEarly { reason: format!("after {percent} % of the picture") }
            }
            bits::Stop::Short { .. } => Problem::EndsEarly { reason: "in the middle of its detail".into() },
        })
    }

    /// At the end mark: every component must have had a scan.
    fn complete(&self) -> Result<(), Problem> {
        match self.components.iter().all(|component| component.seen) && !self.components.is_empty() {
            true => Ok(()),
            false => Err(Problem::EndsEarly { reason: "without data of all its colours".into() }),
        }
    }

    /// Sampling factors of the component with most blocks.
    fn most(&self) -> [usize; 2] {
        [0, 1].map(|side| self.components.iter().map(|component| component.sampling[side]).max().unwrap_or(1))
    }
}

/// The next marker from `at` on, and where what follows it begins.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)? + 1;
        match *bytes.get(at)? {
            0 | 0xff => {}
            kind => return Some((kind, at + 1)),
        }
    }
}

/// The content of a segment, after its length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = pair(bytes, at)?;
    bytes.get(at + 2..at + length.max(2))
}

fn pair(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])))
}

fn no_end(bytes: &[u8], frame: &Frame) -> Problem {
    let where_to = if frame.scans == 0 { "before its picture begins" } else { "without its end mark" };
    Problem::EndsEarly { reason: format!("after {} bytes, {where_to}", bytes.len()) }
}

fn damaged(what: &str) -> Problem {
    Problem::Damaged { reason: what.into() }
}

fn other(found: &'static str) -> Problem {
    Problem::Format { found, advice: "save it as PNG, which loses nothing" }
}
