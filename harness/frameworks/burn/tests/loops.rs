//! Promise: the loop of the example trains through burn's own loader.

use std::process::Command;

#[test]
fn both_arms_learn() {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--example", "burn_loop", "--", "12"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in ["plain:      macro F1 ", "with CLIMD: macro F1 "] {
        let value = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
        assert!(value.trim_end_matches(" %").parse::<f64>().unwrap() > 50.0, "{text}");
    }
}
