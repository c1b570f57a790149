//! Small panels of tiles, side by side and below each other: which of some kinds each tile is of, and how sure that is.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{
    self, GAP, INK, LABEL_SIZE, Picture, SCALE, TICK_SIZE, TITLE_SIZE, fitting, font, text_width, undrawn, units,
};
use super::colours::{GREY, palette};
use super::error::{Result, not_empty, same_length, value};

const TILE: (u32, u32) = (40, 30);
/// Between panels.
const APART: u32 = 18;
const LINE: u32 = 24;
const HEADER: u32 = 30;

/// What a tile can be of. The mark is on the tile, for those who do not see its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// One or two letters.
    pub mark: String,
    /// Name in the legend.
    pub name: String,
}

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    /// Of the kind with this number: in full colour and with a star if that is sure, else pale.
    Of(usize, bool),
    /// There can be none here: a cross.
    Impossible,
    /// Not known: empty.
    Unknown,
}

/// Panels of tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiles {
    /// Shown above.
    pub title: String,
    /// What is seen, for those who do not see it.
    pub description: String,
    /// Names of the panels below each other.
    pub rows: Vec<String>,
    /// Names of the panels side by side.
    pub columns: Vec<String>,
    /// Names of the tiles side by side in each panel, and what they are of.
    pub x: (Vec<String>, String),
    /// Names of the tiles below each other, and what they are of.
    pub y: (Vec<String>, String),
    /// What tiles can be of, eight at most.
    pub kinds: Vec<Kind>,
    /// What tiles mean in the legend: sure, not sure, impossible, unknown. The last two only where there is such a
    /// tile.
    pub legend: [String; 4],
    /// For each panel, row by row, its tiles, row by row.
    pub panels: Vec<Vec<Tile>>,
}

/// Draws panels of tiles. Writes `{stem}.svg` and `{stem}.png`, and makes their folder.
///
/// # Errors
/// [`Error::Empty`](super::Error::Empty), [`Error::Length`](super::Error::Length) or
/// [`Error::Value`](super::Error::Value) naming the argument; [`Error::Write`](super::Error::Write).
pub fn tiles(stem: impl AsRef<Path>, tiles: &Tiles) -> Result {
    let Tiles { rows, columns, x, y, kinds, panels, .. } = tiles;
    let names = [("rows", rows), ("columns", columns), ("x", &x.0), ("y", &y.0)];
    names.iter().try_for_each(|(argument, names)| not_empty(argument, names.len()))?;
    not_empty("kinds", kinds.len())?;
    same_length("panels", panels.len(), rows.len() * columns.len(), "one for each row and column")?;
    for (index, panel) in panels.iter().enumerate() {
        let argument = format!("panels[{index}]");
        same_length(&argument, panel.len(), x.0.len() * y.0.len(), "one tile for each name of `x` and `y`")?;
        let unknown = panel.iter().enumerate().find_map(|(at, tile)| match *tile {
            Tile::Of(kind, _) if kind >= kinds.len() => Some((at, kind)),
            _ => None,
        });
        if let Some((at, kind)) = unknown {
            return Err(value(&argument, at, kind as f64, "the number of one of `kinds`"));
        }
    }
    let beside = widest(&y.0, TICK_SIZE)?;
    let entries: Vec<&str> = entries(tiles).into_iter().map(|(name, _)| name).collect();
    let entry = TILE.0 + 10 + widest(&entries, TICK_SIZE)? + GAP;
    let left = 2 * GAP + widest(rows, LABEL_SIZE)? + LINE + beside + 8;
    canvas::write(&Drawn { tiles, colours: palette(kinds.len()), left, beside, entry }, stem.as_ref())
}

fn widest(names: &[impl AsRef<str>], size: f64) -> Result<u32> {
    let widths = names.iter().map(|name| text_width(name.as_ref(), size)).collect::<Result<Vec<u32>>>()?;
    Ok(widths.into_iter().max().unwrap_or(0))
}

/// What stands before a name in the legend.
#[derive(Clone, Copy)]
enum Swatch {
    Kind(usize),
    /// Of any kind, sure or not.
    Any(bool),
    Tile(Tile),
}

fn entries(tiles: &Tiles) -> Vec<(&str, Swatch)> {
    let kinds = tiles.kinds.iter().enumerate().map(|(at, kind)| (kind.name.as_str(), Swatch::Kind(at)));
    let [sure, unsure, impossible, unknown] = &tiles.legend;
    let is_there = |wanted| tiles.panels.iter().flatten().any(|&tile| tile == wanted);
    let others = [(impossible, Tile::Impossible), (unknown, Tile::Unknown)].into_iter().filter(|of| is_there(of.1));
    let any = [(sure.as_str(), Swatch::Any(true)), (unsure.as_str(), Swatch::Any(false))];
    kinds.chain(any).chain(others.map(|(name, tile)| (name.as_str(), Swatch::Tile(tile)))).collect()
}

/// Tiles with their measures.
struct Drawn<'a> {
    tiles: &'a Tiles,
    colours: Vec<RGBColor>,
    /// Where panels begin.
    left: u32,
    /// Width of the names beside them.
    beside: u32,
    /// Width of an entry of the legend.
    entry: u32,
}

impl Drawn<'_> {
    fn panel(&self) -> (u32, u32) {
        (TILE.0 * self.tiles.x.0.len() as u32, TILE.1 * self.tiles.y.0.len() as u32)
    }

    fn width(&self) -> u32 {
        let panels = self.tiles.columns.len() as u32 * (self.panel().0 + APART);
        self.left + panels.max(self.entry).max(300)
    }

    /// Entries of the legend side by side.
    fn abreast(&self) -> usize {
        (((self.width() - 2 * GAP) / self.entry) as usize).max(1)
    }

    /// Where panels end.
    fn bottom(&self) -> u32 {
        46 + HEADER + self.tiles.rows.len() as u32 * (self.panel().1 + APART)
    }

    /// A tile with its upper left corner there.
    fn tile<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, at: (u32, u32), tile: Tile) -> Result<()> {
        match tile {
            Tile::Of(kind, is_sure) => {
                let (colour, mark) = (self.colours[kind], &self.tiles.kinds[kind].mark);
                match is_sure {
                    true => filled(area, at, colour, &format!("{mark}*")),
                    false => filled(area, at, pale(colour), mark),
                }
            }
            Tile::Impossible => {
                outlined(area, at)?;
                centred(area, at, "×", GREY)
            }
            Tile::Unknown => outlined(area, at),
        }
    }

    fn legend<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, top: u32) -> Result<()> {
        let style = font(TICK_SIZE, INK).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, (name, swatch)) in entries(self.tiles).into_iter().enumerate() {
            let (x, y) = ((index % self.abreast()) as u32, (index / self.abreast()) as u32);
            let (x, y) = (GAP + x * self.entry, top + y * (TILE.1 + 6));
            match swatch {
                Swatch::Kind(kind) => filled(area, (x, y), self.colours[kind], &self.tiles.kinds[kind].mark)?,
                Swatch::Any(true) => filled(area, (x, y), GREY, "*")?,
                Swatch::Any(false) => filled(area, (x, y), pale(GREY), "")?,
                Swatch::Tile(tile) => self.tile(area, (x, y), tile)?,
            }
            area.draw_text(name, &style, units(x + TILE.0 + 10, y + TILE.1 / 2)).map_err(undrawn)?;
        }
        Ok(())
    }
}

impl Picture for Drawn<'_> {
    fn title(&self) -> &str {
        &self.tiles.title
    }

    fn description(&self) -> &str {
        &self.tiles.description
    }

    fn size(&self) -> Result<(u32, u32)> {
        let lines = entries(self.tiles).len().div_ceil(self.abreast()) as u32;
        Ok((self.width(), self.bottom() + 2 * LINE + GAP + lines * (TILE.1 + 6) + GAP))
    }

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Result<()> {
        root.fill(&WHITE).map_err(undrawn)?;
        let Tiles { title, rows, columns, x: (across, x_label), y: (down, y_label), panels, .. } = self.tiles;
        let (wide, high) = self.panel();
        let at = |horizontal, size| font(size, INK).pos(Pos::new(horizontal, VPos::Center));
        let text =
            |text: &str, style: &TextStyle<'_>, (x, y)| root.draw_text(text, style, units(x, y)).map_err(undrawn);
        let size = fitting(title, TITLE_SIZE, self.width() - 2 * GAP)?;
        text(title, &at(HPos::Left, size), (GAP, 23))?;
        let middle = |column: usize| self.left + column as u32 * (wide + APART) + wide / 2;
        for (column, name) in columns.iter().enumerate() {
            let size = fitting(name, LABEL_SIZE, wide + APART / 2)?;
            text(name, &at(HPos::Center, size), (middle(column), 46 + HEADER / 2))?;
            for (tile, name) in across.iter().enumerate() {
                let x = self.left + column as u32 * (wide + APART) + tile as u32 * TILE.0 + TILE.0 / 2;
                text(name, &at(HPos::Center, fitting(name, TICK_SIZE, TILE.0)?), (x, self.bottom() - APART + 12))?;
            }
            let size = fitting(x_label, TICK_SIZE, wide + APART / 2)?;
            text(x_label, &at(HPos::Center, size), (middle(column), self.bottom() - APART + 12 + LINE))?;
        }
        for (row, name) in rows.iter().enumerate() {
            let top = 46 + HEADER + row as u32 * (high + APART);
            text(name, &at(HPos::Left, LABEL_SIZE), (GAP, top + high / 2))?;
            for (tile, name) in down.iter().enumerate() {
                text(name, &at(HPos::Right, TICK_SIZE), (self.left - 8, top + tile as u32 * TILE.1 + TILE.1 / 2))?;
            }
            let size = fitting(y_label, TICK_SIZE, high + APART / 2)?;
            let style = at(HPos::Center, size).transform(FontTransform::Rotate270);
            let beside = self.left - 8 - self.beside - LINE / 2;
            text(y_label, &style, (beside, top + high / 2))?;
            for column in 0..columns.len() {
                let left = self.left + column as u32 * (wide + APART);
                for (index, &tile) in panels[row * columns.len() + column].iter().enumerate() {
                    let (x, y) = ((index % across.len()) as u32, (index / across.len()) as u32);
                    self.tile(root, (left + x * TILE.0, top + y * TILE.1), tile)?;
                }
            }
        }
        self.legend(root, self.bottom() + 2 * LINE)?;
        root.present().map_err(undrawn)
    }
}

fn corners((x, y): (u32, u32)) -> [(i32, i32); 2] {
    [units(x + 1, y + 1), units(x + TILE.0 - 1, y + TILE.1 - 1)]
}

fn filled<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    at: (u32, u32),
    colour: RGBColor,
    text: &str,
) -> Result<()> {
    area.draw(&Rectangle::new(corners(at), colour.filled())).map_err(undrawn)?;
    centred(area, at, text, on(colour))
}

fn outlined<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, at: (u32, u32)) -> Result<()> {
    area.draw(&Rectangle::new(corners(at), pale(GREY).stroke_width(SCALE))).map_err(undrawn)
}

fn centred<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    (x, y): (u32, u32),
    text: &str,
    colour: RGBColor,
) -> Result<()> {
    let style = font(TICK_SIZE, colour).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw_text(text, &style, units(x + TILE.0 / 2, y + TILE.1 / 2)).map_err(undrawn)
}

/// The colour nearer to white.
fn pale(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let channel = |of: u8| (255.0 - 0.28 * (255.0 - f64::from(of))).round() as u8;
    RGBColor(channel(red), channel(green), channel(blue))
}

/// The colour in which a text is best read on this one.
fn on(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let light = |of: u8| (f64::from(of) / 255.0).powf(2.2);
    let luminance = 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
    if luminance < 0.18 { WHITE } else { INK }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Tiles {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let kind = |mark: &str, name: &str| Kind { mark: mark.into(), name: name.into() };
        let panel = vec![Tile::Of(0, true), Tile::Of(1, false), Tile::Impossible, Tile::Unknown];
        Tiles {
            title: "Which is best".into(),
            description: "A map <of> two sets.".into(),
            rows: names(&["one", "two"]),
            columns: names(&["short"]),
            x: (names(&["1", "5"]), "imbalance".into()),
            y: (names(&["0", "40"]), "noise".into()),
            kinds: vec![kind("A", "first"), kind("B", "second")],
            legend: ["sure", "not sure", "too few", "not run"].map(str::to_owned),
            panels: vec![panel.clone(), panel],
        }
    }

    #[test]
    fn every_tile_has_its_mark_and_the_legend_says_what_it_means() {
        let folder = tempfile::tempdir().unwrap();
        let [svg, _] = tiles(folder.path().join("map"), &example()).unwrap();
        let text = std::fs::read_to_string(svg).unwrap();
        let count = |mark: &str| text.split('\n').filter(|line| *line == mark).count();
        // one in each panel; in the legend without a star
        assert_eq!(["A*", "B", "×", "A"].map(count), [2, 3, 3, 1], "{text}");
        let said = ["first", "second", "sure", "not sure", "too few", "not run", "imbalance", "noise", "one", "short"];
        for said in said {
            assert!(count(said) >= 1, "{said}: {text}");
        }
        // what is nowhere is not in the legend
        let whole = Tiles { panels: vec![vec![Tile::Of(0, true); 4]; 2], ..example() };
        let [svg, _] = tiles(folder.path().join("whole"), &whole).unwrap();
        let whole = std::fs::read_to_string(svg).unwrap();
        assert!(whole.contains("not sure") && !whole.contains("too few") && !whole.contains("not run"), "{whole}");
        assert!(
            text.contains("<title>Which is best</title>") && text.contains("<desc>A map &lt;of&gt; two sets.</desc>")
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |change: &dyn Fn(&mut Tiles)| {
            let mut changed = example();
            change(&mut changed);
            tiles(folder.path().join("map"), &changed).unwrap_err().to_string()
        };
        assert!(refused(&|of| of.kinds.clear()).contains("`kinds` is empty"));
        assert!(refused(&|of| of.rows.clear()).contains("`rows` is empty"));
        assert!(refused(&|of| of.panels.truncate(1)).contains("`panels` has length 1, but must have length 2"));
        assert!(refused(&|of| of.panels[1].truncate(3)).contains("`panels[1]` has length 3, but must have length 4"));
        let error = refused(&|of| of.panels[0][3] = Tile::Of(2, true));
        assert!(error.contains("`panels[0][3]` is 2, but must be the number of one of `kinds`"), "{error}");
    }

    #[test]
    fn text_is_read_on_every_colour() {
        assert_eq!((on(RGBColor(0, 0, 0)), on(WHITE)), (WHITE, INK));
        for colour in palette(8) {
            assert_eq!(on(pale(colour)), INK);
        }
    }
}
