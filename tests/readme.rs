//! Promise: the README's diff of a training loop is the difference of two examples, which are run.

/// The example from its first line of the diff to its last.
fn part(example: &str, first: &str, last: &str) -> Vec<String> {
    let lines: Vec<String> = example.lines().map(Into::into).collect();
    let start = lines.iter().position(|line| line == first).unwrap();
    let end = start + lines[start..].iter().position(|line| line == last).unwrap();
    lines[start..=end].to_vec()
}

#[test]
fn the_diff_turns_one_example_into_the_other() {
    let readme = include_str!("../README.md");
    let (_, after) = readme.split_once("A training loop of tch").unwrap();
    let diff = after.split("```diff\n").nth(1).unwrap().split("```").next().unwrap();
    let side = |sign: char| -> Vec<String> {
        diff.lines().filter(|line| line.starts_with([' ', sign])).map(|line| line[1..].to_owned()).collect()
    };
    for (sign, example) in
        [('-', include_str!("../examples/plain_loop.rs")), ('+', include_str!("../examples/wrapped_loop.rs"))]
    {
        let lines = side(sign);
        assert_eq!(part(example, &lines[0], &lines[lines.len() - 1]), lines);
    }
    let changed = diff.lines().filter(|line| line.starts_with('+')).count();
    assert!(changed <= 7, "{changed} lines are not about 6");
}
