let schedule = PowerLaw { epochs, ..Default::default() };
let loss_of = |logits: &Tensor, y: &Tensor, _prior: &[f32]| -> climd::Result<Tensor> {
    Ok(logits.cross_entropy_for_logits(y))
};
