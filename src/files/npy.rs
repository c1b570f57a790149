//! The header of a `.npy` file: what its elements are, how they lie, and where they begin.
//!
//! It is the text of a Python dictionary with three known keys, so this reads no other Python. The crates that read it
//! bring a parser of all Python literals, with twenty packages and a C compiler. Source: NEP 1, "A Simple File Format
//! for NumPy Arrays", and `numpy.lib.format`.

/// First bytes of a `.npy` file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read, as in NumPy.
const LONGEST: usize = 10_000;

/// What a header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// Kind of the elements: `<f4`.
    pub(super) kind: String,
    pub(super) column_order: bool,
    pub(super) shape: Vec<usize>,
}

/// Length of the header's text, and where it begins, from the first bytes of the file: twelve, or all if it has fewer.
pub(super) fn extent(first: &[u8]) -> Result<(usize, usize), String> {
    let (start, len) = match *first {
        [_, _, _, _, _, _, 1, _, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [_, _, _, _, _, _, 2 | 3, _, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        [_, _, _, _, _, _, version, _, ..] if first.len() >= 12 => {
            return Err(format!("version {version} of the format, but 1 to 3 are known"));
        }
        _ => return Err("the header is cut off".into()),
    };
    if len > LONGEST {
        return Err(format!("its header has {len} bytes, but at most {LONGEST} are read"));
    }
    Ok((start, len))
}

/// Reads the text of a header.
pub(super) fn parse(text: &[u8]) -> Result<Header, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the header is no text".to_owned())?;
    let (mut kind, mut column_order, mut shape) = (None, None, None);
    let mut rest = Rest(text);
    rest.expect("{")?;
    while !rest.skips("}") {
        let key = rest.quoted()?;
        rest.expect(":")?;
        let twice = match key {
            "descr" => kind.replace(rest.kind()?).is_some(),
            "fortran_order" => column_order.replace(rest.truth()?).is_some(),
            "shape" => shape.replace(rest.shape()?).is_some(),
            _ => return Err(format!("the header has a key `{}`", short(key))),
        };
        if twice {
            return Err(format!("the header has `{key}` twice"));
        }
        if !rest.skips(",") {
            rest.expect("}")?;
            break;
        }
    }
    match (kind, column_order, shape, rest.0.trim()) {
        (Some(kind), Some(column_order), Some(shape), "") => Ok(Header { kind, column_order, shape }),
        (_, _, _, "") => Err("the header lacks `descr`, `fortran_order` or `shape`".into()),
        (_, _, _, more) => Err(format!("the header goes on with `{}`", short(more))),
    }
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What is left of the text.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skips(&mut self, token: &str) -> bool {
        match self.0.trim_start().strip_prefix(token) {
            Some(rest) => self.0 = rest,
            None => return false,
        }
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.skips(token) {
            return Ok(());
        }
        Err(format!("the header has `{}` where `{token}` belongs", short(self.0.trim_start())))
    }

    fn quoted(&mut self) -> Result<&'a str, String> {
        for quote in ["'", "\""] {
            if self.skips(quote) {
                let (text, rest) = self.0.split_once(quote).ok_or("the header has a quote without an end")?;
                self.0 = rest;
                return Ok(text);
            }
        }
        Err(format!("the header has `{}` where a quoted word belongs", short(self.0.trim_start())))
    }

    /// The kind of the elements. That of records is a list, which is taken up to the end of the header's key.
    fn kind(&mut self) -> Result<String, String> {
        if self.0.trim_start().starts_with('[') {
            return Err("its elements are records".into());
        }
        Ok(self.quoted()?.to_owned())
    }

    fn truth(&mut self) -> Result<bool, String> {
        if self.skips("True") {
            return Ok(true);
        }
        self.expect("False").map(|()| false)
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut shape = vec![];
        self.expect("(")?;
        while !self.skips(")") {
            let text = self.0.trim_start();
            let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = text.split_at(digits);
            shape.push(number.parse().map_err(|_| format!("the shape has `{}`, which is no size", short(text)))?);
            self.0 = rest;
            self.skips("L"); // of Python 2
            if !self.skips(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_numpy_writes_are_read() {
        let read = |text: &str| parse(text.as_bytes()).unwrap();
        let header = |kind: &str, column_order, shape: &[usize]| Header {
            kind: kind.into(),
            column_order,
            shape: shape.to_vec(),
        };
        let plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }          \n";
        assert_eq!(read(plain), header("<f4", false, &[3, 2]));
        let one = "{'descr': '>f8', 'fortran_order': True, 'shape': (7,), }\n";
        assert_eq!(read(one), header(">f8", true, &[7]));
        assert_eq!(read("{'shape':(), \"descr\":'|u1','fortran_order':False}"), header("|u1", false, &[]));
        assert_eq!(read("{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L), }"), read(plain));
    }

    #[test]
    fn what_is_no_header_is_named() {
        let reason = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(reason(""), "the header has `` where `{` belongs");
        assert_eq!(reason("{'descr': '<f4'}"), "the header lacks `descr`, `fortran_order` or `shape`");
        assert_eq!(reason("{'descr': [('a', '<f4')], 'shape': (1,)}"), "its elements are records");
        assert_eq!(reason("{'shape': (-1,)}"), "the shape has `-1,)}`, which is no size");
        assert_eq!(reason("{'shape': (1,), 'shape': (1,)}"), "the header has `shape` twice");
        assert_eq!(reason("{'other': 1}"), "the header has a key `other`");
        assert_eq!(reason("{'descr': 'f4"), "the header has a quote without an end");
        let whole = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}";
        assert_eq!(reason(&format!("{whole} + 1")), "the header goes on with `+ 1`");
        assert!(reason("{'shape': (99999999999999999999999,)}").contains("which is no size"));
        assert_eq!(parse(b"\xff").unwrap_err(), "the header is no text");
    }

    #[test]
    fn the_extent_of_a_header_is_bounded() {
        assert_eq!(extent(b"\x93NUMPY\x01\x00\x76\x00{'"), Ok((10, 0x76)));
        assert_eq!(extent(b"\x93NUMPY\x02\x00\x76\x00\x00\x00"), Ok((12, 0x76)));
        assert!(extent(b"\x93NUMPY\x03\x00\x00\x00\x00\xff").unwrap_err().contains("at most 10000"));
        assert!(extent(b"\x93NUMPY\x09\x00\x76\x00\x00\x00").unwrap_err().contains("version 9"));
        assert_eq!(extent(b"\x93NUMPY\x01\x00").unwrap_err(), "the header is cut off");
    }
}
