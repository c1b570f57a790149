//! One scan: its blocks are gone through, the code of each coefficient is read and dropped.

use super::bits::{Bits, Huffman, Stop};
use super::{Component, Frame, next_marker};

/// What the head of a scan says.
#[derive(Debug)]
pub(super) struct Scan {
    /// Index of the component, its DC table, its AC table.
    parts: Vec<[usize; 3]>,
    coding: Coding,
}

/// How blocks are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Sequential,
    /// The first coefficient, or one more bit of it.
    First {
        refines: bool,
    },
    /// Coefficients from one to another, or one more bit of them.
    Others {
        from: usize,
        to: usize,
        refines: bool,
    },
}

/// A component on its way through a scan.
struct Lane<'a> {
    component: usize,
    /// Blocks across and down in a unit.
    unit: [usize; 2],
    /// Blocks in a row of the component.
    stride: usize,
    nonzero: Vec<u64>,
    /// DC and AC.
    tables: [Option<&'a Huffman>; 2],
}

impl Scan {
    /// Reads the head; none if it is not that of a scan of these components.
    pub(super) fn new(segment: &[u8], components: &[Component], progressive: bool) -> Option<Scan> {
        let (&count, rest) = segment.split_first()?;
        let count = usize::from(count);
        let part = |part: &[u8]| {
            let component = components.iter().position(|component| component.id == part[0])?;
            Some([component, usize::from(part[1] >> 4), usize::from(part[1] & 15)])
        };
        let parts: Vec<[usize; 3]> = rest.get(..2 * count)?.chunks_exact(2).map(part).collect::<Option<_>>()?;
        let twice = (1..count).any(|at| parts[..at].iter().any(|part| part[0] == parts[at][0]));
        let &[from, to, bits, ..] = rest.get(2 * count..)? else { return None };
        let refines = bits >> 4 != 0;
        let coding = match (usize::from(from), usize::from(to)) {
            _ if !progressive => Coding::Sequential,
            (0, 0) => Coding::First { refines },
            (from @ 1.., to @ ..64) if from <= to && count == 1 => Coding::Others { from, to, refines },
            _ => return None,
        };
        (count > 0 && !twice).then_some(Scan { parts, coding })
    }

    /// Goes through the data from `at` on; returns where they end.
    pub(super) fn read(&self, frame: &mut Frame, bytes: &[u8], at: usize) -> Result<usize, Stop> {
        let Frame { width, height, restart, .. } = *frame;
        let [across, down] = frame.most();
        let units = [width.div_ceil(8 * across), height.div_ceil(8 * down)];
        let (components, tables) = (&mut frame.components, &frame.tables);
        let single = self.parts.len() == 1;
        let mut lanes: Vec<Lane<'_>> = Vec::new();
        for &[component, dc, ac] in &self.parts {
            let [h, v] = components[component].sampling;
            let mut nonzero = std::mem::take(&mut components[component].nonzero);
            if self.coding != Coding::Sequential {
                nonzero.resize(units[0] * h * units[1] * v, 0);
            }
            let table = |class: usize, number: usize| tables[class].get(number).and_then(Option::as_ref);
            let tables = [table(0, dc), table(1, ac)];
            lanes.push(Lane {
                component,
                unit: if single { [1, 1] } else { [h, v] },
                stride: units[0] * h,
                nonzero,
                tables,
            });
        }
        // a scan of one component has its own blocks for units, without those that only fill up a row
        let [h, v] = components[lanes[0].component].sampling;
        let units = if single { [(width * h).div_ceil(8 * across), (height * v).div_ceil(8 * down)] } else { units };
        let end = self.units(&mut lanes, units, restart, bytes, at)?;
        for Lane { component, nonzero, .. } in lanes {
            components[component].nonzero = nonzero;
            components[component].seen |= !matches!(self.coding, Coding::Others { .. });
        }
        Ok(end)
    }

    fn units(
        &self,
        lanes: &mut [Lane<'_>],
        units: [usize; 2],
        restart: usize,
        bytes: &[u8],
        at: usize,
    ) -> Result<usize, Stop> {
        let (of, mut bits, mut run) = (units[0] * units[1], Bits::new(bytes, at), 0);
        for done in 0..of {
            if restart > 0 && done > 0 && done % restart == 0 {
                let expected = 0xd0 + ((done / restart - 1) % 8) as u8;
                match next_marker(bytes, bits.position()) {
                    Some((kind, after)) if kind == expected => bits = Bits::new(bytes, after),
                    _ => return Err(Stop::Short { done, of }),
                }
                run = 0;
            }
            let [x, y] = [done % units[0], done / units[0]];
            for lane in &mut *lanes {
                let [h, v] = lane.unit;
                for block in 0..h * v {
                    let index = (y * v + block / h) * lane.stride + x * h + block % h;
                    let read = match self.coding {
                        Coding::Sequential => sequential(&mut bits, lane.tables),
                        Coding::First { refines: true } => bits.take(1).map(drop),
                        Coding::First { refines: false } => first(&mut bits, lane.tables[0]),
                        Coding::Others { from, to, refines } => {
                            let nonzero = lane.nonzero.get_mut(index).ok_or(Stop::Damaged)?;
                            let others = if refines { refine } else { begin };
                            others(&mut bits, lane.tables[1], [from, to], nonzero, &mut run)
                        }
                    };
                    read.map_err(|stop| if let Stop::Short { .. } = stop { Stop::Short { done, of } } else { stop })?;
                }
            }
        }
        Ok(bits.position())
    }
}

/// The first coefficient: how many bits its difference has, and these.
fn first(bits: &mut Bits<'_>, table: Option<&Huffman>) -> Result<(), Stop> {
    let size = bits.symbol(table.ok_or(Stop::Damaged)?)?;
    if size > 16 {
        return Err(Stop::Damaged);
    }
    bits.take(u32::from(size)).map(drop)
}

fn sequential(bits: &mut Bits<'_>, [dc, ac]: [Option<&Huffman>; 2]) -> Result<(), Stop> {
    first(bits, dc)?;
    let ac = ac.ok_or(Stop::Damaged)?;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        match (usize::from(symbol >> 4), u32::from(symbol & 15)) {
            (15, 0) => at += 16,
            (_, 0) => break,
            (zeros, size) => {
                bits.take(size)?;
                at += zeros + 1;
            }
        }
    }
    if at > 64 { Err(Stop::Damaged) } else { Ok(()) }
}

/// Coefficients of a band for the first time; `run` blocks to come have none.
fn begin(
    bits: &mut Bits<'_>,
    table: Option<&Huffman>,
    [from, to]: [usize; 2],
    nonzero: &mut u64,
    run: &mut u32,
) -> Result<(), Stop> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let table = table.ok_or(Stop::Damaged)?;
    let mut at = from;
    while at <= to {
        let symbol = bits.symbol(table)?;
        match (usize::from(symbol >> 4), u32::from(symbol & 15)) {
            (15, 0) => at += 16,
            (size, 0) => {
                *run = (1 << size) - 1 + bits.take(size as u32)?;
                break;
            }
            (zeros, size) => {
                bits.take(size)?;
                at += zeros;
                *nonzero |= 1u64.checked_shl(at as u32).ok_or(Stop::Damaged)?;
                at += 1;
            }
        }
    }
    Ok(())
}

/// One more bit of each coefficient of a band that is not zero, and new ones between them.
fn refine(
    bits: &mut Bits<'_>,
    table: Option<&Huffman>,
    [from, to]: [usize; 2],
    nonzero: &mut u64,
    run: &mut u32,
) -> Result<(), Stop> {
    let table = table.ok_or(Stop::Damaged)?;
    let mut at = from;
    while *run == 0 && at <= to {
        let symbol = bits.symbol(table)?;
        let (mut zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.take(zeros as u32)?;
            break;
        }
        if size > 0 {
            bits.take(1)?; // the sign of the new one
        }
        while at <= to {
            if *nonzero >> at & 1 == 1 {
                bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if size > 0 && at <= to {
            *nonzero |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        let rest = at..=to;
        bits.skip(rest.filter(|at| *nonzero >> at & 1 == 1).count())?;
        *run -= 1;
    }
    Ok(())
}
