"""The examples run, are short, and print what they say."""

import pytest
from conftest import ROOT, run_python
from test_ranks import torchrun

EXAMPLES = ROOT / "examples" / "python"


def test_examples_are_short():
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) < 60, path


@pytest.mark.parametrize("name, text", [
    ("plain_loop", "epoch 9: 470 samples, {0: 300, 1: 100, 2: 50, 3: 20}"),
    ("multimodal", "epoch 7: {0: '200 of 200', 1: '60 of 60', 2: '20 of 20'}"),
    ("observe", "epoch 4: 175 samples have a new score for the next, the oldest is of epoch 1"),
    ("several_labels", "epoch 5"),
    ("lightning_loop", "samples of each epoch: [47, 94, 140, 187, 234, 280, 280, 280, 280]"),
])
def test_an_example_runs(name, text):
    assert text in run_python(EXAMPLES / f"{name}.py")


def test_the_example_of_several_processes_runs():
    status, output = torchrun(EXAMPLES / "ddp.py", ranks=2)
    assert status == 0 and "epoch 8: 140 samples on each of 2 ranks" in output, output[-3000:]


@pytest.mark.parametrize("arm", ["plain", "prior", "trim_prior", "hard_majority_prior", "climd", "climd_prior"])
def test_the_code_that_climd_repro_answers_with_trains(arm):
    torch = pytest.importorskip("torch")
    import climd
    import climd.torch
    from torch.utils.data import DataLoader, TensorDataset

    class Net(torch.nn.Linear):
        def views(self, x):
            return [self(x), self(x)], [x, x]

    net = Net(4, 2)
    labels = torch.tensor([0] * 30 + [1] * 10)
    data = TensorDataset(torch.randn(40, 4), labels)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    losses = []

    def step(loss):
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    names = dict(vars(climd.torch), climd=climd, F=torch.nn.functional, DataLoader=DataLoader, data=data, labels=labels,
                 every_sample=DataLoader(data, 64), net=net, step=step, epochs=10, num_classes=2)
    for part in (arm, "loop"):
        exec((ROOT / f"harness/tables/src/answer/steps/{part}.py").read_text(), names)
    assert len(losses) == 10 * 2 and all(loss == loss for loss in losses)  # as many steps as plain training
