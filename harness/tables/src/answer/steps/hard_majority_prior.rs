let schedule = HardMajority { warm_up: epochs / 10, ..Default::default() };
let loss_of = |logits: &Tensor, y: &Tensor, prior: &[f32]| prior_corrected_cross_entropy(logits, y, prior, 1.0);
