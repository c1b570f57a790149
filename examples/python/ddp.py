"""Several processes: each measures its part, all train on the lists that one process would make.

torchrun --nproc-per-node 2 examples/python/ddp.py
"""

import gc

import climd
import torch
import torch.distributed as dist
import torch.nn.functional as F
from climd.torch import CurriculumSampler, Measurer
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Subset, TensorDataset


def main(device):
    torch.manual_seed(0)  # the same data on every rank
    y = torch.repeat_interleave(torch.arange(3), torch.tensor([200, 60, 20]))
    data = TensorDataset(torch.randn(len(y), 8) + F.one_hot(y, 8), y)

    model = DistributedDataParallel(torch.nn.Linear(8, 3).to(device))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    sampler = CurriculumSampler(y, climd.PowerLaw(epochs=6), seed=7)  # finds rank and world size by itself
    measurer = Measurer(y, terms="confidence", samples=sampler.part)
    loader = DataLoader(data, 16, sampler=sampler)
    my_part = DataLoader(Subset(data, sampler.part), 64)

    for epoch in range(9):
        sampler.set_epoch(epoch)
        if sampler.wants_scores:  # the same on every rank
            views = lambda model, batch: ([model(batch[0].to(device))], [])
            sampler.update(measurer.run(model.module, my_part, views))
        for x, labels in loader:
            loss = F.cross_entropy(model(x.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if dist.get_rank() == 0:
            print(f"epoch {epoch}: {len(sampler)} samples on each of {dist.get_world_size()} ranks, loss {loss.item():.2f}")


if __name__ == "__main__":
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", dist.get_rank() % torch.cuda.device_count())
        torch.cuda.set_device(device)
    main(device)  # a function, so that the model and its hold on the process group are gone by now,
    gc.collect()  # also where DDP refers to itself: else gloo's threads may outlive the group, and end the process
    dist.destroy_process_group()
