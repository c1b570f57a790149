"""The same as multimodal.py, with scores from the training steps: all samples are measured in every fifth epoch only, and the
steps between renew the scores of what they train on. What that takes is marked: three lines."""

import climd
import torch
import torch.nn as nn
import torch.nn.functional as F
from climd.torch import CurriculumBatchSampler, CurriculumSampler, Measurer
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
y = torch.repeat_interleave(torch.arange(3), torch.tensor([200, 60, 20]))
image = torch.randn(len(y), 24) + 1.5 * F.one_hot(y, 24)
text = torch.randn(len(y), 12) + F.one_hot(y, 12)
data = TensorDataset(torch.arange(len(y)), image, text, y)  # <- with the position of each sample


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = nn.ModuleList(nn.Sequential(nn.Linear(width, 16), nn.ReLU()) for width in (24, 12))
        self.heads = nn.ModuleList(nn.Linear(16, 3) for _ in range(2))

    def forward(self, image, text):
        embeddings = [encode(x) for encode, x in zip(self.encoders, (image, text))]
        return [head(e) for head, e in zip(self.heads, embeddings)], embeddings


network = Network()
optimizer = torch.optim.Adam(network.parameters(), 3e-3)
measurer = Measurer(y)
sampler = CurriculumSampler(  # <-
    y, climd.PowerLaw(epochs=8), seed=7, measure_every=5, running_mean=0.5, measurer=measurer
)
loader = DataLoader(data, batch_sampler=CurriculumBatchSampler(sampler, 16, merge_lone=True))
every_sample = DataLoader(data, 128)

for epoch in range(12):
    sampler.set_epoch(epoch)
    if sampler.wants_scores:  # in epochs 1 and 6
        sampler.update(measurer.run(network, every_sample, lambda network, batch: network(*batch[1:3])))
    for indices, image_batch, text_batch, labels in loader:
        logits, embeddings = network(image_batch, text_batch)
        sampler.observe(indices, logits, embeddings)  # <-
        loss = sum(F.cross_entropy(x, labels) for x in logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch == 4:
        ages = sampler.report()["ages"]
        print(f"epoch {epoch}: {ages['waiting']} samples have a new score for the next, the oldest is of epoch {ages['oldest']}")
print(f"last loss {loss.item():.2f}")
