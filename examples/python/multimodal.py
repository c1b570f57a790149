"""Two modalities, one of them missing in places: scores from each modality's own classifier and embedding."""

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
present = torch.ones(len(y), 2, dtype=torch.bool)
present[::5, 1] = False  # every fifth patient has no text
data = TensorDataset(image, text, present, y)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = nn.ModuleList(nn.Sequential(nn.Linear(width, 16), nn.ReLU()) for width in (24, 12))
        self.heads = nn.ModuleList(nn.Linear(16, 3) for _ in range(2))
        self.fused = nn.Linear(32, 3)

    def forward(self, image, text, present):
        embeddings = [encode(x) * here[:, None] for encode, x, here in zip(self.encoders, (image, text), present.T)]
        return [head(e) for head, e in zip(self.heads, embeddings)], embeddings, self.fused(torch.cat(embeddings, 1))


network = Network()
optimizer = torch.optim.Adam(network.parameters(), 3e-3)
sampler = CurriculumSampler(y, climd.PowerLaw(epochs=8), seed=7)
measurer = Measurer(y, present=present)  # never looks at what is missing
loader = DataLoader(data, batch_sampler=CurriculumBatchSampler(sampler, 16, merge_lone=True))
every_sample = DataLoader(data, 128)

for epoch in range(12):
    sampler.set_epoch(epoch)
    if sampler.wants_scores:
        sampler.update(measurer.run(network, every_sample, lambda network, batch: network(*batch[:3])[:2]))
    for image_batch, text_batch, here, labels in loader:
        logits, _, fused = network(image_batch, text_batch, here)
        heads = sum((F.cross_entropy(x, labels, reduction="none") * m).mean() for x, m in zip(logits, here.T))
        loss = F.cross_entropy(fused, labels) + 0.3 * heads
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch in (1, 7):
        scores = sampler.report()["classes"]
        print(f"epoch {epoch}:", {label: f"{line['quota']} of {line['count']}" for label, line in scores.items()})
print(f"last loss {loss.item():.2f}")
