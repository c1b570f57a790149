//! The one error type of the crate.
//!
//! Every variant says which argument is wrong, where in it, what was found and what to do.

/// The result of every fallible function in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of an argument, a state, a tensor or a rank.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // ------------------------------------------------------------------ labels
    /// An argument is empty.
    #[error("`{argument}` is empty, but at least one is needed")]
    Empty {
        /// The empty argument.
        argument: &'static str,
    },
    /// More samples than 32-bit indices can name.
    #[error("`labels` has {found} samples, but at most {max} can be indexed: split the data set", max = u32::MAX)]
    TooManySamples {
        /// Samples found.
        found: usize,
    },
    /// A label does not fit into an `i64`.
    #[error("`{argument}[{index}]` does not fit into a 64-bit signed integer: renumber the classes")]
    LabelTooLarge {
        /// `labels` or `predictions`.
        argument: &'static str,
        /// Position in `labels`.
        index: usize,
    },
    /// A label is not a column of the logits.
    #[error(
        "`labels[{index}]` is {label}, but the logits have columns 0 to {last}: {remedy}",
        remedy = if *label < 0 {
            "number the classes from 0, or leave out the samples that have no label"
        } else {
            "number the classes from 0, or widen the last layer"
        },
        last = i128::from(*num_classes as u64) - 1
    )]
    LabelOutsideLogits {
        /// Position in `labels`.
        index: usize,
        /// The label found there.
        label: i64,
        /// Width of the logits.
        num_classes: usize,
    },

    /// A label such as -1 beside labels from 0 on, which probably means "no label".
    #[error(
        "`labels[{index}]` is {label}, beside labels from 0 on: {count} samples look as if they had no label; leave \
         them out (`CurriculumLoader::leave_out(&[{label}])`, or keep the others of your lists), or, if it is a class, \
         say so: `Curriculum::from_classes(ClassIndex::new(&labels)?, schedule)`"
    )]
    LooksUnlabelled {
        /// Position of the first one in `labels`.
        index: usize,
        /// The label found there.
        label: i64,
        /// Number of samples with it.
        count: usize,
    },

    // ------------------------------------------------------------------ lengths and values
    /// Two arguments that must have the same length do not.
    #[error("`{argument}` has length {found}, but must have length {expected}: {rule}")]
    Length {
        /// The argument of the wrong length.
        argument: String,
        /// Its length.
        found: usize,
        /// The length that was needed.
        expected: usize,
        /// The reason for the needed length.
        rule: &'static str,
    },
    /// The modalities' embeddings have different widths, so they have no cosine.
    #[error(
        "`embeddings[{modality}]` has width {found}, but `embeddings[0]` has width {expected}: project the embeddings \
         to one width first, by layers that are trained (untrained, their cosines are chance), or measure with \
         `Terms::Confidence`"
    )]
    EmbeddingWidth {
        /// Position of the modality.
        modality: usize,
        /// Width of its embeddings.
        found: usize,
        /// Width of the first modality's embeddings.
        expected: usize,
    },
    /// Embeddings are missing, but the terms compare them.
    #[error(
        "`embeddings` is empty, but `Terms::{terms}` compares modalities by them: give one for each modality, or, \
         for a network of one input and one head, measure with `Terms::Confidence`"
    )]
    NoEmbeddings {
        /// The terms that need them.
        terms: &'static str,
    },
    /// The logits have one column, as for binary cross-entropy, but each class needs a column.
    #[error(
        "`{argument}` has shape {found:?}, one logit a sample, but must have a column for each class: of a network \
         with one output `z` (binary cross-entropy), give the two columns `[0, z]`"
    )]
    OneLogit {
        /// The logits.
        argument: String,
        /// Their shape.
        found: Vec<i64>,
    },
    /// A logit or an embedding is NaN or infinite.
    #[error(
        "`{argument}[{modality}]` is NaN or infinite at sample {sample}: \
         look at the network's output for it, or mark the modality as missing there"
    )]
    NotFinite {
        /// `logits` or `embeddings`.
        argument: &'static str,
        /// Position of the modality.
        modality: usize,
        /// The sample, by its index in the data set.
        sample: usize,
    },
    /// A score is NaN or infinite.
    #[error("`scores[{index}]` is {value}, but scores must be finite: look at the logits of that sample")]
    ScoreNotFinite {
        /// Position in `scores`.
        index: usize,
        /// The score found there.
        value: f32,
    },
    /// A sample has no modality.
    #[error("`present` has no modality for sample {sample}: drop the sample, or give it at least one")]
    NoModality {
        /// The sample, by its index in the data set.
        sample: usize,
    },

    // ------------------------------------------------------------------ several labels, sites, groups
    /// Compressed rows do not ascend, or do not end with their labels.
    #[error("`{argument}[{index}]` is {found} for {entries} labels: {rule}")]
    RowStarts {
        /// The argument.
        argument: &'static str,
        /// Position in it.
        index: usize,
        /// The start found there.
        found: usize,
        /// Labels of all rows.
        entries: usize,
        /// What is allowed.
        rule: &'static str,
    },
    /// A label is not below the number of columns.
    #[error(
        "`{argument}[{entry}]` is {label}, of sample {sample}, but there are columns 0 to {last}: \
         number the labels from 0, or raise `num_labels`",
        last = num_labels - 1
    )]
    LabelPastColumns {
        /// The argument.
        argument: &'static str,
        /// Position in it.
        entry: usize,
        /// The sample whose label it is.
        sample: usize,
        /// The label found there.
        label: u32,
        /// Number of columns.
        num_labels: usize,
    },
    /// An entry of a table of labels is not 1, 0 or -1.
    #[error(
        "sample {sample} has {found} for label {label}, but an entry is 1 (has it), 0 (has it not) or -1 (unknown): \
         recode it"
    )]
    MultiHot {
        /// The sample.
        sample: usize,
        /// The label.
        label: usize,
        /// The entry found there.
        found: i64,
    },
    /// A label of a sample is both present and unknown.
    #[error("sample {sample} has label {label} and has it unknown: leave it out of one of the two")]
    PresentAndUnknown {
        /// The sample.
        sample: usize,
        /// The label.
        label: u32,
    },
    /// A site or a group does not fit into an `i64`.
    #[error("`{argument}[{index}]` does not fit into a 64-bit signed integer: number them anew")]
    ValueTooLarge {
        /// `sites` or `groups`.
        argument: &'static str,
        /// Position in it.
        index: usize,
    },
    /// A method for several labels was called on targets with one label for each sample.
    #[error(
        "`{what}` needs targets of several labels, but each sample has one: build them with `Targets::multi_label`"
    )]
    OneLabel {
        /// What was asked.
        what: &'static str,
    },
    /// One class prior was asked of an epoch whose samples can have several labels.
    #[error(
        "`log_prior` is of one label a sample, but samples can have several here: use `log_odds` and a sigmoid loss"
    )]
    SeveralLabels,
    /// A schedule that ignores classes, under a cap by class and group.
    #[error(
        "the schedule asks for a window of the ranking in epoch {epoch}, but groups are capped by class: \
         leave out `groups`, or take a schedule by class"
    )]
    WindowWithCap {
        /// Epoch that was asked about, from 0.
        epoch: usize,
    },
    /// A part of a split has weight 0.
    #[error("`parts[{index}]` is 0, but a part has a weight of at least 1: leave it out")]
    PartWeight {
        /// Position in `parts`.
        index: usize,
    },
    /// A sample is in a part that does not exist.
    #[error("`of[{index}]` is {part}, but there are {parts} parts: give the parts that the split was made with")]
    PartOutOfRange {
        /// Position in `of`.
        index: usize,
        /// The part found there.
        part: usize,
        /// Number of parts.
        parts: usize,
    },
    /// A continuous target has no bin.
    #[error("`values[{index}]` is {value}, which has no bin: drop the sample, or choose wider bins")]
    ValueNotFinite {
        /// Position in `values`.
        index: usize,
        /// The value found there.
        value: f64,
    },
    /// A weight of a random draw is out of range.
    #[error(
        "`weights[{index}]` is {found}, but must be from 1e-30 to 1e30: leave the sample out, or scale the weights"
    )]
    Weight {
        /// Position in `weights`.
        index: usize,
        /// The weight found there.
        found: f64,
    },

    // ------------------------------------------------------------------ configuration
    /// The length of the curriculum is 0.
    #[error("`epochs` is 0, but a curriculum has at least 1 epoch")]
    NoEpochs,
    /// A number of a configuration is out of its range, or NaN.
    #[error("`{argument}` is {found}, but must be {range}")]
    OutOfRange {
        /// The field.
        argument: &'static str,
        /// What was found in it.
        found: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A schedule does not support this pick.
    #[error("`pick` is {found}, which {schedule} cannot do: choose Highest, Lowest, FixedRandom or Redraw")]
    Pick {
        /// Name of the schedule.
        schedule: &'static str,
        /// The pick that it was given.
        found: String,
    },
    /// A schedule asks for samples that the data set does not have.
    #[error("the schedule's plan of epoch {epoch} is impossible: {reason}; mend its `plan`")]
    Quota {
        /// Epoch of the quota, from 0.
        epoch: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Quotas were asked of a schedule that ignores classes.
    #[error("the schedule ignores classes in epoch {epoch}, so it has no quotas: count `epoch({epoch})?.indices()`")]
    ClassBlind {
        /// The epoch, from 0.
        epoch: usize,
    },

    // ------------------------------------------------------------------ epochs, shards, batches
    /// The batch size is 0.
    #[error("`batch_size` is 0, but a batch has at least 1 sample")]
    BatchSize,
    /// A rank is not below the number of processes.
    #[error("`rank` is {rank}, but must be below `world_size`, which is {world_size}")]
    Rank {
        /// Rank found.
        rank: usize,
        /// Number of processes.
        world_size: usize,
    },
    /// A variable of the launcher is missing, or not a number.
    #[error(
        "`{variable}` is {found:?} in the environment, but must be a whole number from 0 on: start all processes with \
         torchrun, mpirun or srun, or pass rank and world size yourself"
    )]
    Launcher {
        /// The variable.
        variable: &'static str,
        /// Its value; empty if it is not set.
        found: String,
    },
    /// `shard` was called on the part of one rank.
    #[error("`shard` was called on what is already one rank's part: shard the whole epoch")]
    ShardedTwice,
    /// More samples are to be skipped than are left.
    #[error("`samples` is {found}, but the epoch has {len} left: does the position belong to this epoch?")]
    Skip {
        /// Samples to skip.
        found: usize,
        /// Samples that are left.
        len: usize,
    },
    /// The samples to skip do not divide by the number of ranks.
    #[error("`samples` is {found}, which does not divide among {world_size} ranks: skip first, then shard")]
    SkipSharded {
        /// Samples to skip.
        found: usize,
        /// Number of processes.
        world_size: usize,
    },
    /// `shard_stratified` was called after `skip`.
    #[error(
        "`shard_stratified` was called on an epoch of which {done} samples are done: call it on the whole epoch, and \
         `skip` on the part, with the same number of ranks; or deal the rest with `shard`, if its begin was dealt so"
    )]
    SkippedStratified {
        /// Samples that are done, over all processes.
        done: usize,
    },
    /// A class is not a column of the logits.
    #[error("`num_logits` is {num_logits}, but label {label} occurs: labels must be 0 to {last} to be columns",
        last = i128::from(*num_logits as u64) - 1)]
    PriorWidth {
        /// The width that was given.
        num_logits: usize,
        /// A label that is not below it.
        label: i64,
    },

    // ------------------------------------------------------------------ many processes
    /// A stretch of samples is not part of the data.
    #[error("`samples` is {start}..{end}, which is no part of 0..{len}, the samples of the loader")]
    Samples {
        /// First sample of the stretch.
        start: usize,
        /// The sample after its last.
        end: usize,
        /// Samples of the data.
        len: usize,
    },
    /// Ranks differ in a value that must be equal.
    #[error(
        "rank {rank} has {what} {found}, but rank 0 has {what} {expected}: give every rank the same labels, settings, \
         schedule and checkpoint, and call the same methods on all"
    )]
    RanksDiffer {
        /// What differs.
        what: &'static str,
        /// The first rank that differs from rank 0.
        rank: usize,
        /// Its value there.
        found: String,
        /// Its value on rank 0.
        expected: String,
    },
    /// A call that all ranks made together failed on another rank.
    #[error("the call failed on rank {rank}, so it failed on all: look at the error of that rank")]
    OtherRank {
        /// The first rank that it failed on.
        rank: usize,
    },
    /// Ranks could not communicate.
    #[error("`{operation}` failed: {reason}; look at what happened to that rank, and start the job again")]
    Communication {
        /// The collective operation.
        operation: &'static str,
        /// What went wrong.
        reason: String,
    },

    // ------------------------------------------------------------------ state
    /// A state was written by another version of its format.
    #[error(
        "`state` has format version {found}, but this release reads version {expected}: use the release that wrote it"
    )]
    StateVersion {
        /// Version of the state.
        found: u32,
        /// Version this release reads.
        expected: u32,
    },
    /// A state belongs to another data set or another configuration.
    #[error("`state` was taken with {what} {found}, but this sampler has {expected}: build the sampler as it was then")]
    StateMismatch {
        /// What differs.
        what: &'static str,
        /// Its value in the state.
        found: String,
        /// Its value in the sampler.
        expected: String,
    },
    /// A state was truncated or altered.
    #[error(
        "`state` is damaged: its checksum is {found:016x}, but its content has {expected:016x}; use an older checkpoint"
    )]
    StateDamaged {
        /// Checksum stored in the state.
        found: u64,
        /// Checksum of its content.
        expected: u64,
    },

    /// An undamaged state that no sampler would write.
    #[error("`state` has {what}, which no sampler writes: use an older checkpoint")]
    StateContent {
        /// What is wrong with it.
        what: String,
    },
    /// An epoch needs scores that a restored state did not have.
    #[error(
        "epoch {epoch} needs the scores that were measured in epoch {measured_at}, but the restored state has none, as \
         no epoch after its position was to need them: restore an earlier state, or measure again and call `update`"
    )]
    ScoresDropped {
        /// The epoch that was asked for.
        epoch: usize,
        /// The epoch at whose beginning the scores were measured.
        measured_at: usize,
    },
    /// A state file cannot be read or written.
    #[error("`path`: `{path}` cannot be {done}: {reason}")]
    StateFile {
        /// The file.
        path: String,
        /// `read` or `written`.
        done: &'static str,
        /// What kind of failure it is, for a program that can go on without the file.
        kind: std::io::ErrorKind,
        /// The error of the operating system.
        reason: String,
    },
    /// A file holds no state, or only the beginning of one.
    #[error(
        "`path`: `{path}` holds no whole state ({reason}): was it written by `State::save`? Use an older checkpoint"
    )]
    StateFormat {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },

    // ------------------------------------------------------------------ tensors
    /// A tensor has the wrong shape.
    #[error("`{argument}` has shape {found:?}, but must be {expected}")]
    Shape {
        /// The tensor.
        argument: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape that was needed, and why.
        expected: String,
    },
    /// A tensor has the wrong kind of elements.
    #[error("`{argument}` is of kind {found}, but must be {expected}")]
    Kind {
        /// The tensor.
        argument: String,
        /// Kind of its elements.
        found: String,
        /// The kinds that are allowed.
        expected: &'static str,
    },
    /// Tensors that must be on the same device are not.
    #[error("`{argument}` is on {found}, but the others are on {expected}: move it with `to_device`")]
    Device {
        /// The tensor.
        argument: String,
        /// Its device.
        found: String,
        /// The device of the others.
        expected: String,
    },
    /// A CUDA device does not exist.
    #[error(
        "`device` is Cuda({index}), but libtorch sees {devices} CUDA devices: use the CPU, or a CUDA build of libtorch"
    )]
    NoCuda {
        /// Index of the device.
        index: usize,
        /// Number of devices that libtorch sees.
        devices: usize,
    },
    /// A device other than CUDA that is not there.
    #[error("`device` is {device}, which libtorch does not have here: use the CPU, or a build of libtorch that has it")]
    NoDevice {
        /// The device.
        device: String,
    },
    /// A tensor that is not laid out in memory row by row: sparse, or MKL-DNN's.
    #[error("`{argument}` is {found}, but must be dense: {remedy}")]
    NotDense {
        /// The tensor.
        argument: String,
        /// How it is laid out.
        found: &'static str,
        /// The method that makes it dense.
        remedy: &'static str,
    },
    /// A tensor is undefined: it has no shape and no values.
    #[error("`{argument}` is an undefined tensor: was it ever assigned?")]
    Undefined {
        /// The tensor.
        argument: String,
    },
    /// An index is not below the number of samples.
    #[error("`indices` has {index}, but the data set has {num_samples} samples: call `reset` and observe again")]
    IndexOutOfRange {
        /// The index found.
        index: i64,
        /// Samples in the data set.
        num_samples: usize,
    },
    /// An index comes twice in one call.
    #[error(
        "`indices` has sample {index} twice in one call, so its score is not defined: call `reset` and observe again"
    )]
    IndexTwice {
        /// The sample.
        index: usize,
    },
    /// Some samples were never measured.
    #[error(
        "{missing} of {num_samples} samples were never observed, sample {first} the first: observe them, then finish"
    )]
    NotObserved {
        /// How many are missing.
        missing: usize,
        /// Samples in the data set.
        num_samples: usize,
        /// The first that is missing.
        first: usize,
    },
    /// Another framework refused an operation.
    #[error("{name}: {message}")]
    Framework {
        /// The framework.
        name: &'static str,
        /// Its message.
        message: String,
    },
    /// libtorch failed in an operation, most often for lack of memory.
    #[error("libtorch: {message}")]
    Torch {
        /// The message of libtorch, without its stack.
        message: String,
    },
}

/// The name and the message, so that `fn main() -> climd::Result<()>` shows what is wrong and what to do.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {self}", self.name())
    }
}

impl Error {
    /// The name of the variant: stable, for logs and for other languages.
    pub fn name(&self) -> &'static str {
        match self {
            Error::Empty { .. } => "Empty",
            Error::TooManySamples { .. } => "TooManySamples",
            Error::LabelTooLarge { .. } => "LabelTooLarge",
            Error::LabelOutsideLogits { .. } => "LabelOutsideLogits",
            Error::LooksUnlabelled { .. } => "LooksUnlabelled",
            Error::Length { .. } => "Length",
            Error::EmbeddingWidth { .. } => "EmbeddingWidth",
            Error::NoEmbeddings { .. } => "NoEmbeddings",
            Error::OneLogit { .. } => "OneLogit",
            Error::NotFinite { .. } => "NotFinite",
            Error::ScoreNotFinite { .. } => "ScoreNotFinite",
            Error::NoModality { .. } => "NoModality",
            Error::RowStarts { .. } => "RowStarts",
            Error::LabelPastColumns { .. } => "LabelPastColumns",
            Error::MultiHot { .. } => "MultiHot",
            Error::PresentAndUnknown { .. } => "PresentAndUnknown",
            Error::ValueTooLarge { .. } => "ValueTooLarge",
            Error::OneLabel { .. } => "OneLabel",
            Error::SeveralLabels => "SeveralLabels",
            Error::WindowWithCap { .. } => "WindowWithCap",
            Error::PartWeight { .. } => "PartWeight",
            Error::PartOutOfRange { .. } => "PartOutOfRange",
            Error::ValueNotFinite { .. } => "ValueNotFinite",
            Error::Weight { .. } => "Weight",
            Error::NoEpochs => "NoEpochs",
            Error::OutOfRange { .. } => "OutOfRange",
            Error::Pick { .. } => "Pick",
            Error::Quota { .. } => "Quota",
            Error::ClassBlind { .. } => "ClassBlind",
            Error::BatchSize => "BatchSize",
            Error::Rank { .. } => "Rank",
            Error::Launcher { .. } => "Launcher",
            Error::ShardedTwice => "ShardedTwice",
            Error::Skip { .. } => "Skip",
            Error::SkipSharded { .. } => "SkipSharded",
            Error::SkippedStratified { .. } => "SkippedStratified",
            Error::PriorWidth { .. } => "PriorWidth",
            Error::Samples { .. } => "Samples",
            Error::RanksDiffer { .. } => "RanksDiffer",
            Error::OtherRank { .. } => "OtherRank",
            Error::Communication { .. } => "Communication",
            Error::StateVersion { .. } => "StateVersion",
            Error::StateMismatch { .. } => "StateMismatch",
            Error::StateDamaged { .. } => "StateDamaged",
            Error::StateContent { .. } => "StateContent",
            Error::ScoresDropped { .. } => "ScoresDropped",
            Error::StateFile { .. } => "StateFile",
            Error::StateFormat { .. } => "StateFormat",
            Error::Shape { .. } => "Shape",
            Error::Kind { .. } => "Kind",
            Error::Device { .. } => "Device",
            Error::NoCuda { .. } => "NoCuda",
            Error::NoDevice { .. } => "NoDevice",
            Error::NotDense { .. } => "NotDense",
            Error::Undefined { .. } => "Undefined",
            Error::IndexOutOfRange { .. } => "IndexOutOfRange",
            Error::IndexTwice { .. } => "IndexTwice",
            Error::NotObserved { .. } => "NotObserved",
            Error::Framework { .. } => "Framework",
            Error::Torch { .. } => "Torch",
        }
    }
}

#[cfg(feature = "tch")]
impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        let text = error.to_string();
        // libtorch appends its C++ stack, which says nothing to a Rust user.
        let message = text.split("\nException raised from").next().unwrap_or(&text).trim().to_owned();
        Error::Torch { message }
    }
}
