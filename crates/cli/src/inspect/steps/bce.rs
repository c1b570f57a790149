let loss = prior_corrected_bce(&logits, &labels, &epoch.log_odds()?, None, 1.0)?;
