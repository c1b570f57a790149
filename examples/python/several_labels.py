"""Several findings a patient: a sample counts as its rarest finding, and the loss knows how common each is in the epoch."""

import climd
import numpy as np
import torch
from climd.torch import CurriculumSampler, prior_corrected_binary_cross_entropy
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
findings = (rng.random((600, 3)) < [0.5, 0.15, 0.04]).astype(np.int8)  # 1 has it, 0 has not, -1 would be unknown
patients = rng.integers(0, 400, 600)
x = torch.randn(600, 8) + 1.5 * torch.nn.functional.pad(torch.from_numpy(findings).float(), (0, 5))

part = climd.split(findings, [4, 1], groups=patients, seed=1)  # training and test, no patient in both
train = np.flatnonzero(part == 0)
table = findings[train]
data = TensorDataset(x[train], torch.from_numpy(table).float())

model = torch.nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
sampler = CurriculumSampler(climd.encode(climd.own_labels(table)).labels, climd.PowerLaw(epochs=6, pick="redraw"), seed=7)
loader = DataLoader(data, 32, sampler=sampler)

for epoch in range(9):
    sampler.set_epoch(epoch)
    odds = torch.from_numpy(climd.log_odds(table[sampler.epoch_list().indices]))
    for inputs, targets in loader:
        loss = prior_corrected_binary_cross_entropy(model(inputs), targets, odds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch in (0, 5):
        print(f"epoch {epoch}: {len(sampler)} samples, log odds {np.round(odds.numpy(), 1).tolist()}")
