"""What a user writes, under mypy --strict: nothing here is `Any` by accident."""

from typing import Dict, List, Tuple

import climd
import numpy as np
from numpy.typing import NDArray


class Half:
    """A schedule of one's own."""

    pick: climd.schedules.Pick = "redraw"

    def quota(self, epoch: int, counts: Dict[int, int], /) -> Dict[int, int]:
        return {label: (count + 1) // 2 for label, count in counts.items()}


def loop() -> None:
    encoded: climd.Encoded = climd.encode(["a", "b"])
    labels: NDArray[np.int64] = encoded.labels
    sampler: climd.Sampler = climd.Sampler(labels, climd.PowerLaw(epochs=4, pick="lowest"), seed=7)
    own: climd.Sampler = climd.Sampler(labels, Half())
    stages = climd.Switch(3, climd.Uniform(), climd.ClassBalanced())
    quotas: Dict[int, int] = own.quotas(1)
    indices: NDArray[np.uint32] = sampler.indices(1)
    part: climd.Epoch = sampler.epoch(1).skip(2).shard(0, 2, remainder="drop")
    scores: climd.Scores = climd.measure(labels, [np.zeros((2, 2))], terms="confidence")
    parts: List[NDArray[np.float32]] = scores.confidence
    sampler.update(1, scores.score)
    at: Tuple[int, int] = sampler.restore(sampler.state(1, done=2))
    targets: climd.Targets = climd.Targets.multi_label([[0, 1], []], 2).sites([0, 1], "balanced").groups([3, 3], cap=1)
    several: climd.Sampler = climd.Sampler(targets, climd.Uniform())
    counts: NDArray[np.int64] = several.label_counts(0)
    odds: NDArray[np.float32] = several.log_odds(0)
    rows: NDArray[np.uint8] = climd.split(targets, [4, 1])
    print(counts, odds, rows, several.steps(range(1, 3), 8, merge_lone=True))
    print(quotas, indices, len(part), parts, at, stages.at)
