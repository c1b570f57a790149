"""Curriculum sampling for imbalanced multimodal diagnosis: labels and scores in, index lists out.

The engine is the Rust crate of the same name: same labels, configuration, scores and seed give the same lists, on every
machine and number of threads, in Python and in Rust.

    >>> import climd
    >>> sampler = climd.Sampler([0, 0, 0, 0, 0, 0, 1, 1, 1, 2], climd.PowerLaw(epochs=4), seed=7)
    >>> sampler.quotas(1)
    {0: 2, 1: 2, 2: 1}
    >>> sampler.indices(1)
    array([9, 6, 7, 3, 2], dtype=uint32)

`climd.torch` has samplers for a DataLoader, a measurer and losses; `climd.lightning` a callback; `climd.transformers`
what Hugging Face's Trainer needs. Importing `climd` needs NumPy alone.
"""

from ._climd import (
    CommunicationError,
    Epoch,
    Error,
    StateError,
    __version__,
    get_num_threads,
    rank_and_world_size,
    set_num_threads,
)
from ._labels import Encoded, encode
from ._measure import Scores, measure
from ._sampler import Communicator, Sampler
from ._targets import Targets, split
from ._warning import CurriculumWarning
from .schedules import (
    BabyStep,
    ClassBalanced,
    Geometric,
    HardMajority,
    Linear,
    OnePass,
    PowerLaw,
    ProgressivelyBalanced,
    Root,
    Schedule,
    Switch,
    Trim,
    UnderSampling,
    Uniform,
)

__all__ = [
    "BabyStep",
    "ClassBalanced",
    "CommunicationError",
    "Communicator",
    "CurriculumWarning",
    "Encoded",
    "Epoch",
    "Error",
    "Geometric",
    "HardMajority",
    "Linear",
    "OnePass",
    "PowerLaw",
    "ProgressivelyBalanced",
    "Root",
    "Sampler",
    "Schedule",
    "Scores",
    "StateError",
    "Switch",
    "Targets",
    "Trim",
    "UnderSampling",
    "Uniform",
    "__version__",
    "encode",
    "get_num_threads",
    "measure",
    "rank_and_world_size",
    "set_num_threads",
    "split",
]
