//! Promise: every schedule of the library is known in every place that must know it. CONTRIBUTING names these places.

mod places;

use std::path::Path;

use climd::schedule::AnySchedule;

#[test]
fn no_place_has_forgotten_a_schedule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let names: Vec<String> = places::schedules(&root).into_iter().map(|(file, _)| file).collect();
    let mut known = AnySchedule::NAMES.to_vec();
    known.sort_unstable();
    assert_eq!(names, known); // a schedule's file has its name
    let missing = places::missing(&root);
    assert!(
        missing.is_empty(),
        "a schedule is missing, see \"Add a schedule\" in CONTRIBUTING.md:\n{}",
        missing.join("\n")
    );
}
