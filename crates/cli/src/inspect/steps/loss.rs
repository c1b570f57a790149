let loss = prior_corrected_cross_entropy(&logits, &labels, &epoch.log_prior(num_classes)?, 1.0)?;
