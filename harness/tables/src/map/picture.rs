//! The map as a picture that is taken in at a glance.

use std::path::Path;

use super::best::{Place, mark};
use super::grid::{BUDGETS, Cell, NOISES, RATIOS};
use super::line::Line;
use crate::plot::{self, Kind, Tile, Tiles};

/// Methods in the order in which other pictures have them, so that they have the same colours.
const KINDS: [&str; 6] = ["plain", "climd", "trim-prior", "prior", "climd-half-prior", "hard-majority-prior"];

/// Draws the map into `{stem}.svg` and `{stem}.png`.
///
/// # Errors
/// Those of [`plot::tiles`]; without any line there is nothing to draw.
pub fn draw(stem: &Path, title: &str, lines: &[Line]) -> plot::Result {
    plot::tiles(stem, &tiles(title, lines))
}

fn tiles(title: &str, lines: &[Line]) -> Tiles {
    let mut kinds: Vec<(&str, Kind)> = Vec::new();
    for line in lines {
        if !kinds.iter().any(|(method, _)| *method == line.method) {
            kinds.push((&line.method, Kind { mark: mark(&line.method).to_owned(), name: line.name.clone() }));
        }
    }
    kinds.sort_by_key(|(method, _)| KINDS.iter().position(|kind| kind == method));
    let tile = |place: &Place<'_>| match place.best() {
        Some(best) => {
            let kind = kinds.iter().position(|(method, _)| *method == best.line.method);
            kind.map_or(Tile::Unknown, |kind| Tile::Of(kind, best.is_told()))
        }
        None => Tile::Impossible,
    };
    let places: Vec<Place<'_>> = Place::all(lines).collect();
    let mut sets: Vec<&str> = places.iter().map(Place::data).collect();
    sets.dedup();
    let mut panels: Vec<Vec<Tile>> = Vec::new();
    for &data in &sets {
        for budget in BUDGETS {
            let of_cell = |cell: Cell| places.iter().find(|place| place.data() == data && place.cell() == cell);
            let cells = NOISES.iter().flat_map(|&noise| RATIOS.map(|ratio| Cell { budget, ratio, noise }));
            panels.push(cells.map(|cell| of_cell(cell).map_or(Tile::Unknown, tile)).collect());
        }
    }
    let count =
        |kind: usize| panels.iter().flatten().filter(|tile| matches!(tile, Tile::Of(of, _) if *of == kind)).count();
    let counts: Vec<String> =
        kinds.iter().enumerate().map(|(at, (_, of))| format!("{} {}", of.name, count(at))).collect();
    Tiles {
        title: title.to_owned(),
        description: format!(
            "The method with the best mean macro F1 in each cell: a row of panels for each of {}, a column for each \
             training budget, imbalance across and wrong labels down. Cells in which a method is best: {}.",
            sets.join(", "),
            counts.join(", ")
        ),
        rows: sets.iter().map(|&set| set.to_owned()).collect(),
        columns: BUDGETS.map(|budget| format!("{budget} % of the steps")).into(),
        x: (RATIOS.map(|ratio| ratio.to_string()).into(), "imbalance, to 1".to_owned()),
        y: (NOISES.map(|noise| noise.to_string()).into(), "wrong labels, %".to_owned()),
        kinds: kinds.into_iter().map(|(_, kind)| kind).collect(),
        legend: ["full colour, *: told", "pale: not told", "too few patients", "not run"].map(str::to_owned),
        panels,
    }
}

#[cfg(test)]
mod tests {
    use super::super::best::tests::{CELL, place};
    use super::*;

    #[test]
    fn the_best_is_where_its_cell_is_and_too_few_patients_are_a_cross() {
        let mut lines = place("one", [60.0, 70.0, 60.0]);
        lines.extend(place("two", [60.0, 60.5, 60.0]));
        let few = Cell { ratio: 100, ..CELL };
        lines.extend(["plain", "prior"].map(|method| Line::empty("two", few, method, method)));
        let tiles = tiles("title", &lines);
        assert_eq!((tiles.rows.as_slice(), tiles.panels.len()), (["one".to_owned(), "two".to_owned()].as_slice(), 8));
        let names: Vec<&str> = tiles.kinds.iter().map(|kind| kind.mark.as_str()).collect();
        assert_eq!(names, ["0", "C", "P"]); // the order of other pictures
        let known = |panel: usize| -> Vec<(usize, Tile)> {
            tiles.panels[panel].iter().copied().enumerate().filter(|(_, tile)| *tile != Tile::Unknown).collect()
        };
        // 40 % of wrong labels is the last line of a panel, 50:1 its fourth column
        assert_eq!(known(0), [(18, Tile::Of(2, true))]);
        assert_eq!(known(4), [(18, Tile::Of(2, false)), (19, Tile::Impossible)]);
        assert!((1..4).chain(5..8).all(|panel| known(panel).is_empty()));
        assert!(tiles.description.contains("name of prior 2"), "{}", tiles.description);
    }
}
