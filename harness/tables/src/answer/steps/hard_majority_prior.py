schedule = climd.HardMajority(warm_up=epochs // 10)
loss_of = prior_corrected_cross_entropy
