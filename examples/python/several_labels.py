"""Several findings a patient: a sample counts as its rarest finding, an epoch has at most one sample of a patient for each
finding, and the loss knows how common each finding is in the epoch."""

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
data = TensorDataset(x[train], torch.from_numpy(findings[train]).float())
targets = climd.Targets.multi_hot(findings[train]).groups(patients[train], cap=1)

model = torch.nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
sampler = CurriculumSampler(targets, climd.PowerLaw(epochs=6, pick="redraw"), seed=7)
loader = DataLoader(data, 32, sampler=sampler)

for epoch in range(9):
    sampler.set_epoch(epoch)
    odds = sampler.log_odds()
    for inputs, labels in loader:
        loss = prior_corrected_binary_cross_entropy(model(inputs), labels, odds)  # predict with the plain logits
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch in (0, 5):
        shares = {label: f"{line['prevalence']:.0%} of {line['natural']:.0%}" for label, line in sampler.report()["labels"].items()}
        print(f"epoch {epoch}: {len(sampler)} samples, findings {shares}")
