schedule = climd.Uniform()
loss_of = prior_corrected_cross_entropy
