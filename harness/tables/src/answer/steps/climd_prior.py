schedule = climd.PowerLaw(epochs=(epochs + 1) // 2)
loss_of = prior_corrected_cross_entropy
