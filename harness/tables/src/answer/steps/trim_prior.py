schedule = climd.Trim(drop=0.1, ramp=epochs // 5)
loss_of = prior_corrected_cross_entropy
