//! Experiments with CLIMD on real data: training arms, run cache, statistics, tables and plots. Not published.

#![deny(missing_docs)]

pub mod answer;
pub mod cache;
pub mod candidates;
pub mod changes;
pub mod chest;
pub mod comparisons;
pub mod curves;
pub mod experiment;
mod least;
pub mod lengths;
pub mod map;
pub mod overview;
pub mod patients;
pub mod plot;
pub mod pooled;
pub mod progress;
pub mod rate;
pub mod record;
pub mod regimes;
pub mod results;
pub mod rules;
pub mod section;
pub mod shift;
pub mod stats;
pub mod study;
pub mod tables;
pub mod targets;

/// The lines of code that `climd inspect` advises are compiled and run.
#[cfg(doctest)]
mod steps {
    macro_rules! steps {
        ($($name:ident: $before:literal, $file:literal;)+) => { $(
            #[doc = concat!("```\n", $before, "\n", include_str!($file), "# Ok::<(), climd::Error>(())\n```")]
            struct $name;
        )+ };
    }

    steps! {
        Plain: "use climd::{Curriculum, schedule::Uniform};\nlet labels = [0, 0, 1];",
            "../../../crates/cli/src/inspect/steps/plain.rs";
        Bce: "use climd::{Curriculum, CurriculumSampler, Targets, prior_corrected_bce, schedule::Uniform};
let epoch = Curriculum::with_targets(Targets::multi_label(&[0, 1, 3], &[0, 0, 1], 2)?, Uniform)?.epoch(0)?;
let labels = tch::Tensor::from_slice2(&[[1i8, 0], [1, 1]]);
let logits = tch::Tensor::zeros([2, 2], tch::kind::FLOAT_CPU);",
            "../../../crates/cli/src/inspect/steps/bce.rs";
        Loss: "use climd::{Curriculum, CurriculumSampler, prior_corrected_cross_entropy, schedule::Uniform};
let epoch = Curriculum::new(&[0, 0, 1], Uniform)?.epoch(0)?;
let (num_classes, labels) = (2, tch::Tensor::from_slice(&[0i64, 1]));
let logits = tch::Tensor::zeros([2, 2], tch::kind::FLOAT_CPU);",
            "../../../crates/cli/src/inspect/steps/loss.rs";
    }
}

/// The lines of code that `answer` prints are compiled and run.
#[cfg(doctest)]
mod answered {
    macro_rules! answered {
        ($($name:ident: $file:literal;)+) => { $(
            #[doc = concat!(
                "```\n",
                "use climd::schedule::*;\nuse climd::*;\n",
                "use tch::nn::{self, Module, OptimizerConfig};\nuse tch::Tensor;\n",
                "struct Net(nn::Linear);\nimpl Net {\n",
                "fn forward(&self, x: &[Tensor]) -> Tensor { self.0.forward(&x[0]) }\n",
                "fn views(&self, x: &[Tensor]) -> (Vec<Tensor>, Vec<Tensor>) {\n",
                "let logits = x.iter().map(|x| self.0.forward(x)).collect();\n",
                "(logits, x.iter().map(Tensor::shallow_clone).collect()) }\n}\n",
                "let vs = nn::VarStore::new(tch::Device::Cpu);\n",
                "let net = Net(nn::linear(vs.root(), 4, 2, Default::default()));\n",
                "let mut adam = nn::Adam::default().build(&vs, 1e-3).unwrap();\n",
                "let (epochs, num_classes) = (10usize, 2);\n",
                "let modality = || Tensor::rand([20, 4], tch::kind::FLOAT_CPU);\n",
                "let modalities = vec![modality(), modality()];\n",
                "let labels = Tensor::from_slice(&[[0i64; 15].as_slice(), &[1; 5]].concat());\n",
                include_str!(concat!("answer/steps/", $file, ".rs")),
                include_str!("answer/steps/loop.rs"),
                "assert_eq!(done, 10);\n", // an epoch of plain training is one batch
                "# Ok::<(), climd::Error>(())\n```"
            )]
            struct $name;
        )+ };
    }

    answered! {
        Plain: "plain";
        Prior: "prior";
        Trim: "trim_prior";
        HardMajority: "hard_majority_prior";
        Climd: "climd";
        ClimdPrior: "climd_prior";
    }
}
