//! Bits of entropy-coded data, and the Huffman codes in them.

/// Why the data of a scan do not go through.
#[derive(Debug)]
pub(super) enum Stop {
    /// The data are used up.
    Short {
        /// Units done.
        done: usize,
        /// Units of the scan.
        of: usize,
    },
    /// What is there is no code of the table.
    Damaged,
}

impl Stop {
    /// The data are used up; where, the scan adds.
    pub(super) fn short() -> Stop {
        Stop::Short { done: 0, of: 0 }
    }
}

/// A Huffman table: for each length of a code, the first 16-bit value beyond its codes, and where its symbols begin.
#[derive(Debug)]
pub(super) struct Huffman {
    /// `[16]`: the codes of length `i + 1`, padded with zeros to 16 bits, are below this.
    beyond: [u32; 16],
    /// `[16]`: index of the symbol of code 0 of that length; may be negative.
    offset: [i32; 16],
    symbols: Vec<u8>,
}

impl Huffman {
    /// Reads counts and symbols; returns the bytes used as well.
    pub(super) fn read(bytes: &[u8]) -> Option<(Huffman, usize)> {
        let counts = bytes.get(..16)?;
        let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
        let symbols = bytes.get(16..16 + total)?.to_vec();
        let (mut code, mut before) = (0u32, 0i32);
        let (mut beyond, mut offset) = ([0; 16], [0; 16]);
        for (at, &count) in counts.iter().enumerate() {
            offset[at] = before - code as i32;
            code += u32::from(count);
            before += i32::from(count);
            beyond[at] = code << (15 - at);
            if beyond[at] > 1 << 16 {
                return None; // more codes than there are
            }
            code <<= 1;
        }
        Some((Huffman { beyond, offset, symbols }, 16 + total))
    }
}

/// Reads bits up to the next marker, without the zero bytes that are stuffed after 0xff.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Bits<'a> {
        Bits { bytes, at, buffer: 0, count: 0 }
    }

    /// Where the next byte would be read; bits of the last one may be left.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.bytes.get(self.at..) {
                Some(&[0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some(&[0xff, ..] | &[]) | None => return, // a marker, or the end of the file
                Some(&[byte, ..]) => {
                    self.at += 1;
                    byte
                }
            };
            self.buffer = (self.buffer << 8) | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next `n` bits, at most 16.
    pub(super) fn take(&mut self, n: u32) -> Result<u32, Stop> {
        if self.count < n {
            self.fill();
        }
        if self.count < n {
            return Err(Stop::short());
        }
        self.count -= n;
        Ok((self.buffer >> self.count) as u32 & ((1 << n) - 1))
    }

    /// Drops up to 64 bits.
    pub(super) fn skip(&mut self, mut n: usize) -> Result<(), Stop> {
        while n > 0 {
            let some = n.min(16);
            self.take(some as u32)?;
            n -= some;
        }
        Ok(())
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8, Stop> {
        if self.count < 16 {
            self.fill();
        }
        // what is not there counts as zeros, and is told from what is there by the length
        let ahead = match self.count {
            0..16 => (self.buffer << (16 - self.count)) as u32 & 0xffff,
            count => (self.buffer >> (count - 16)) as u32 & 0xffff,
        };
        let length = table.beyond.iter().position(|&beyond| ahead < beyond);
        let length = match length {
            Some(at) if (at as u32) < self.count => at,
            None if self.count >= 16 => return Err(Stop::Damaged),
            _ => return Err(Stop::short()),
        };
        self.count -= length as u32 + 1;
        let symbol = (ahead >> (15 - length)) as i32 + table.offset[length];
        table.symbols.get(symbol as usize).copied().ok_or(Stop::Damaged)
    }
}
