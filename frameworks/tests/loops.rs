//! Promise: the loops of the examples train, without libtorch.

use std::process::Command;

#[test]
fn both_arms_of_every_loop_learn() {
    for example in ["candle_loop"] {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "-p", "climd-frameworks", "--example", example, "--", "12"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        for line in ["plain:      macro F1 ", "with CLIMD: macro F1 "] {
            let value = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
            assert!(value.trim_end_matches(" %").parse::<f64>().unwrap() > 50.0, "{text}");
        }
    }
}
