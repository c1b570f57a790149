//! Explains the words of the report, in one line each.

use climd::schedule::AnySchedule;

/// The words that the report of this schedule uses, with what they mean.
pub(super) fn of(schedule: &AnySchedule) -> Vec<(&'static str, &'static str)> {
    let paper = matches!(schedule, AnySchedule::PowerLaw(_));
    WORDS.into_iter().filter(|(word, _)| paper || !["alpha", "gamma"].contains(word)).collect()
}

const WORDS: [(&str, &str); 4] = [
    (
        "Zipf exponent",
        "how steep the tail is: class sizes fall as 1, 1/2^s, 1/3^s, ... with this s; 0 is equal sizes, 1 a long tail",
    ),
    (
        "alpha",
        "the curriculum's exponent: the class of place r gets a share in proportion to r^(-gamma * alpha); alpha is 1 \
         in the first epoch and alpha(T) in the last",
    ),
    (
        "gamma",
        "how unequal the first epoch is: 0 would be equal classes, 0.3 is the paper's (--gamma); it changes the \
         middle of the curriculum, and not its end",
    ),
    (
        "tau",
        "how much of the class prior the loss takes back: 0 is plain cross-entropy, 1 judges classes as if all were \
         equally frequent",
    ),
];
