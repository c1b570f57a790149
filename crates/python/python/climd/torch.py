"""climd in a PyTorch loop: samplers for a DataLoader, a measurer on tensors, losses that correct for the prior.

    sampler = CurriculumSampler(labels, climd.PowerLaw(epochs=30), seed=7)
    loader = DataLoader(data, 32, sampler=sampler, num_workers=4)
    for epoch in range(45):
        sampler.set_epoch(epoch)
        if sampler.wants_scores:
            sampler.update(measurer.run(model, every_sample, views))
        for x, y in loader:
            ...
"""

from ._torch_communicator import TorchCommunicator
from ._torch_losses import prior_corrected_binary_cross_entropy, prior_corrected_cross_entropy
from ._torch_measurer import Measurer
from ._torch_sampler import CurriculumBatchSampler, CurriculumSampler, load_state_dict, sampler_of, state_dict

__all__ = [
    "CurriculumBatchSampler",
    "CurriculumSampler",
    "Measurer",
    "TorchCommunicator",
    "load_state_dict",
    "prior_corrected_binary_cross_entropy",
    "prior_corrected_cross_entropy",
    "sampler_of",
    "state_dict",
]
