let schedule = Trim { drop: 0.1, ramp: epochs / 5 };
let loss_of = |logits: &Tensor, y: &Tensor, prior: &[f32]| prior_corrected_cross_entropy(logits, y, prior, 1.0);
