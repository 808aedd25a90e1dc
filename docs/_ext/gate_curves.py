"""A picture of each gate: what it lets through over a run of made-up predictions."""

import inspect
import math
import re
from pathlib import Path

import matplotlib

matplotlib.use('svg')

import matplotlib.pyplot as plt
import torch

from ktg_mm.models.gates import Gate
from ktg_mm.models.needs import SampleIds
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

STEPS, BATCH, CLASSES = 200, 256, 10
CAPTION = (
    'The pictures have the mean weight over a run of made-up predictions (10 classes), the same for all gates: the'
    ' source begins by guessing and becomes ever surer and ever more often right, which the dotted lines show: its mean'
    ' confidence and its accuracy. Arguments are the defaults or, where there is none, those of the example.'
)


def draw_all(folder: Path) -> None:
    """Draws the picture of every gate of ktg_mm that is not there, or older than the gate's file or this one.

    Args:
        folder: Where to.
    """
    for name, one in GATES.module_dict.items():
        path = folder / f'{name}.svg'
        changed = max(Path(inspect.getfile(part)).stat().st_mtime for part in (one, draw))
        if one.__module__.startswith('ktg_mm.') and not (path.exists() and path.stat().st_mtime > changed):
            draw(one, path)


def draw(one: type[Gate], path: Path) -> None:
    """Draws one gate.

    Args:
        one: The gate.
        path: The picture's file.
    """
    steps = [k / STEPS for k in range(1, STEPS + 1)]
    weights, confidences, accuracies = run(one, steps)
    figure, axes = plt.subplots(figsize=(5, 2.2), layout='constrained')
    axes.plot(steps, weights, label='weight')
    if not one.by_progress:
        axes.plot(steps, confidences, ':', color='gray', label='confidence')
        axes.plot(steps, accuracies, ':', color='tab:green', label='accuracy')
        axes.legend(frameon=False)
    axes.set(xlabel='progress of the run', ylabel='weight', ylim=(-0.05, 1.05), xlim=(0, 1))
    figure.savefig(path)
    plt.close(figure)


def run(one: type[Gate], steps: list[float]) -> tuple[list[float], list[float], list[float]]:
    """The mean weight at each step, and the source's mean confidence and accuracy."""
    torch.manual_seed(0)
    gate = gate_of(one).train()
    if hasattr(gate, 'set_num_classes'):
        gate.set_num_classes(CLASSES)
    ids = torch.arange(BATCH)
    labels = ids % CLASSES
    difficulty = torch.rand(BATCH) * 3
    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    for progress in steps:
        target, source, other_target, other_source, labeled = (
            NodeOutput(
                torch.randn(BATCH, CLASSES)
                + (9 * progress * strength - difficulty).clamp(min=0)[:, None] * torch.eye(CLASSES)[labels]
            )
            for strength in (0.7, 1.0, 0.7, 1.0, 1.0)
        )
        context = TransferContext(
            labels,
            progress,
            source_name='net2',
            target_name='net1',
            sample_ids=ids,
            labeled_source=labeled,
            labeled_labels=labels,
            other_target=other_target,
            other_source=other_source,
        )
        weight = torch.as_tensor(gate.weight(torch.ones(BATCH), target, source, context))
        values = weight.double().mean(), source.confidence.mean(), (source.predicted == labels).double().mean()
        for column, value in zip(found, values, strict=True):
            column.append(float(value))
    return found


def gate_of(one: type[Gate]) -> Gate:
    """A gate with its defaults, and what has none as its docstring's example has it."""
    found = re.search(rf'\b{one.__name__}(\([^()]*\))', inspect.getdoc(one).partition('Example')[2])
    signature = inspect.signature(one)
    example = eval(f'bind{found[1]}', dict(bind=signature.bind, math=math)).arguments if found else {}
    needed = {name for name, one in signature.parameters.items() if one.default is one.empty}
    arguments = {name: value for name, value in example.items() if name in needed}
    arguments |= {need.argument: BATCH for need in one.needs if isinstance(need, SampleIds)}
    return one(**arguments)
