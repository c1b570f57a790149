"""A plain PyTorch loop with a curriculum. What it changes is marked: four lines."""

import climd
import torch
import torch.nn.functional as F
from climd.torch import CurriculumSampler, Measurer, prior_corrected_cross_entropy
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
counts = [300, 100, 50, 20]  # a long tail
y = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
x = torch.randn(len(y), 16) + 1.5 * F.one_hot(y, 16)
data = TensorDataset(x, y)

model = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
optimizer = torch.optim.Adam(model.parameters(), 3e-3)

sampler = CurriculumSampler(y, climd.PowerLaw(epochs=10), seed=7)  # <-
measurer = Measurer(y, terms="confidence")
loader = DataLoader(data, 32, sampler=sampler)  # <- instead of shuffle=True
every_sample = DataLoader(data, 256)

for epoch in range(15):  # 10 epochs of the curriculum, then all samples
    sampler.set_epoch(epoch)  # <-
    if sampler.wants_scores:  # <-
        sampler.update(measurer.run(model, every_sample, lambda model, batch: ([model(batch[0])], [])))
    prior = sampler.log_prior(4)
    for inputs, labels in loader:
        loss = prior_corrected_cross_entropy(model(inputs), labels, prior)  # predict with the plain logits
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch}: {len(sampler)} samples, {sampler.quotas()}, loss {loss.item():.2f}")

model.eval()
recall = [(model(x[y == label]).argmax(1) == label).float().mean().item() for label in range(4)]
print("recall of each class:", [round(r, 2) for r in recall])
